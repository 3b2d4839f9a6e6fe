import { orderIdOf } from '../ordering/agreement.ts';
import { atMostOnce } from './at-most-once.ts';
import type { Charge, ChargeRequest, Gateway } from './gateway.ts';
import type { GivenForCart, Payments } from './payments.ts';

/** What payment uses. */
export interface PaymentPorts {
  /** Payment's own tables. */
  readonly payments: Payments;
  /** The payment provider. */
  readonly gateway: Gateway;
  /** Called for an order that is declined without asking the gateway. */
  readonly onRefused: (orderId: string, reason: RefusalReason) => void;
}

/** Why the gateway isn't asked. `other-total`: the customer sent payment another total than ordering quoted. */
export type RefusalReason = 'no-details' | 'no-agreement' | 'other-total';

/**
 * Charges an order at most once, even if OrderPlaced arrives several times or the gateway times out. A cancelled order
 * isn't charged. If it is cancelled after the charge, it is refunded.
 *
 * @throws GatewayTimeout if every attempt times out; the fact then arrives again
 */
export async function chargeOrder(
  ports: PaymentPorts,
  { orderId, shoppingCartId }: { readonly orderId: string; readonly shoppingCartId: string },
): Promise<void> {
  const { payments } = ports;
  const before = await payments.begin(orderId);
  if (before.charge === undefined) {
    // If an earlier invocation crashed after the charge, that charge counts, even if the order is cancelled by now.
    const found = before.begun ? await ports.gateway.findCharge(orderId) : undefined;
    if (found !== undefined) await payments.settle(orderId, found);
    else if (!before.cancelled) await payments.settle(orderId, await newCharge(ports, orderId, shoppingCartId));
  }
  await refundIfCancelled(ports, orderId);
  await payments.removeDetails(shoppingCartId);
}

/** Refunds a cancelled order, or ensures that it is never charged. Throws like `chargeOrder`. */
export async function cancelOrder(ports: PaymentPorts, { orderId }: { readonly orderId: string }): Promise<void> {
  const { begun, charge } = await ports.payments.cancel(orderId);
  // A charge was started and its outcome wasn't stored. It may never be, so look it up now.
  const found = begun && charge === undefined ? await ports.gateway.findCharge(orderId) : undefined;
  if (found !== undefined) await ports.payments.settle(orderId, found);
  await refundIfCancelled(ports, orderId);
}

/**
 * Stores the outcome of a charge that the gateway reports in addition to its answer, such as by a web hook. It must not
 * run at the same time as a fact about the order. A real web hook would therefore send the outcome to the queue, in the
 * order's message group. Throws like `chargeOrder`.
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

/**
 * Runs at the end of both facts, so that the second one finds what the first one stored. Refunds are rare, so each is
 * looked up first.
 */
async function refundIfCancelled({ payments, gateway }: PaymentPorts, orderId: string): Promise<void> {
  const { cancelled, charge, refund: stored } = await payments.payment(orderId);
  if (!cancelled || charge?.outcome !== 'billed' || stored !== undefined) return;
  const request = { idempotencyKey: orderId, paymentId: charge.paymentId };
  const refund =
    (await gateway.findRefund(orderId)) ??
    (await atMostOnce(
      () => gateway.refund(request),
      () => gateway.findRefund(orderId),
    ));
  await payments.settleRefund(orderId, charge, refund);
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
