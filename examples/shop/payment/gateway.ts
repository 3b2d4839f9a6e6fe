/** How money is taken, as payment sees it. */
export interface Gateway {
  /**
   * Charges a card, once for each key.
   * @throws GatewayTimeout when no answer came: it may have charged or not
   */
  charge(request: ChargeRequest): Promise<Charge>;
  /** What became of a key; undefined where nothing did. */
  find(idempotencyKey: string): Promise<Charge | undefined>;
}

/** What is charged. */
export interface ChargeRequest {
  /** The order's id. */
  readonly idempotencyKey: string;
  readonly card: { readonly number: string; readonly holder: string; readonly expires: string };
  readonly amount: number;
  readonly currency: string;
}

/** What the gateway said. */
export interface Charge {
  /** The gateway's, for both outcomes. */
  readonly paymentId: string;
  readonly outcome: 'billed' | 'declined';
}

/** No answer came in time. */
export class GatewayTimeout extends Error {}
