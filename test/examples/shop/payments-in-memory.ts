import type { GivenForCart, Payment, Payments } from '../../../examples/shop/payment/payments.ts';

/** Payment's tables in memory, with their contents. */
export interface PaymentsInMemory extends Payments {
  /** What customers sent, by cart. */
  readonly given: Map<string, GivenForCart>;
  /** The committed facts, each as type and order id: `OrderBilled/o1`. */
  readonly facts: string[];
}

const UNKNOWN: Payment = { begun: false, cancelled: false, charge: undefined, refund: undefined };
const NOTHING: GivenForCart = { details: undefined, agreement: undefined };

/** Opens payment's tables in memory. */
export function paymentsInMemory(): PaymentsInMemory {
  const known = new Map<string, Payment>();
  const given = new Map<string, GivenForCart>();
  const facts: string[] = [];
  const of = (orderId: string): Payment => known.get(orderId) ?? UNKNOWN;
  return {
    given,
    facts,
    givenFor: async (shoppingCartId) => given.get(shoppingCartId) ?? NOTHING,
    async removeDetails(shoppingCartId) {
      given.delete(shoppingCartId);
    },
    async begin(orderId) {
      const before = of(orderId);
      known.set(orderId, { ...before, begun: true });
      return before;
    },
    async cancel(orderId) {
      known.set(orderId, { ...of(orderId), cancelled: true });
      return of(orderId);
    },
    payment: async (orderId) => of(orderId),
    async settle(orderId, charge) {
      if (of(orderId).charge !== undefined) return;
      known.set(orderId, { ...of(orderId), charge });
      facts.push(`${charge.outcome === 'billed' ? 'OrderBilled' : 'PaymentDeclined'}/${orderId}`);
    },
    async settleRefund(orderId, _charge, refund) {
      if (of(orderId).refund !== undefined) return;
      known.set(orderId, { ...of(orderId), refund });
      facts.push(`PaymentRefunded/${orderId}`);
    },
  };
}
