// A saga that is deployed a month after the first order, in virtual time: SNS and SQS are the local cloud's model.
import { describe, expect, test } from 'vitest';
import { raiseOverdue } from '../../core/saga/deadlines.ts';
import { DAY_MS, DAY_SECONDS, isBilled, isCancelled, ordersWorld } from '../support/orders-world.ts';
import { shipping } from '../support/sagas.ts';

/** A month of orders before the saga is deployed, and a replay of all of them, while orders go on. */
async function monthLate(options?: Parameters<typeof ordersWorld>[0]) {
  const all = ordersWorld(options);
  const startMs = all.clock.ms;
  for (let passed = 0; passed < 30 * 24; passed += 1) all.hour();
  const replayAll = all.deploy();
  await replayAll(startMs);
  return { ...all, startMs, replayAll };
}

describe('a saga that is deployed a month after the first order', () => {
  test('decides about every order of that month once, while new orders are placed', async () => {
    const { expectDecidedOnce, parked, labels, hour, work, orders } = await monthLate();
    for (let passed = 0; passed < 24; passed += 1) {
      hour();
      await work();
    }
    expect(parked).toEqual([]);
    expect(orders()).toBeGreaterThan(30 * 24 + 24);
    expect(labels().length).toBeGreaterThan(600);
    expectDecidedOnce();
  });

  test('raises no alerts for old orders that are complete, and one for each order that was never billed', async () => {
    const { store, clock, effects, hour, work, orders } = await monthLate();
    expect(await raiseOverdue(shipping, store, clock.ms)).toEqual({ raised: [], failures: [] });
    const ordersThen = orders();
    for (let passed = 0; passed < 50; passed += 1) {
      hour();
      await work();
    }
    for (let run = 0; run < 2; run += 1) await raiseOverdue(shipping, store, clock.ms);
    const isOfThen = (order: number) => order <= ordersThen;
    const unbilled = Array.from({ length: ordersThen }, (_, index) => index + 1).filter(
      (order) => !isBilled(order) && !isCancelled(order),
    );
    const alerts = effects.flatMap(({ name, key }) => (name === 'Overdue' ? [Number(key.replace('order-', ''))] : []));
    expect(alerts.filter(isOfThen).sort((a, b) => a - b)).toEqual(unbilled);
  });

  test('a second replay of all of it changes nothing about the orders of the month', async () => {
    const { replayAll, startMs, instances, effects, outcomes, parked, hour, work } = await monthLate();
    for (let passed = 0; passed < 8; passed += 1) {
      hour();
      await work();
    }
    const ofMonth = (key: string) => Number(key.replace('order-', '')) <= 30 * 24;
    const settled = () => JSON.stringify([...instances].filter(([key]) => ofMonth(key)));
    const recorded = () => effects.filter(({ key }) => ofMonth(key)).length;
    const [before, effectsBefore, handled] = [settled(), recorded(), outcomes.length];
    await replayAll(startMs);
    expect(settled()).toBe(before);
    expect(recorded()).toBe(effectsBefore);
    expect(outcomes.slice(handled).filter((outcome) => outcome === 'duplicate').length).toBeGreaterThan(1_000);
    expect(parked).toEqual([]);
  });

  test('a bounded replay leaves the saga working, and it decides about every order of that time', async () => {
    const { replayAll, startMs, labels, hour, work, orders, expectDecidedOnce, parked } = await monthLate();
    const before = orders();
    await replayAll(startMs + 5 * DAY_MS, startMs + 10 * DAY_MS);
    for (let passed = 0; passed < 12; passed += 1) {
      hour();
      await work();
    }
    expectDecidedOnce();
    const later = labels().filter((key) => Number(key.replace('order-', '')) > before);
    expect(later.length).toBeGreaterThan(4);
    expect(parked).toEqual([]);
  });

  test('with a shorter memory than the archive, it would park the old facts instead of deciding', async () => {
    const { parked, labels } = await monthLate({ keepSeconds: 20 * DAY_SECONDS });
    expect(new Set(parked.map(({ reason }) => reason))).toEqual(new Set(['too-old']));
    expect(labels()).not.toContain('order-1');
  });
});
