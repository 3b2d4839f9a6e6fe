import { randomUUID } from 'node:crypto';
import { type Agreement, orderIdOf } from '../../../examples/shop/ordering/agreement.ts';
import { cancelOrder, chargeAnswered, chargeOrder, type PaymentPorts } from '../../../examples/shop/payment/charge.ts';
import { createFakeGateway, type GatewayBooks } from '../../../examples/shop/payment/fake-gateway.ts';
import type { Gateway } from '../../../examples/shop/payment/gateway.ts';
import type { GivenForCart, Payments } from '../../../examples/shop/payment/payments.ts';
import { paymentsInMemory } from './payments-in-memory.ts';

/** Payment and its gateway in memory, for one order. */
export interface PaymentWorld {
  readonly ports: PaymentPorts;
  readonly order: { readonly orderId: string; readonly shoppingCartId: string };
  /** Delivers the fact that the order is placed or cancelled, once. */
  tell(fact: 'placed' | 'cancelled'): Promise<void>;
  /** Changes what the customer sent. Does nothing if it is already removed. */
  change(changed: (given: GivenForCart) => GivenForCart): void;
  /** Returns how often tables and gateway were called. */
  calls(): number;
  /** Returns the contents of the gateway's books and of payment's own tables, and the published facts. */
  end(): { charges: number; refunds: number; facts: readonly string[]; keptCard: boolean; refusals: readonly string[] };
}

/** The most calls of tables and gateway for an order and its cancellation, each delivered twice. */
export const CALLS = 24;

/**
 * A crash of the function at one call of tables or gateway, counted from 1, before or `after` the call has its effect.
 */
export interface Crash {
  readonly at: number;
  readonly after: boolean;
}

/**
 * Creates payment and its gateway for one order.
 *
 * @param cardNumber one of `TEST_CARDS`
 * @param crash default none
 */
export function paymentWorld(cardNumber: string, crash?: Crash): PaymentWorld {
  const agreement: Agreement = { amount: 2_900, currency: 'EUR', key: randomUUID() };
  const shoppingCartId = randomUUID();
  const order = { orderId: orderIdOf(shoppingCartId, agreement), shoppingCartId };
  const card = { number: cardNumber, holder: 'Konrad', expires: '2030-01' };
  const tables = paymentsInMemory();
  const { given } = tables;
  given.set(shoppingCartId, { details: { card, billingAddress: 'Hauptstraße 1' }, agreement });
  const refusals: string[] = [];

  let calls = 0;
  const crashing = <Args extends unknown[], T>(call: (...args: Args) => Promise<T>) => {
    return async (...args: Args): Promise<T> => {
      calls += 1;
      const crashes = calls === crash?.at;
      if (crashes && !crash?.after) throw new Error('crashed before the call');
      const result = await call(...args);
      if (crashes) throw new Error('crashed after the call');
      return result;
    };
  };
  const payments: Payments = {
    givenFor: crashing(tables.givenFor),
    removeDetails: crashing(tables.removeDetails),
    begin: crashing(tables.begin),
    cancel: crashing(tables.cancel),
    payment: crashing(tables.payment),
    settle: crashing(tables.settle),
    settleRefund: crashing(tables.settleRefund),
  };
  const { books, book } = gatewayBooks();
  const fake = createFakeGateway(books, (_, charge) => chargeAnswered(ports, order.orderId, charge));
  const gateway: Gateway = {
    charge: crashing(fake.charge),
    findCharge: crashing(fake.findCharge),
    refund: crashing(fake.refund),
    findRefund: crashing(fake.findRefund),
  };
  const ports: PaymentPorts = { payments, gateway, onRefused: (_, reason) => void refusals.push(reason) };
  return {
    ports,
    order,
    tell: (fact) => (fact === 'placed' ? chargeOrder(ports, order) : cancelOrder(ports, order)),
    change(changed) {
      const now = given.get(shoppingCartId);
      if (now !== undefined) given.set(shoppingCartId, changed(now));
    },
    calls: () => calls,
    end: () => ({
      ...book(),
      facts: tables.facts.map((fact) => fact.split('/')[0] ?? ''),
      refusals,
      keptCard: given.has(shoppingCartId),
    }),
  };
}

function gatewayBooks() {
  const attempts = { charge: 0, refund: 0 };
  let found: Awaited<ReturnType<GatewayBooks['find']>> = { refunds: 0 };
  let charges = 0;
  const books: GatewayBooks = {
    async attempt(kind) {
      attempts[kind] += 1;
      return attempts[kind];
    },
    async bookCharge(_, booked) {
      charges += booked.charge.outcome === 'billed' ? 1 : 0;
      found = { ...found, booked };
    },
    async bookRefund() {
      found = { ...found, refunds: found.refunds + 1 };
    },
    find: async () => found,
  };
  return { books, book: () => ({ charges, refunds: found.refunds }) };
}
