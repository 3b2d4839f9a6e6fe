import { defineBoundary, keep } from 'freshet-aws';
import geography from '../geography/contracts.ts';

export default defineBoundary(import.meta.url, {
  name: 'support',
  caches: {
    // Whoever answers a customer needs to know what is spoken where, and which currency is paid with.
    Country: keep(geography.owns.Country, { fields: ['name', 'languages', 'currencies'] }),
    Currency: keep(geography.owns.Currency),
  },
});
