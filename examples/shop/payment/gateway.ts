/** How money is taken and given back, as payment sees it. */
export interface Gateway {
  /**
   * Charges a card, once for each key.
   * @throws GatewayTimeout when no answer came: it may have charged or not
   */
  charge(request: ChargeRequest): Promise<Charge>;
  /**
   * What became of a charge's key; undefined where nothing did. It must know of a charge from when the money is taken: what is neither found nor
   * answered is asked for again.
   */
  findCharge(idempotencyKey: string): Promise<Charge | undefined>;
  /**
   * Gives back all of a charge, once for each key.
   * @throws GatewayTimeout as `charge` does
   */
  refund(request: RefundRequest): Promise<Refund>;
  /** What became of a refund's key; undefined where nothing did. */
  findRefund(idempotencyKey: string): Promise<Refund | undefined>;
}

/** A card as a customer enters it. */
export interface Card {
  readonly number: string;
  readonly holder: string;
  readonly expires: string;
}

/** What is charged. */
export interface ChargeRequest {
  /** The order's id. */
  readonly idempotencyKey: string;
  readonly card: Card;
  /** In the currency's smallest unit. */
  readonly amount: number;
  readonly currency: string;
}

/** What the gateway said. */
export interface Charge {
  /** The gateway's, for both outcomes. */
  readonly paymentId: string;
  readonly outcome: 'billed' | 'declined';
}

/** What is given back. */
export interface RefundRequest {
  /** The order's id. */
  readonly idempotencyKey: string;
  readonly paymentId: string;
}

/** What the gateway said of it. */
export interface Refund {
  readonly refundId: string;
}

/** No answer came in time. */
export class GatewayTimeout extends Error {
  override readonly name = 'GatewayTimeout';
}
