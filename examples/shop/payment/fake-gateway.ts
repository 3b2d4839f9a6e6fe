import { type Charge, type Gateway, GatewayTimeout } from './gateway.ts';

/** The cards by which the fake gateway is told how to behave; any other is charged. */
export const TEST_CARDS = {
  good: '4242424242424242',
  declined: '4000000000000002',
  timesOutBefore: '4000000000000119',
  timesOutAfter: '4000000000000127',
  answersTwice: '4000000000000135',
} as const;

type Behaviour = keyof typeof TEST_CARDS;

/** A payment as its books have it. */
export interface Booked {
  readonly charge: Charge;
  readonly behaviour: string;
}

/** What the gateway's operator would see. */
export interface GatewayBooks {
  /** Notes an attempt, and returns how many there have been of its kind. */
  attempt(kind: 'charge' | 'refund', idempotencyKey: string): Promise<number>;
  /** Takes the money, or notes the refusal. */
  bookCharge(idempotencyKey: string, booked: Booked, amount: number): Promise<void>;
  /** Gives the money back. */
  bookRefund(idempotencyKey: string): Promise<void>;
  find(idempotencyKey: string): Promise<{ readonly booked?: Booked; readonly refunds: number }>;
}

/**
 * Stands in for a payment provider, at its worst: it charges and gives back again for a key for which it has, so that whoever relies on the key alone
 * is found out. It behaves alike for a charge and for giving it back.
 *
 * @param answered told of a charge beside the answer, as by a provider's web hook, where the card answers twice
 */
export function createFakeGateway(
  books: GatewayBooks,
  answered: (idempotencyKey: string, charge: Charge) => Promise<void>,
): Gateway {
  const refundOf = (idempotencyKey: string) => ({ refundId: `refund-of-${idempotencyKey}` });
  /** Does what it is asked for; the first time it is asked, it may say nothing before or after it. */
  const behaving = async (behaviour: string, attempts: number, act: () => Promise<void>): Promise<void> => {
    if (behaviour === 'timesOutBefore' && attempts === 1) throw new GatewayTimeout('before it was done');
    await act();
    if (behaviour === 'timesOutAfter' && attempts === 1) throw new GatewayTimeout('after it was done');
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
      if (booked?.charge.outcome !== 'billed') throw new Error('nothing was charged that could be given back');
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
