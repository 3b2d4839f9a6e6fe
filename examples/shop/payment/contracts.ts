import { defineBoundary, fact } from 'freshet-aws';

/** Payment owns and caches no reference data. It receives cards and addresses by HTTP, and publishes ids only. */
export default defineBoundary(import.meta.url, {
  name: 'payment',
  publishes: {
    OrderBilled: fact({ ids: ['orderId', 'paymentId'], about: 'orderId' }),
    PaymentDeclined: fact({ ids: ['orderId', 'paymentId'], about: 'orderId' }),
    /** Follows OrderBilled if the order is cancelled. */
    PaymentRefunded: fact({ ids: ['orderId', 'paymentId'], about: 'orderId' }),
  },
});
