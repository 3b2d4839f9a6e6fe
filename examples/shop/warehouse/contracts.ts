import { defineBoundary, keep } from '../../../core/contract.ts';
import geography from '../geography/contracts.ts';

export default defineBoundary(import.meta.url, {
  name: 'warehouse',
  caches: {
    // Enough to route a parcel; names and languages stay with their owner.
    Country: keep(geography.owns.Country, {
      fields: ['alpha3', 'region', 'borders', 'landlocked'],
      indexes: { region: 'region' },
    }),
  },
});
