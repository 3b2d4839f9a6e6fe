import { defineBoundary, keep } from 'freshet-aws';
import geography from '../geography/contracts.ts';

export default defineBoundary(import.meta.url, {
  name: 'warehouse',
  caches: {
    // These fields are enough to route a parcel. The cache leaves out names and languages.
    Country: keep(geography.owns.Country, {
      fields: ['alpha3', 'region', 'borders', 'landlocked'],
      indexes: { region: 'region' },
    }),
  },
});
