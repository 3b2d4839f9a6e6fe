import { describe, expect, test } from 'vitest';
import { chargeOrder } from '../../../examples/shop/payment/charge.ts';
import { TEST_CARDS } from '../../../examples/shop/payment/fake-gateway.ts';
import { type Gateway, GatewayTimeout } from '../../../examples/shop/payment/gateway.ts';
import { CALLS, type Crash, type PaymentWorld, paymentWorld } from './payment-world.ts';
import { paymentsContract } from './payments-contract.ts';
import { paymentsInMemory } from './payments-in-memory.ts';

paymentsContract('in memory', () => {
  const payments = paymentsInMemory();
  return {
    payments,
    give: async (cart, given) => void payments.given.set(cart, given),
    facts: async () => payments.facts,
  };
});

type Told = 'placed' | 'cancelled';

/** Every moment at which the function can die, and none. */
const crashes: readonly (Crash | undefined)[] = [
  undefined,
  ...Array.from({ length: CALLS }, (_, index) => index + 1).flatMap((at) => [
    { at, after: false },
    { at, after: true },
  ]),
];

/** Tells facts as a queue does: what failed comes again, after those behind it. */
async function deliver({ tell }: PaymentWorld, ...told: readonly Told[]): Promise<void> {
  let waiting = told;
  for (let round = 0; waiting.length > 0; round += 1) {
    if (round > 10) throw new Error('never taken');
    const failed: Told[] = [];
    for (const fact of waiting) await tell(fact).catch(() => failed.push(fact));
    waiting = failed;
  }
}

const misbehaviours = [
  ['charges as it should', TEST_CARDS.good, 1],
  ['declines', TEST_CARDS.declined, 0],
  ['times out before it charges', TEST_CARDS.timesOutBefore, 1],
  ['times out after it has charged', TEST_CARDS.timesOutAfter, 1],
  ['answers twice', TEST_CARDS.answersTwice, 1],
] as const;

describe.each(misbehaviours)('a gateway that %s, whenever the function dies,', (_, card, charges) => {
  const outcome = charges === 1 ? 'OrderBilled' : 'PaymentDeclined';
  const refunded = charges === 1 ? [outcome, 'PaymentRefunded'] : [outcome];
  const well = { keptCard: false, refusals: [] };

  test.each([
    ['once', ['placed']],
    ['twice', ['placed', 'placed']],
  ] as const)('charges an order once at most that is told %s, and its end is known', async (_, told) => {
    for (const crash of crashes) {
      const world = paymentWorld(card, crash);
      for (const fact of told) await deliver(world, fact);
      expect(world.end(), JSON.stringify(crash)).toEqual({ ...well, charges, refunds: 0, facts: [outcome] });
    }
  });

  test('never charges an order that was cancelled before', async () => {
    for (const crash of crashes) {
      const world = paymentWorld(card, crash);
      await deliver(world, 'cancelled');
      await deliver(world, 'placed');
      expect(world.end(), JSON.stringify(crash)).toEqual({ ...well, charges: 0, refunds: 0, facts: [] });
    }
  });

  test.each([
    ['once', ['placed', 'cancelled']],
    ['twice', ['placed', 'cancelled', 'placed', 'cancelled']],
  ] as const)('gives back once what an order cost that is cancelled after, told %s', async (_, told) => {
    for (const crash of crashes) {
      const world = paymentWorld(card, crash);
      for (const fact of told) await deliver(world, fact);
      expect(world.end(), JSON.stringify(crash)).toEqual({ ...well, charges, refunds: charges, facts: refunded });
    }
  });

  test('keeps no money where the cancellation overtakes the order that failed', async () => {
    for (const crash of crashes) {
      const world = paymentWorld(card, crash);
      await deliver(world, 'placed', 'cancelled');
      const { facts, ...end } = world.end();
      expect([end.charges <= charges, end.refunds, end.keptCard], JSON.stringify(crash)).toEqual([
        ...[true, end.charges, false],
      ]);
      expect(
        facts.filter((fact) => fact !== 'PaymentDeclined'),
        JSON.stringify(crash),
      ).toEqual(end.charges === 1 ? refunded : []);
    }
  });

  test('keeps no money of an order that is cancelled, though what was placed never comes again', async () => {
    for (const crash of crashes) {
      const world = paymentWorld(card, crash);
      await world.tell('placed').catch(() => undefined);
      await deliver(world, 'cancelled');
      const { refunds, charges: taken } = world.end();
      expect(refunds, JSON.stringify(crash)).toBe(taken);
    }
  });

  test('lets a charge count that was made, whatever its customer gives or loses after', async () => {
    for (const crash of crashes) {
      for (const change of [{ agreement: undefined }, { details: undefined }]) {
        const world = paymentWorld(card, crash);
        await world.tell('placed').catch(() => undefined);
        world.change((given) => ({ ...given, ...change }));
        await deliver(world, 'placed');
        const { charges: taken, facts } = world.end();
        expect(facts, JSON.stringify([crash, change])).toEqual([taken === 1 ? 'OrderBilled' : 'PaymentDeclined']);
      }
    }
  });
});

