import { defineBoundary, keep } from 'freshet-aws';
import geography from '../geography/contracts.ts';

export default defineBoundary(import.meta.url, {
  name: 'ordering',
  caches: {
    Country: keep(geography.owns.Country, { indexes: { region: 'region' } }),
    Currency: keep(geography.owns.Currency),
  },
});
