import { defineBoundary, fact, keep } from 'freshet-aws';
import geography from './geography.ts';

export default defineBoundary(import.meta.url, {
  name: 'ordering',
  caches: { Country: keep(geography.owns.Country, { indexes: { region: 'region' } }) },
  publishes: { OrderPlaced: fact({ ids: ['orderId'], about: 'orderId' }) },
});