test('the moments at which the function dies are all that there are', async () => {
  let most = 0;
  for (const [, card] of misbehaviours) {
    const world = paymentWorld(card);
    for (const fact of ['placed', 'cancelled', 'placed', 'cancelled'] as const) await deliver(world, fact);
    most = Math.max(most, world.calls());
  }
  expect(most).toBeLessThanOrEqual(CALLS);
  expect(most).toBeGreaterThan(CALLS - 8);
});

test('mutant: without looking up, an order is charged twice where the gateway times out after charging, or the function dies', async () => {
  for (const [card, crash] of [
    [TEST_CARDS.timesOutAfter, undefined],
    [TEST_CARDS.good, { at: 3, after: true }],
  ] as const) {
    const world = paymentWorld(card, crash);
    world.ports.gateway.findCharge = async () => undefined;
    await deliver(world, 'placed');
    expect(world.end().charges).toBe(2);
  }
});

test('mutant: an order whose payment is not looked at after it is charged stays charged though it was cancelled', async () => {
  const world = paymentWorld(TEST_CARDS.good);
  const { payments } = world.ports;
  payments.payment = async () => ({ begun: true, cancelled: false, charge: undefined, refund: undefined });
  await deliver(world, 'placed', 'cancelled');
  expect(world.end()).toMatchObject({ charges: 1, refunds: 0 });
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
  await expect(chargeOrder({ ...ports, gateway }, order)).rejects.toThrow(GatewayTimeout);
  expect([asked, end().facts]).toEqual([3, []]);
});

test('what a gateway says beside its answer is given back where the order is cancelled', async () => {
  const world = paymentWorld(TEST_CARDS.answersTwice);
  await deliver(world, 'cancelled');
  const { orderId: idempotencyKey } = world.order;
  const card = { number: TEST_CARDS.answersTwice, holder: 'K', expires: '2030-01' };
  await world.ports.gateway.charge({ idempotencyKey, card, amount: 1, currency: 'EUR' });
  expect(world.end()).toMatchObject({ charges: 1, refunds: 1, facts: ['OrderBilled', 'PaymentRefunded'] });
});

describe('an order is declined and the gateway not asked', () => {
  test.each([
    ['its customer gave no card', 'no-details', { details: undefined }],
    ['its customer agreed to nothing', 'no-agreement', { agreement: undefined }],
  ] as const)('where %s', async (_, reason, missing) => {
    const world = paymentWorld(TEST_CARDS.good);
    world.change((given) => ({ ...given, ...missing }));
    await deliver(world, 'placed');
    const end = { charges: 0, facts: ['PaymentDeclined'], refusals: [reason], keptCard: false };
    expect(world.end()).toMatchObject(end);
  });

  test.each([
    ['another amount', { amount: 1 }],
    ['another currency', { currency: 'JPY' }],
    ['the key of another cart', { key: '00000000-0000-4000-8000-000000000000' }],
  ])('where its customer gave %s than ordering quoted', async (_, other) => {
    const world = paymentWorld(TEST_CARDS.good);
    world.change(({ details, agreement }) => ({ details, agreement: agreement && { ...agreement, ...other } }));
    await deliver(world, 'placed');
    const end = { charges: 0, facts: ['PaymentDeclined'], refusals: ['other-total'], keptCard: false };
    expect(world.end()).toMatchObject(end);
  });
});
