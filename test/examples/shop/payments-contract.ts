import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { GivenForCart, Payments } from '../../../examples/shop/payment/payments.ts';

/** Payment's tables, opened for a test. */
export interface OpenedPayments {
  readonly payments: Payments;
  /** Stores what a customer sent for a cart. */
  give(shoppingCartId: string, given: GivenForCart): Promise<void>;
  /** Returns the committed facts, each as type and order id: `OrderBilled/o1`. */
  facts(): Promise<readonly string[]>;
}

/** The tests that every implementation of payment's tables must pass. */
export function paymentsContract(name: string, open: () => OpenedPayments): void {
  describe(`payment's tables ${name}`, () => {
    const billed = { paymentId: 'p1', outcome: 'billed' } as const;
    const refund = { refundId: 'r1' };
    const NOTHING = { begun: false, cancelled: false, charge: undefined, refund: undefined };
    const ofOrder = async ({ facts }: OpenedPayments, orderId: string) =>
      (await facts()).filter((fact) => fact.endsWith(`/${orderId}`)).sort();

    test(`payment's tables ${name} return what was known before a charge began, also when asked again`, async () => {
      const { payments } = open();
      const orderId = randomUUID();
      expect(await payments.payment(orderId)).toEqual(NOTHING);
      expect(await payments.begin(orderId)).toEqual(NOTHING);
      expect(await payments.begin(orderId)).toEqual({ ...NOTHING, begun: true });
      expect(await payments.payment(orderId)).toEqual({ ...NOTHING, begun: true });
    });

    test(`payment's tables ${name} return what is known at a cancellation, before or after a charge`, async () => {
      const { payments } = open();
      const [early, late] = [randomUUID(), randomUUID()];
      expect(await payments.cancel(early)).toEqual({ ...NOTHING, cancelled: true });
      expect(await payments.begin(early)).toEqual({ ...NOTHING, cancelled: true });
      await payments.begin(late);
      await payments.settle(late, billed);
      expect(await payments.cancel(late)).toEqual({ ...NOTHING, begun: true, cancelled: true, charge: billed });
    });

    test(`payment's tables ${name} store the first charge and refund, and commit one fact about each`, async () => {
      const opened = open();
      const { payments } = opened;
      const orderId = randomUUID();
      await Promise.all([payments.settle(orderId, billed), payments.settle(orderId, billed)]);
      await payments.settle(orderId, { paymentId: 'p2', outcome: 'declined' });
      for (const _ of [1, 2]) await payments.settleRefund(orderId, billed, refund);
      expect(await payments.payment(orderId)).toEqual({ ...NOTHING, charge: billed, refund });
      expect(await ofOrder(opened, orderId)).toEqual([`OrderBilled/${orderId}`, `PaymentRefunded/${orderId}`]);
    });

    test(`payment's tables ${name} commit the fact that a payment was declined`, async () => {
      const opened = open();
      const orderId = randomUUID();
      await opened.payments.settle(orderId, { paymentId: 'p2', outcome: 'declined' });
      expect(await ofOrder(opened, orderId)).toEqual([`PaymentDeclined/${orderId}`]);
    });

    test(`payment's tables ${name} return what a customer sent for a cart, until it is removed`, async () => {
      const { payments, give } = open();
      const cart = randomUUID();
      const given: GivenForCart = {
        details: { card: { number: '4242424242424242', holder: 'K', expires: '2030-01' }, billingAddress: 'x' },
        agreement: { amount: 100, currency: 'EUR', key: randomUUID() },
      };
      expect(await payments.givenFor(cart)).toEqual({ details: undefined, agreement: undefined });
      await give(cart, given);
      expect(await payments.givenFor(cart)).toEqual(given);
      for (const _ of [1, 2]) await payments.removeDetails(cart);
      expect(await payments.givenFor(cart)).toEqual({ details: undefined, agreement: undefined });
    });
  });
}
