import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { GivenForCart, Payments } from '../../../examples/shop/payment/payments.ts';

/** Payment's tables, opened for a test. */
export interface OpenedPayments {
  readonly payments: Payments;
  give(shoppingCartId: string, given: GivenForCart): Promise<void>;
  /** `OrderBilled/o1`, of each fact that was committed. */
  facts(): Promise<readonly string[]>;
}

/** What charging relies on, whatever the tables are. */
export function paymentsContract(name: string, open: () => OpenedPayments): void {
  describe(`payment's tables: ${name}`, () => {
    const billed = { paymentId: 'p1', outcome: 'billed' } as const;
    const refund = { refundId: 'r1' };
    const NOTHING = { begun: false, cancelled: false, charge: undefined, refund: undefined };
    const ofOrder = async ({ facts }: OpenedPayments, orderId: string) =>
      (await facts()).filter((fact) => fact.endsWith(`/${orderId}`)).sort();

    test('tell what was known before charging began, and go on telling', async () => {
      const { payments } = open();
      const orderId = randomUUID();
      expect(await payments.payment(orderId)).toEqual(NOTHING);
      expect(await payments.begin(orderId)).toEqual(NOTHING);
      expect(await payments.begin(orderId)).toEqual({ ...NOTHING, begun: true });
      expect(await payments.payment(orderId)).toEqual({ ...NOTHING, begun: true });
    });

    test('tell what is known once an order is cancelled, whatever came first', async () => {
      const { payments } = open();
      const [early, late] = [randomUUID(), randomUUID()];
      expect(await payments.cancel(early)).toEqual({ ...NOTHING, cancelled: true });
      expect(await payments.begin(early)).toEqual({ ...NOTHING, cancelled: true });
      await payments.begin(late);
      await payments.settle(late, billed);
      expect(await payments.cancel(late)).toEqual({ ...NOTHING, begun: true, cancelled: true, charge: billed });
    });

    test('keep the first charge and the first refund, and commit a fact of each once', async () => {
      const opened = open();
      const { payments } = opened;
      const orderId = randomUUID();
      await Promise.all([payments.settle(orderId, billed), payments.settle(orderId, billed)]);
      await payments.settle(orderId, { paymentId: 'p2', outcome: 'declined' });
      for (const _ of [1, 2]) await payments.settleRefund(orderId, billed, refund);
      expect(await payments.payment(orderId)).toEqual({ ...NOTHING, charge: billed, refund });
      expect(await ofOrder(opened, orderId)).toEqual([`OrderBilled/${orderId}`, `PaymentRefunded/${orderId}`]);
    });

    test('commit that it was declined', async () => {
      const opened = open();
      const orderId = randomUUID();
      await opened.payments.settle(orderId, { paymentId: 'p2', outcome: 'declined' });
      expect(await ofOrder(opened, orderId)).toEqual([`PaymentDeclined/${orderId}`]);
    });

    test('give what the customer gave for a cart, until it is forgotten', async () => {
      const { payments, give } = open();
      const cart = randomUUID();
      const given: GivenForCart = {
        details: { card: { number: '4242424242424242', holder: 'K', expires: '2030-01' }, billingAddress: 'x' },
        agreement: { amount: 100, currency: 'EUR', key: randomUUID() },
      };
      expect(await payments.givenFor(cart)).toEqual({ details: undefined, agreement: undefined });
      await give(cart, given);
      expect(await payments.givenFor(cart)).toEqual(given);
      for (const _ of [1, 2]) await payments.forget(cart);
      expect(await payments.givenFor(cart)).toEqual({ details: undefined, agreement: undefined });
    });
  });
}
