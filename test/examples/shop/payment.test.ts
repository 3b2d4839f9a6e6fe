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

/** Every moment at which the function can crash, and no crash. */
const crashes: readonly (Crash | undefined)[] = [
  undefined,
  ...Array.from({ length: CALLS }, (_, index) => index + 1).flatMap((at) => [
    { at, after: false },
    { at, after: true },
  ]),
];

/** Delivers facts like a queue: failed facts are delivered again, after the facts behind them. */
async function deliver({ tell }: PaymentWorld, ...told: readonly Told[]): Promise<void> {
  let waiting = told;
  for (let round = 0; waiting.length > 0; round += 1) {
    if (round > 10) throw new Error('never processed');
    const failed: Told[] = [];
    for (const fact of waiting) await tell(fact).catch(() => failed.push(fact));
    waiting = failed;
  }
}

const misbehaviours = [
  ['charges correctly', TEST_CARDS.good, 1],
  ['declines', TEST_CARDS.declined, 0],
  ['times out before it charges', TEST_CARDS.timesOutBefore, 1],
  ['times out after it has charged', TEST_CARDS.timesOutAfter, 1],
  ['answers twice', TEST_CARDS.answersTwice, 1],
] as const;

describe.each(misbehaviours)('a gateway that %s', (behaviour, card, charges) => {
  const outcome = charges === 1 ? 'OrderBilled' : 'PaymentDeclined';
  const refunded = charges === 1 ? [outcome, 'PaymentRefunded'] : [outcome];
  const well = { keptCard: false, refusals: [] };

  test.each([
    ['once', ['placed']],
    ['twice', ['placed', 'placed']],
  ] as const)(`a gateway that ${behaviour} charges an order at most once that is delivered %s`, async (_, told) => {
    for (const crash of crashes) {
      const world = paymentWorld(card, crash);
      for (const fact of told) await deliver(world, fact);
      expect(world.end(), JSON.stringify(crash)).toEqual({ ...well, charges, refunds: 0, facts: [outcome] });
    }
  });

  test(`a gateway that ${behaviour} never charges an order that was cancelled before`, async () => {
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
  ] as const)(`a gateway that ${behaviour} refunds a later cancelled order once, delivered %s`, async (_, told) => {
    for (const crash of crashes) {
      const world = paymentWorld(card, crash);
      for (const fact of told) await deliver(world, fact);
      expect(world.end(), JSON.stringify(crash)).toEqual({ ...well, charges, refunds: charges, facts: refunded });
    }
  });

  test(`a gateway that ${behaviour} keeps no money if the cancellation overtakes a failed order`, async () => {
    for (const crash of crashes) {
      const world = paymentWorld(card, crash);
      await deliver(world, 'placed', 'cancelled');
      const { facts, ...end } = world.end();
      expect(end.charges, JSON.stringify(crash)).toBeLessThanOrEqual(charges);
      expect([end.refunds, end.keptCard], JSON.stringify(crash)).toEqual([end.charges, false]);
      expect(
        facts.filter((fact) => fact !== 'PaymentDeclined'),
        JSON.stringify(crash),
      ).toEqual(end.charges === 1 ? refunded : []);
    }
  });

  test(`a gateway that ${behaviour} keeps no money if a cancelled order's OrderPlaced never returns`, async () => {
    for (const crash of crashes) {
      const world = paymentWorld(card, crash);
      await world.tell('placed').catch(() => undefined);
      await deliver(world, 'cancelled');
      const { refunds, charges: taken } = world.end();
      expect(refunds, JSON.stringify(crash)).toBe(taken);
    }
  });

  test(`a charge by a gateway that ${behaviour} counts, even if the details are gone later`, async () => {
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

test('the tests crash the function at every call that it makes', async () => {
  let most = 0;
  for (const [, card] of misbehaviours) {
    const world = paymentWorld(card);
    for (const fact of ['placed', 'cancelled', 'placed', 'cancelled'] as const) await deliver(world, fact);
    most = Math.max(most, world.calls());
  }
  expect(most).toBeLessThanOrEqual(CALLS);
  expect(most).toBeGreaterThan(CALLS - 8);
});

test('mutant: without the lookup, an order is charged twice after a timeout or a crash', async () => {
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

test('mutant: without the check after the charge, a cancelled order stays charged', async () => {
  const world = paymentWorld(TEST_CARDS.good);
  const { payments } = world.ports;
  payments.payment = async () => ({ begun: true, cancelled: false, charge: undefined, refund: undefined });
  await deliver(world, 'placed', 'cancelled');
  expect(world.end()).toMatchObject({ charges: 1, refunds: 0 });
});

test('a gateway that never answers is asked three times, and the fact then returns to its queue', async () => {
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

test('a charge that the gateway reports separately is refunded if the order is cancelled', async () => {
  const world = paymentWorld(TEST_CARDS.answersTwice);
  await deliver(world, 'cancelled');
  const { orderId: idempotencyKey } = world.order;
  const card = { number: TEST_CARDS.answersTwice, holder: 'K', expires: '2030-01' };
  await world.ports.gateway.charge({ idempotencyKey, card, amount: 1, currency: 'EUR' });
  expect(world.end()).toMatchObject({ charges: 1, refunds: 1, facts: ['OrderBilled', 'PaymentRefunded'] });
});

describe('an order that is declined without the gateway', () => {
  test.each([
    ['sent no card', 'no-details', { details: undefined }],
    ['sent no agreement', 'no-agreement', { agreement: undefined }],
  ] as const)('an order is declined without asking the gateway if its customer %s', async (_, reason, missing) => {
    const world = paymentWorld(TEST_CARDS.good);
    world.change((given) => ({ ...given, ...missing }));
    await deliver(world, 'placed');
    const end = { charges: 0, facts: ['PaymentDeclined'], refusals: [reason], keptCard: false };
    expect(world.end()).toMatchObject(end);
  });

  test.each([
    ['another amount than ordering quoted', { amount: 1 }],
    ['another currency than ordering quoted', { currency: 'JPY' }],
    ['the key of another cart', { key: '00000000-0000-4000-8000-000000000000' }],
  ])('an order is declined without asking the gateway if its customer sent %s', async (_, other) => {
    const world = paymentWorld(TEST_CARDS.good);
    world.change(({ details, agreement }) => ({ details, agreement: agreement && { ...agreement, ...other } }));
    await deliver(world, 'placed');
    const end = { charges: 0, facts: ['PaymentDeclined'], refusals: ['other-total'], keptCard: false };
    expect(world.end()).toMatchObject(end);
  });
});
