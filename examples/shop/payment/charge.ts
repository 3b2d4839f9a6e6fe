import { type Charge, type ChargeRequest, type Gateway, GatewayTimeout } from './gateway.ts';

/** What a customer gave for a shopping cart. It never leaves this boundary. */
export interface PaymentDetails extends Omit<ChargeRequest, 'idempotencyKey'> {
  readonly billingAddress: string;
}

/** Details and payments, in payment's own table. */
export interface Payments {
  details(shoppingCartId: string): Promise<PaymentDetails | undefined>;
  /** Notes that an order is about to be charged; `known` where it was noted before, so it may be charged already. */
  begin(orderId: string): Promise<'begun' | 'known'>;
  /** Keeps the outcome and commits the fact of it, together; nothing where an outcome is kept already. */
  settle(orderId: string, charge: Charge): Promise<void>;
  outcome(orderId: string): Promise<Charge | undefined>;
}

/** Charges that are tried before the fact goes back to its queue. */
const ATTEMPTS = 3;

/**
 * Charges an order at most once, however often it is told of it, and whatever the gateway does: what was begun before, or timed out, is looked up
 * before it is charged again.
 *
 * @throws GatewayTimeout when the gateway answers nothing for good; the fact comes again
 */
export async function chargeOrder(
  { payments, gateway }: { readonly payments: Payments; readonly gateway: Gateway },
  { orderId, shoppingCartId }: { readonly orderId: string; readonly shoppingCartId: string },
): Promise<void> {
  if ((await payments.outcome(orderId)) !== undefined) return;
  const details = await payments.details(shoppingCartId);
  if (details === undefined) {
    // They are stored before an order can be placed: these never come.
    return payments.settle(orderId, { paymentId: `none-${orderId}`, outcome: 'declined' });
  }
  const { billingAddress: _, ...charged } = details;
  const begun = await payments.begin(orderId);
  const charge = await chargeOnce(gateway, { idempotencyKey: orderId, ...charged }, begun === 'known');
  await payments.settle(orderId, charge);
}

/** @param mayBeCharged whether to look before the first attempt, too */
async function chargeOnce(gateway: Gateway, request: ChargeRequest, mayBeCharged: boolean): Promise<Charge> {
  let timeout: GatewayTimeout | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const known = mayBeCharged || timeout ? await gateway.find(request.idempotencyKey) : undefined;
    if (known !== undefined) return known;
    try {
      return await gateway.charge(request);
    } catch (error) {
      if (!(error instanceof GatewayTimeout)) throw error;
      timeout = error;
    }
  }
  const known = await gateway.find(request.idempotencyKey);
  if (known !== undefined) return known;
  throw timeout ?? new GatewayTimeout('never tried');
}
