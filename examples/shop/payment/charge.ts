import { orderIdOf } from '../ordering/agreement.ts';
import { atMostOnce } from './at-most-once.ts';
import type { Charge, ChargeRequest, Gateway } from './gateway.ts';
import type { GivenForCart, Payments } from './payments.ts';

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
  const { payments } = ports;
  const before = await payments.begin(orderId);
  if (before.charge === undefined) {
    // What was done when the function died counts, whatever has become of cart and order since.
    const found = before.begun ? await ports.gateway.findCharge(orderId) : undefined;
    if (found !== undefined) await payments.settle(orderId, found);
    else if (!before.cancelled) await payments.settle(orderId, await newCharge(ports, orderId, shoppingCartId));
  }
  await refundIfCancelled(ports, orderId);
  await payments.forget(shoppingCartId);
}

/** Gives back what an order that is cancelled was charged; where it wasn't, it never is. Errors as for `chargeOrder`. */
export async function cancelOrder(ports: PaymentPorts, { orderId }: { readonly orderId: string }): Promise<void> {
  const { begun, charge } = await ports.payments.cancel(orderId);
  // Charging was begun and never came to an end, and perhaps never does.
  const found = begun && charge === undefined ? await ports.gateway.findCharge(orderId) : undefined;
  if (found !== undefined) await ports.payments.settle(orderId, found);
  await refundIfCancelled(ports, orderId);
}

/**
 * Takes in what a gateway says of a charge beside its answer. Not beside a fact about the order: a web hook would put it into the queue, in the order's
 * message group, so that it waits for its turn. Errors as for `chargeOrder`.
 */
export async function chargeAnswered(ports: PaymentPorts, orderId: string, charge: Charge): Promise<void> {
  await ports.payments.settle(orderId, charge);
  await refundIfCancelled(ports, orderId);
}

async function newCharge(ports: PaymentPorts, orderId: string, shoppingCartId: string): Promise<Charge> {
  const { payments, gateway, onRefused } = ports;
  const request = chargeRequest(orderId, shoppingCartId, await payments.givenFor(shoppingCartId));
  if (typeof request !== 'string') {
    return atMostOnce(
      () => gateway.charge(request),
      () => gateway.findCharge(orderId),
    );
  }
  onRefused(orderId, request);
  return { paymentId: `none-${orderId}`, outcome: 'declined' };
}

/** Both facts end here: whichever comes second finds what the other one has left. A refund is rare, so it is always looked up first. */
async function refundIfCancelled({ payments, gateway }: PaymentPorts, orderId: string): Promise<void> {
  const { cancelled, charge, refund } = await payments.payment(orderId);
  if (!cancelled || charge?.outcome !== 'billed' || refund !== undefined) return;
  const request = { idempotencyKey: orderId, paymentId: charge.paymentId };
  const given =
    (await gateway.findRefund(orderId)) ??
    (await atMostOnce(
      () => gateway.refund(request),
      () => gateway.findRefund(orderId),
    ));
  await payments.settleRefund(orderId, charge, given);
}

function chargeRequest(
  orderId: string,
  shoppingCartId: string,
  { details, agreement }: GivenForCart,
): ChargeRequest | RefusalReason {
  if (details === undefined) return 'no-details';
  if (agreement === undefined) return 'no-agreement';
  if (orderIdOf(shoppingCartId, agreement) !== orderId) return 'other-total';
  const { amount, currency } = agreement;
  return { idempotencyKey: orderId, card: details.card, amount, currency };
}
