import { orderIdOf } from '../ordering/agreement.ts';
import { atMostOnce } from './at-most-once.ts';
import type { Charge, ChargeRequest, Gateway } from './gateway.ts';
import type { CartDetails, Payments } from './payments.ts';

/** What payment works on. */
export interface PaymentPorts {
  readonly payments: Payments;
  readonly gateway: Gateway;
  /** Told of an order that is declined without asking the gateway. */
  readonly onRefused: (orderId: string, reason: RefusalReason) => void;
}

/** Why the gateway isn't asked. `other-total`: the customer agreed to another total than the one that ordering quoted. */
export type RefusalReason = 'no-details' | 'no-agreement' | 'other-total';

/**
 * Charges an order at most once, however often it is told of it, and whatever the gateway does; not at all once it is cancelled, and if that
 * comes later, the money goes back.
 *
 * @throws GatewayTimeout when the gateway answers nothing for good; the fact comes again
 */
export async function chargeOrder(
  ports: PaymentPorts,
  { orderId, shoppingCartId }: { readonly orderId: string; readonly shoppingCartId: string },
): Promise<void> {
  const { payments, gateway, onRefused } = ports;
  const { charge, cancelled, begun } = await payments.begin(orderId);
  if (charge === undefined && cancelled && begun) await settleFound(ports, orderId);
  if (charge === undefined && !cancelled) {
    const request = chargeRequest(orderId, shoppingCartId, await payments.cart(shoppingCartId));
    if (typeof request === 'string') onRefused(orderId, request);
    await payments.settle(
      orderId,
      typeof request === 'string'
        ? { paymentId: `none-${orderId}`, outcome: 'declined' }
        : await atMostOnce(
            () => gateway.charge(request),
            () => gateway.findCharge(orderId),
            begun,
          ),
    );
  }
  await refundIfCancelled(ports, orderId);
  await payments.forget(shoppingCartId);
}

/** Gives back what an order that is cancelled was charged; where it wasn't, it never is. Errors as for `chargeOrder`. */
export async function cancelOrder(ports: PaymentPorts, { orderId }: { readonly orderId: string }): Promise<void> {
  await ports.payments.cancel(orderId);
  await refundIfCancelled(ports, orderId);
}

/** A charge that was begun when the function died, and whose order was cancelled then: what was done is kept, and nothing done any more. */
async function settleFound({ payments, gateway }: PaymentPorts, orderId: string): Promise<void> {
  const found: Charge | undefined = await gateway.findCharge(orderId);
  if (found !== undefined) await payments.settle(orderId, found);
}

/** Both facts end here: whichever comes second finds what the other one has left. A refund is rare, so it is always looked up first. */
async function refundIfCancelled({ payments, gateway }: PaymentPorts, orderId: string): Promise<void> {
  const { cancelled, charge, refund } = await payments.payment(orderId);
  if (!cancelled || charge?.outcome !== 'billed' || refund !== undefined) return;
  const request = { idempotencyKey: orderId, paymentId: charge.paymentId };
  const given = await atMostOnce(
    () => gateway.refund(request),
    () => gateway.findRefund(orderId),
    true,
  );
  await payments.settleRefund(orderId, charge, given);
}

function chargeRequest(
  orderId: string,
  shoppingCartId: string,
  { details, agreement }: CartDetails,
): ChargeRequest | RefusalReason {
  if (details === undefined) return 'no-details';
  if (agreement === undefined) return 'no-agreement';
  if (orderIdOf(shoppingCartId, agreement) !== orderId) return 'other-total';
  const { amount, currency } = agreement;
  return { idempotencyKey: orderId, card: details.card, amount, currency };
}
