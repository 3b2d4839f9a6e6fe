import { defineBoundary, keep } from '../../../core/contract.ts';
import { fact } from '../../../core/fact.ts';
import catalog from '../catalog/contracts.ts';
import customers from '../customers/contracts.ts';
import ordering from './contracts.ts';

/** Ordering in the whole shop: what it answers everything from, and what it tells others. */
export default defineBoundary(import.meta.url, {
  name: ordering.name,
  caches: {
    ...ordering.caches,
    // A product that can't be read is set aside alone; the shop goes on selling the version that it has.
    Product: keep(catalog.owns.Product, { indexes: { category: 'category' }, onPoison: 'park' }),
    Customer: keep(customers.owns.Customer),
  },
  publishes: {
    /** Ids only: what was ordered stays here, how it is paid stays with payment. */
    OrderPlaced: fact({ ids: ['orderId', 'shoppingCartId'], about: 'orderId' }),
    OrderCancelled: fact({ ids: ['orderId'], about: 'orderId' }),
  },
});
