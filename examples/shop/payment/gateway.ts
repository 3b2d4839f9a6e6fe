/** A payment provider: charges and refunds. */
export interface Gateway {
  /**
   * Charges a card, once for each key.
   *
   * @throws GatewayTimeout if no answer arrived; the card may be charged or not
   */
  charge(request: ChargeRequest): Promise<Charge>;
  /**
   * Returns the charge of a key; undefined if there is none. It must find a charge as soon as the card is charged,
   * because payment asks again for a charge that is neither answered nor found.
   */
  findCharge(idempotencyKey: string): Promise<Charge | undefined>;
  /**
   * Refunds a whole charge, once for each key.
   *
   * @throws GatewayTimeout like `charge`
   */
  refund(request: RefundRequest): Promise<Refund>;
  /** Returns the refund of a key; undefined if there is none. */
  findRefund(idempotencyKey: string): Promise<Refund | undefined>;
}

/** A card, as the customer enters it. */
export interface Card {
  readonly number: string;
  readonly holder: string;
  readonly expires: string;
}

/** A request to charge a card. */
export interface ChargeRequest {
  /** The order's id. */
  readonly idempotencyKey: string;
  readonly card: Card;
  /** The amount in the currency's smallest unit. */
  readonly amount: number;
  readonly currency: string;
}

/** The gateway's answer to a charge. */
export interface Charge {
  /** The gateway's id of the payment, for both outcomes. */
  readonly paymentId: string;
  readonly outcome: 'billed' | 'declined';
}

/** A request to refund a charge. */
export interface RefundRequest {
  /** The order's id. */
  readonly idempotencyKey: string;
  readonly paymentId: string;
}

/** The gateway's answer to a refund. */
export interface Refund {
  readonly refundId: string;
}

/** The gateway didn't answer in time. */
export class GatewayTimeout extends Error {
  override readonly name = 'GatewayTimeout';
}
