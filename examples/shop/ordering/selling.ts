import { defineBoundary, fact, keep } from 'freshet-aws';
import catalog from '../catalog/contracts.ts';
import customers from '../customers/contracts.ts';
import geography from '../geography/contracts.ts';
import ordering from './contracts.ts';

/** Ordering in the whole shop: the types that it caches, and the facts that it publishes. */
export default defineBoundary(import.meta.url, {
  name: ordering.name,
  caches: {
    ...ordering.caches,
    // Park an event of a product that can't be read. The shop sells the cached version until the next one.
    Product: keep(catalog.owns.Product, { indexes: { category: 'category' }, onPoison: 'park' }),
    // Every version of a customer matters. After a change that can't be read, hold the next ones until an operator
    // looks.
    Customer: keep(customers.owns.Customer, { onPoison: 'stop' }),
    // Discard a currency that can't be read. The next release contains all currencies again.
    Currency: keep(geography.owns.Currency, { onPoison: 'discard' }),
  },
  publishes: {
    /** Contains ids only. The ordered products stay in ordering, the payment data in payment. */
    OrderPlaced: fact({ ids: ['orderId', 'shoppingCartId'], about: 'orderId' }),
    OrderCancelled: fact({ ids: ['orderId'], about: 'orderId' }),
  },
});
