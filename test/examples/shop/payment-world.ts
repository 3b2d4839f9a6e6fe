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
  /** Tells of the order, or that it is cancelled, once. */
  tell(fact: 'placed' | 'cancelled'): Promise<void>;
  /** Changes what the customer gave; it is lost where nothing is left of it. */
  change(changed: (given: GivenForCart) => GivenForCart): void;
  /** How often tables and gateway were called. */
  calls(): number;
  /** What the gateway's books and payment's own tables have, and which facts were published. */
  end(): { charges: number; refunds: number; facts: readonly string[]; keptCard: boolean; refusals: readonly string[] };
}

/** Calls of tables and gateway that an order and its cancellation take at most, each told twice. */
export const CALLS = 24;

/** The call of tables or gateway at which the function dies, from 1; `after` it was carried out, or before. */
export interface Crash {
  readonly at: number;
  readonly after: boolean;
}

/** @param cardNumber one of `TEST_CARDS`. @param crash default none */
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
  const dying = <Args extends unknown[], T>(call: (...args: Args) => Promise<T>) => {
    return async (...args: Args): Promise<T> => {
      calls += 1;
      const dies = calls === crash?.at;
      if (dies && !crash?.after) throw new Error('died before');
      const result = await call(...args);
      if (dies) throw new Error('died after');
      return result;
    };
  };
  const payments: Payments = {
    ...{ givenFor: dying(tables.givenFor), forget: dying(tables.forget), begin: dying(tables.begin) },
    ...{ cancel: dying(tables.cancel), payment: dying(tables.payment) },
    ...{ settle: dying(tables.settle), settleRefund: dying(tables.settleRefund) },
  };
  const { books, book } = gatewayBooks();
  const fake = createFakeGateway(books, (_, charge) => chargeAnswered(ports, order.orderId, charge));
  const gateway: Gateway = {
    ...{ charge: dying(fake.charge), findCharge: dying(fake.findCharge) },
    ...{ refund: dying(fake.refund), findRefund: dying(fake.findRefund) },
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
