import { defineBoundary } from '../../../core/contract.ts';
import { fact } from '../../../core/facts/fact.ts';

/** Owns nothing that others look up, and caches nothing: cards and addresses come in by HTTP, and only ids go out. */
export default defineBoundary(import.meta.url, {
  name: 'payment',
  publishes: {
    OrderBilled: fact({ ids: ['orderId', 'paymentId'], about: 'orderId' }),
    PaymentDeclined: fact({ ids: ['orderId', 'paymentId'], about: 'orderId' }),
    /** After OrderBilled, where the order was cancelled. */
    PaymentRefunded: fact({ ids: ['orderId', 'paymentId'], about: 'orderId' }),
  },
});
