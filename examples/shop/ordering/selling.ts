import { defineBoundary, keep } from '../../../core/contract.ts';
import { fact } from '../../../core/facts/fact.ts';
import catalog from '../catalog/contracts.ts';
import customers from '../customers/contracts.ts';
import geography from '../geography/contracts.ts';
import ordering from './contracts.ts';

/** Ordering in the whole shop: what it answers everything from, and what it tells others. */
export default defineBoundary(import.meta.url, {
  name: ordering.name,
  caches: {
    ...ordering.caches,
    // A product that can't be read is set aside alone; the shop goes on selling the version that it has.
    Product: keep(catalog.owns.Product, { indexes: { category: 'category' }, onPoison: 'park' }),
    // A customer's versions are acted on one by one: what follows a change that can't be read is held until somebody has looked.
    Customer: keep(customers.owns.Customer, { onPoison: 'stop' }),
    // Its next release has every currency anew: nobody would look at one that can't be read.
    Currency: keep(geography.owns.Currency, { onPoison: 'discard' }),
  },
  publishes: {
    /** Ids only: what was ordered stays here, how it is paid stays with payment. */
    OrderPlaced: fact({ ids: ['orderId', 'shoppingCartId'], about: 'orderId' }),
    OrderCancelled: fact({ ids: ['orderId'], about: 'orderId' }),
  },
});
