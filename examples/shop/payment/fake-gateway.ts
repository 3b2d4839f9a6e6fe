import { type Charge, type ChargeRequest, type Gateway, GatewayTimeout } from './gateway.ts';

/** The cards by which the fake gateway is told how to behave; any other is charged. */
export const TEST_CARDS = {
  good: '4242424242424242',
  declined: '4000000000000002',
  timesOutBefore: '4000000000000119',
  timesOutAfter: '4000000000000127',
  answersTwice: '4000000000000135',
} as const;

/** What the gateway's operator would see. */
export interface GatewayBooks {
  /** Notes an attempt, and returns how many there have been. */
  attempt(idempotencyKey: string): Promise<number>;
  /** Takes the money, or notes the refusal. */
  book(idempotencyKey: string, charge: Charge, amount: number): Promise<void>;
  find(idempotencyKey: string): Promise<Charge | undefined>;
}

/**
 * Stands in for a payment provider, at its worst: it charges again for a key that it has charged, so that whoever relies on the key alone is
 * found out.
 *
 * @param answered told of a charge beside the answer, as by a provider's web hook, where the card answers twice
 */
export function createFakeGateway(
  books: GatewayBooks,
  answered: (idempotencyKey: string, charge: Charge) => Promise<void>,
): Gateway {
  return {
    async charge({ idempotencyKey, card, amount }: ChargeRequest) {
      const attempts = await books.attempt(idempotencyKey);
      if (card.number === TEST_CARDS.timesOutBefore && attempts === 1) throw new GatewayTimeout('before charging');
      const outcome = card.number === TEST_CARDS.declined ? 'declined' : 'billed';
      const charge: Charge = { paymentId: `payment-of-${idempotencyKey}`, outcome };
      await books.book(idempotencyKey, charge, outcome === 'billed' ? amount : 0);
      if (card.number === TEST_CARDS.timesOutAfter && attempts === 1) throw new GatewayTimeout('after charging');
      if (card.number === TEST_CARDS.answersTwice) await answered(idempotencyKey, charge);
      return charge;
    },
    find: (idempotencyKey) => books.find(idempotencyKey),
  };
}
