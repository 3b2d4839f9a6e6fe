import { describe, expect, test } from 'vitest';
import { createStore, inMemorySaga } from '../../local/in-memory-saga.ts';
import { sagaStoreContract } from '../adapters/saga/store-contract.ts';
import { billing, HOUR_SECONDS, sales, shipping } from '../support/sagas.ts';

const { OrderPlaced, OrderCancelled } = sales.publishes;
const { OrderBilled } = billing.publishes;
const placed = { orderId: 'o1', shoppingCartId: 'c1' };
const billed = { orderId: 'o1', paymentId: 'p1' };
const AT = new Date('2026-01-01T00:00:00.000Z');
const LABEL = {
  saga: 'shipping',
  key: 'o1',
  name: 'CreateShippingLabel',
  data: { orderId: 'o1', paymentId: 'p1' },
  recordedAt: AT.toISOString(),
  idempotencyKey: 'shipping/o1/CreateShippingLabel',
};

sagaStoreContract(async () => {
  const { store, effects } = createStore('shipping', () => AT.getTime());
  return {
    store,
    effectNames: async (key) => effects.flatMap((one) => (one.key === key ? [one.name] : [])).sort(),
  };
});

describe('a saga in memory', () => {
  test('a saga in memory decides when all its facts have arrived, in either order', async () => {
    const facts = [
      (saga: ReturnType<typeof inMemorySaga>) => saga.receive(OrderPlaced, placed),
      (saga: ReturnType<typeof inMemorySaga>) => saga.receive(OrderBilled, billed),
    ];
    for (const order of [facts, facts.toReversed()]) {
      const saga = inMemorySaga(shipping);
      const outcomes: string[] = [];
      for (const receive of order) outcomes.push((await receive(saga)).outcome);
      expect(outcomes).toEqual(['waiting', 'decided']);
      expect(saga.effects).toEqual([LABEL]);
      expect(saga.instance('o1')).toMatchObject({ status: 'decided' });
    }
  });

  test('a saga in memory treats facts like a deployed one: duplicates, repetitions and cancellations', async () => {
    const saga = inMemorySaga(shipping);
    await saga.receive(OrderPlaced, placed);
    expect(await saga.receive(OrderPlaced, placed)).toMatchObject({ outcome: 'duplicate' });
    expect(await saga.receive(OrderPlaced, placed, { key: '2' })).toMatchObject({ outcome: 'repeated' });
    await saga.receive(OrderBilled, billed);
    const cancelled = await saga.receive(OrderCancelled, { orderId: 'o1' });
    expect(cancelled).toEqual({ key: 'o1', outcome: 'cancelled-late', effects: ['RecallLabel'] });
    expect(await saga.receive(OrderCancelled, { orderId: 'o2' })).toMatchObject({ outcome: 'cancelled' });
    expect(saga.effects.map(({ name, key }) => `${name} ${key}`)).toEqual(['CreateShippingLabel o1', 'RecallLabel o1']);
    expect(saga.instance('o3')).toBeUndefined();
  });

  test('a saga in memory raises one alert when a deadline has passed', async () => {
    const saga = inMemorySaga(shipping);
    await saga.receive(OrderPlaced, placed, { at: AT });
    const hoursLater = (hours: number) => new Date(AT.getTime() + hours * HOUR_SECONDS * 1000);
    expect(await saga.passDeadlines(hoursLater(47))).toEqual([]);
    expect(await saga.passDeadlines(hoursLater(48))).toEqual([{ key: 'o1', outcome: 'overdue', effects: ['Overdue'] }]);
    expect(await saga.passDeadlines(hoursLater(49))).toEqual([]);
    expect(saga.effects).toMatchObject([{ name: 'Overdue', data: { missing: ['OrderBilled'] } }]);
  });

  test('a saga in memory refuses a fact that it does not handle, and one without its ids', async () => {
    const saga = inMemorySaga(shipping);
    const other = { ...OrderPlaced, type: 'OrderPacked' };
    await expect(saga.receive(other, placed)).rejects.toMatchObject({
      code: 'UnknownFact',
      message:
        "type: saga shipping doesn't handle OrderPacked of sales. " +
        'It handles: OrderPlaced of sales, OrderBilled of billing, OrderCancelled of sales.',
    });
    await expect(saga.receive({ ...OrderPlaced, owner: 'x' }, placed)).rejects.toMatchObject({ code: 'UnknownFact' });
    // @ts-expect-error: an id is missing
    await expect(saga.receive(OrderPlaced, { orderId: 'o1' })).rejects.toMatchObject({ code: 'InvalidFact' });
  });
});
