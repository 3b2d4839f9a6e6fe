import { type Charge, type Gateway, GatewayTimeout } from './gateway.ts';

/** Card numbers that select the fake gateway's behaviour. Any other card is charged. */
export const TEST_CARDS = {
  good: '4242424242424242',
  declined: '4000000000000002',
  timesOutBefore: '4000000000000119',
  timesOutAfter: '4000000000000127',
  answersTwice: '4000000000000135',
} as const;

type Behaviour = keyof typeof TEST_CARDS;

/** A charge in the gateway's books. */
export interface Booked {
  readonly charge: Charge;
  /** The behaviour that the card selected. */
  readonly behaviour: string;
}

/** The gateway's books, as its operator would see them. */
export interface GatewayBooks {
  /** Counts an attempt, and returns the number of attempts of its kind. */
  attempt(kind: 'charge' | 'refund', idempotencyKey: string): Promise<number>;
  /** Books a charge or a refusal. */
  bookCharge(idempotencyKey: string, booked: Booked, amount: number): Promise<void>;
  /** Books a refund. */
  bookRefund(idempotencyKey: string): Promise<void>;
  /** Returns what is booked for a key. */
  find(idempotencyKey: string): Promise<{ readonly booked?: Booked; readonly refunds: number }>;
}

/**
 * Creates a fake payment provider that ignores idempotency keys: it charges or refunds again for the same key. So a
 * caller that relies on the key alone fails its tests. Charges and refunds time out in the same way.
 *
 * @param answered called with a charge in addition to the answer, like a provider's web hook, if the card answers twice
 */
export function createFakeGateway(
  books: GatewayBooks,
  answered: (idempotencyKey: string, charge: Charge) => Promise<void>,
): Gateway {
  const refundOf = (idempotencyKey: string) => ({ refundId: `refund-of-${idempotencyKey}` });
  /** Acts. The first attempt can time out before or after that. */
  const behaving = async (behaviour: string, attempts: number, act: () => Promise<void>): Promise<void> => {
    if (behaviour === 'timesOutBefore' && attempts === 1) throw new GatewayTimeout('timed out before the action');
    await act();
    if (behaviour === 'timesOutAfter' && attempts === 1) throw new GatewayTimeout('timed out after the action');
  };
  return {
    async charge({ idempotencyKey, card, amount }) {
      const attempts = await books.attempt('charge', idempotencyKey);
      const behaviour = behaviourOf(card.number);
      const outcome = behaviour === 'declined' ? 'declined' : 'billed';
      const charge: Charge = { paymentId: `payment-of-${idempotencyKey}`, outcome };
      const taken = outcome === 'billed' ? amount : 0;
      await behaving(behaviour, attempts, () => books.bookCharge(idempotencyKey, { charge, behaviour }, taken));
      if (behaviour === 'answersTwice') await answered(idempotencyKey, charge);
      return charge;
    },
    findCharge: async (idempotencyKey) => (await books.find(idempotencyKey)).booked?.charge,
    async refund({ idempotencyKey }) {
      const attempts = await books.attempt('refund', idempotencyKey);
      const { booked } = await books.find(idempotencyKey);
      if (booked?.charge.outcome !== 'billed') throw new Error('there is no charge to refund');
      await behaving(booked.behaviour, attempts, () => books.bookRefund(idempotencyKey));
      return refundOf(idempotencyKey);
    },
    async findRefund(idempotencyKey) {
      return (await books.find(idempotencyKey)).refunds > 0 ? refundOf(idempotencyKey) : undefined;
    },
  };
}

function behaviourOf(cardNumber: string): Behaviour {
  const names = Object.keys(TEST_CARDS) as Behaviour[];
  return names.find((name) => TEST_CARDS[name] === cardNumber) ?? 'good';
}
