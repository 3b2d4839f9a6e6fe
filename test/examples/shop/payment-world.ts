import { randomUUID } from 'node:crypto';
import { type Agreement, orderIdOf } from '../../../examples/shop/ordering/agreement.ts';
import { cancelOrder, chargeOrder, type PaymentPorts } from '../../../examples/shop/payment/charge.ts';
import { createFakeGateway, type GatewayBooks } from '../../../examples/shop/payment/fake-gateway.ts';
import type { CartDetails, Payment, Payments } from '../../../examples/shop/payment/payments.ts';

/** Payment, its tables and its gateway over maps, for one order. */
export interface PaymentWorld {
  readonly ports: PaymentPorts;
  readonly order: { readonly orderId: string; readonly shoppingCartId: string };
  /** Tells of the order, or that it is cancelled, once. */
  tell(fact: 'placed' | 'cancelled'): Promise<void>;
  /** How often payment's tables were called. */
  calls(): number;
  /** What the gateway's books and payment's own tables have, and which facts were published. */
  end(): { charges: number; refunds: number; facts: readonly string[]; keptCard: boolean; refusals: readonly string[] };
}

/** Calls of payment's tables that an order and its cancellation take at most, each told twice. */
export const CALLS = 14;

/** What differs from a world in which all goes well. */
export interface Adversity {
  /** The call of payment's tables at which the function dies, from 1; `after` the call was carried out, or before. */
  readonly crash?: { readonly at: number; readonly after: boolean };
  /** What the customer gave. Default all, as it was quoted. */
  readonly given?: (given: CartDetails) => CartDetails;
}

export function paymentWorld(cardNumber: string, { crash, given = (all) => all }: Adversity = {}): PaymentWorld {
  const agreement: Agreement = { amount: 2_900, currency: 'EUR', key: randomUUID() };
  const shoppingCartId = randomUUID();
  const order = { orderId: orderIdOf(shoppingCartId, agreement), shoppingCartId };
  const card = { number: cardNumber, holder: 'Konrad', expires: '2030-01' };
  const facts: string[] = [];
  const refusals: string[] = [];
  let cart = given({ details: { card, billingAddress: 'Hauptstraße 1' }, agreement });
  let payment: Payment = { begun: false, cancelled: false, charge: undefined, refund: undefined };

  const tables: Payments = {
    cart: async () => cart,
    async forget() {
      cart = { details: undefined, agreement: undefined };
    },
    async begin() {
      const before = payment;
      if (!payment.cancelled || payment.begun) payment = { ...payment, begun: true };
      return before;
    },
    async cancel() {
      payment = { ...payment, cancelled: true };
      return payment;
    },
    payment: async () => payment,
    async settle(_, charge) {
      if (payment.charge !== undefined) return;
      payment = { ...payment, charge };
      facts.push(charge.outcome);
    },
    async settleRefund(_order, _charge, refund) {
      if (payment.refund !== undefined) return;
      payment = { ...payment, refund };
      facts.push('refunded');
    },
  };
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
    ...{ cart: dying(tables.cart), forget: dying(tables.forget), begin: dying(tables.begin) },
    ...{ cancel: dying(tables.cancel), payment: dying(tables.payment) },
    ...{ settle: dying(tables.settle), settleRefund: dying(tables.settleRefund) },
  };
  const { books, book } = gatewayBooks();
  const gateway = createFakeGateway(books, (_, charge) => payments.settle(order.orderId, charge));
  const ports = { payments, gateway, onRefused: (_: string, reason: string) => void refusals.push(reason) };
  return {
    ports,
    order,
    tell: (fact) => (fact === 'placed' ? chargeOrder(ports, order) : cancelOrder(ports, order)),
    calls: () => calls,
    end: () => ({ ...book(), facts, refusals, keptCard: cart.details !== undefined }),
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
