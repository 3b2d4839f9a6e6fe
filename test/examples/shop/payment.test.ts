import { describe, expect, test } from 'vitest';
import { chargeOrder, type PaymentDetails, type Payments } from '../../../examples/shop/payment/charge.ts';
import { createFakeGateway, type GatewayBooks, TEST_CARDS } from '../../../examples/shop/payment/fake-gateway.ts';
import { type Charge, type Gateway, GatewayTimeout } from '../../../examples/shop/payment/gateway.ts';

const ORDER = { orderId: 'o1', shoppingCartId: 's1' };

/** Payment and gateway over maps. @param crashAt the call of `settle` or `begin` after which the function dies, from 1 */
function world(number: string, crashes: { begin?: number; settle?: number } = {}) {
  const details: PaymentDetails = {
    card: { number, holder: 'Konrad', expires: '2030-01' },
    billingAddress: 'Hauptstraße 1',
    ...{ amount: 2_900, currency: 'EUR' },
  };
  const begun = new Set<string>();
  const outcomes = new Map<string, Charge>();
  const facts: string[] = [];
  const left = { begin: 0, settle: 0, ...crashes };
  const dying = (at: 'begin' | 'settle') => {
    left[at] -= 1;
    if (left[at] === 0) throw new Error(`died at ${at}`);
  };
  const payments: Payments = {
    details: async (shoppingCartId) => (shoppingCartId === ORDER.shoppingCartId ? details : undefined),
    outcome: async (orderId) => outcomes.get(orderId),
    async begin(orderId) {
      const result = begun.has(orderId) ? 'known' : 'begun';
      begun.add(orderId);
      dying('begin');
      return result;
    },
    async settle(orderId, charge) {
      dying('settle');
      if (outcomes.has(orderId)) return;
      outcomes.set(orderId, charge);
      facts.push(`${charge.outcome} ${orderId}`);
    },
  };
  const charged = new Map<string, { charge: Charge; times: number }>();
  const attempts = new Map<string, number>();
  const books: GatewayBooks = {
    async attempt(key) {
      attempts.set(key, (attempts.get(key) ?? 0) + 1);
      return attempts.get(key) ?? 0;
    },
    async book(key, charge) {
      const times = (charged.get(key)?.times ?? 0) + (charge.outcome === 'billed' ? 1 : 0);
      charged.set(key, { charge, times });
    },
    find: async (key) => charged.get(key)?.charge,
  };
  const gateway = createFakeGateway(books, (key, charge) => payments.settle(key, charge));
  const times = () => charged.get(ORDER.orderId)?.times ?? 0;
  return { payments, gateway, facts, times, attempts };
}

/** Tells of the order as a queue would: again and again until it is taken, and once more after that. */
async function deliver(ports: { payments: Payments; gateway: Gateway }, order = ORDER): Promise<void> {
  for (let delivery = 0, done = 0; done < 2; delivery += 1) {
    if (delivery > 20) throw new Error('never taken');
    await chargeOrder(ports, order).then(
      () => (done += 1),
      () => undefined,
    );
  }
}

const misbehaviours = [
  ['charges as it should', TEST_CARDS.good, 'billed', 1],
  ['declines', TEST_CARDS.declined, 'declined', 0],
  ['times out before it charges', TEST_CARDS.timesOutBefore, 'billed', 1],
  ['times out after it has charged', TEST_CARDS.timesOutAfter, 'billed', 1],
  ['answers twice', TEST_CARDS.answersTwice, 'billed', 1],
] as const;

describe.each(misbehaviours)('a gateway that %s', (_, card, outcome, times) => {
  test.each([
    ['nothing else happens', {}],
    ['the function dies before it asks', { begin: 1 }],
    ['it dies before it has kept the answer', { settle: 1 }],
    ['it dies so twice', { settle: 2 }],
  ])('charges an order once at most, and its end is known, where %s', async (_, crashes) => {
    const one = world(card, crashes);
    await deliver(one);
    expect([one.times(), one.facts]).toEqual([times, [`${outcome} o1`]]);
  });
});

test('mutant: without looking up, an order is charged twice where the gateway times out after charging, or the function dies', async () => {
  for (const [card, crashes] of [
    [TEST_CARDS.timesOutAfter, {}],
    [TEST_CARDS.good, { settle: 1 }],
  ] as const) {
    const one = world(card, crashes);
    await deliver({ ...one, gateway: { ...one.gateway, find: async () => undefined } });
    expect(one.times()).toBe(2);
  }
});

test('a gateway that never answers leaves the order to the queue, and is asked three times at most for each delivery', async () => {
  const { payments, facts } = world(TEST_CARDS.good);
  let asked = 0;
  const gateway: Gateway = {
    async charge() {
      asked += 1;
      throw new GatewayTimeout('never');
    },
    find: async () => undefined,
  };
  await expect(chargeOrder({ payments, gateway }, ORDER)).rejects.toThrow(GatewayTimeout);
  expect([asked, facts]).toEqual([3, []]);
});

test('an order without payment details is declined and nothing is charged', async () => {
  const one = world(TEST_CARDS.good);
  await deliver(one, { ...ORDER, shoppingCartId: 'another' });
  expect([one.times(), one.facts]).toEqual([0, ['declined o1']]);
});
