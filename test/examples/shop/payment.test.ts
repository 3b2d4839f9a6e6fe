import { describe, expect, test } from 'vitest';
import { chargeOrder } from '../../../examples/shop/payment/charge.ts';
import { TEST_CARDS } from '../../../examples/shop/payment/fake-gateway.ts';
import { type Gateway, GatewayTimeout } from '../../../examples/shop/payment/gateway.ts';
import { type Adversity, CALLS, type PaymentWorld, paymentWorld } from './payment-world.ts';

type Told = 'placed' | 'cancelled';

/** Every moment at which the function can die, and none. */
const crashes: readonly Adversity[] = [
  {},
  ...Array.from({ length: CALLS }, (_, index) => index + 1).flatMap((at) => [
    { crash: { at, after: false } },
    { crash: { at, after: true } },
  ]),
];

/** Tells facts as a queue does: what failed comes again, after those behind it. */
async function deliver({ tell }: PaymentWorld, told: readonly Told[]): Promise<void> {
  let waiting = told;
  for (let round = 0; waiting.length > 0; round += 1) {
    if (round > 10) throw new Error('never taken');
    const failed: Told[] = [];
    for (const fact of waiting) await tell(fact).catch(() => failed.push(fact));
    waiting = failed;
  }
}

/** The same, and everything comes twice. */
async function deliverTwice(world: PaymentWorld, told: readonly Told[]): Promise<void> {
  await deliver(world, told);
  await deliver(world, told);
}

const misbehaviours = [
  ['charges as it should', TEST_CARDS.good, 'billed'],
  ['declines', TEST_CARDS.declined, 'declined'],
  ['times out before it charges', TEST_CARDS.timesOutBefore, 'billed'],
  ['times out after it has charged', TEST_CARDS.timesOutAfter, 'billed'],
  ['answers twice', TEST_CARDS.answersTwice, 'billed'],
] as const;

describe.each(misbehaviours)('a gateway that %s, whenever the function dies,', (_, card, outcome) => {
  const isBilled = outcome === 'billed';

  test('charges an order once at most, and its end is known', async () => {
    for (const crash of crashes) {
      const world = paymentWorld(card, crash);
      await deliverTwice(world, ['placed']);
      const expected = { charges: isBilled ? 1 : 0, refunds: 0, facts: [outcome], keptCard: false, refusals: [] };
      expect(world.end(), JSON.stringify(crash)).toEqual(expected);
    }
  });

  test('never charges an order that was cancelled before', async () => {
    for (const crash of crashes) {
      const world = paymentWorld(card, crash);
      await deliverTwice(world, ['cancelled']);
      await deliverTwice(world, ['placed']);
      const expected = { charges: 0, refunds: 0, facts: [], keptCard: false, refusals: [] };
      expect(world.end(), JSON.stringify(crash)).toEqual(expected);
    }
  });

  test('gives back once what an order cost that is cancelled after', async () => {
    for (const crash of crashes) {
      const world = paymentWorld(card, crash);
      await deliverTwice(world, ['placed']);
      await deliverTwice(world, ['cancelled']);
      const facts = isBilled ? ['billed', 'refunded'] : ['declined'];
      const times = isBilled ? 1 : 0;
      const expected = { charges: times, refunds: times, facts, keptCard: false, refusals: [] };
      expect(world.end(), JSON.stringify(crash)).toEqual(expected);
    }
  });

  test('keeps no money where the order is cancelled while it is charged', async () => {
    for (const crash of crashes) {
      const world = paymentWorld(card, crash);
      // Where the first one fails, the second one overtakes it.
      await deliverTwice(world, ['placed', 'cancelled']);
      const { charges, refunds, facts, keptCard } = world.end();
      expect([charges <= 1, refunds, keptCard], JSON.stringify(crash)).toEqual([true, charges, false]);
      expect(facts, JSON.stringify(crash)).toEqual(
        charges === 1 ? ['billed', 'refunded'] : facts.filter((fact) => fact === 'declined'),
      );
    }
  });
});

test('the moments at which the function dies are all that there are', async () => {
  for (const [, card] of misbehaviours) {
    const world = paymentWorld(card);
    await deliverTwice(world, ['placed', 'cancelled']);
    expect(world.calls()).toBeLessThanOrEqual(CALLS);
  }
});

test('mutant: without looking up, an order is charged twice where the gateway times out after charging, or the function dies', async () => {
  for (const [card, adversity] of [
    [TEST_CARDS.timesOutAfter, {}],
    [TEST_CARDS.good, { crash: { at: 3, after: false } }],
  ] as const) {
    const world = paymentWorld(card, adversity);
    world.ports.gateway.findCharge = async () => undefined;
    await deliverTwice(world, ['placed']);
    expect(world.end().charges).toBe(2);
  }
});

test('a gateway that never answers leaves the order to the queue, and is asked three times at most for each delivery', async () => {
  const { ports, end, order } = paymentWorld(TEST_CARDS.good);
  let asked = 0;
  const gateway: Gateway = {
    ...ports.gateway,
    async charge() {
      asked += 1;
      throw new GatewayTimeout('never');
    },
    findCharge: async () => undefined,
  };
  const charging = chargeOrder({ ...ports, gateway }, order);
  await expect(charging).rejects.toThrow(GatewayTimeout);
  expect([asked, end().facts]).toEqual([3, []]);
});

describe('an order is declined and the gateway not asked', () => {
  test.each([
    ['its customer gave no card', 'no-details', { details: undefined }],
    ['its customer agreed to nothing', 'no-agreement', { agreement: undefined }],
  ] as const)('where %s', async (_, reason, missing) => {
    const world = paymentWorld(TEST_CARDS.good, { given: (all) => ({ ...all, ...missing }) });
    await deliverTwice(world, ['placed']);
    expect(world.end()).toMatchObject({ charges: 0, facts: ['declined'], refusals: [reason], keptCard: false });
  });

  test.each([
    ['another amount', { amount: 1 }],
    ['another currency', { currency: 'JPY' }],
    ['the key of another cart', { key: '00000000-0000-4000-8000-000000000000' }],
  ])('where its customer gave %s than ordering quoted', async (_, other) => {
    const world = paymentWorld(TEST_CARDS.good, {
      given: ({ details, agreement }) => ({ details, agreement: agreement && { ...agreement, ...other } }),
    });
    await deliverTwice(world, ['placed']);
    expect(world.end()).toMatchObject({ charges: 0, facts: ['declined'], refusals: ['other-total'], keptCard: false });
  });
});
