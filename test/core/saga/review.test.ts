import { describe, expect, test, vi } from 'vitest';
import type { Fact } from '../../../core/facts/fact.ts';
import { defineSaga, OVERDUE, type Saga } from '../../../core/saga/define.ts';
import { handleDeadline, handleFact } from '../../../core/saga/handle.ts';
import { reviewInstances } from '../../../core/saga/review.ts';
import { billing, HOUR_SECONDS, happened, inMemorySagaStore, sales } from '../../support/sagas.ts';

const NOW_MS = Date.parse('2026-11-23T12:00:00Z');
const MINUTE_MS = 60_000;
const at = (nowMs: number) => ({ nowMs, keepSeconds: 100 });
const { OrderPlaced, OrderCancelled } = sales.publishes;
const { OrderBilled } = billing.publishes;

type Changes = Partial<Pick<Saga, 'needs' | 'cancelledBy' | 'deadlineSeconds'>>;

/** A saga that labels an order. */
const saga = ({ needs = [OrderPlaced, OrderBilled], cancelledBy = [], deadlineSeconds }: Changes = {}) =>
  defineSaga('file:///labels.ts', {
    name: 'labels',
    needs,
    cancelledBy,
    cancelledLate: 'ignore',
    ...(deadlineSeconds !== undefined && { deadlineSeconds }),
    decide: () => [{ name: 'Label', data: {} }],
  });

/** A store with the instance of one order, after the facts arrived under a definition. */
async function worldAfter(before: Saga, facts: readonly Fact[]) {
  const world = inMemorySagaStore();
  for (const fact of facts) await handleFact(before, world.store, fact, at(NOW_MS));
  const only = () => world.instances.get('o1');
  return { ...world, only };
}

const placed = happened('OrderPlaced', 'o1');
const billed = happened('OrderBilled', 'o1');
const cancelled = happened('OrderCancelled', 'o1');
const all = [OrderPlaced, OrderBilled, OrderCancelled];

describe('a saga whose definition changes while instances wait', () => {
  test('an instance that has all facts that are still needed is decided at the next review', async () => {
    const { store, effects, only } = await worldAfter(saga({ needs: all }), [placed, billed]);
    expect(only()?.status).toBe('waiting');
    const { settled } = await reviewInstances(saga(), store, at(NOW_MS + MINUTE_MS));
    expect(settled).toEqual([{ key: 'o1', outcome: 'decided', effects: ['Label'] }]);
    expect([only()?.status, effects.length]).toEqual(['decided', 1]);
  });

  test('an instance that has all facts that are still needed is decided when one of them arrives again', async () => {
    const { store } = await worldAfter(saga({ needs: all }), [placed, billed]);
    expect(await handleFact(saga(), store, billed, at(NOW_MS))).toMatchObject({ outcome: 'decided' });
    expect(await handleFact(saga(), store, billed, at(NOW_MS))).toMatchObject({ outcome: 'duplicate' });
  });

  test('an instance waits for a fact that is needed from now on', async () => {
    const { store, only } = await worldAfter(saga(), [placed]);
    const later = saga({ needs: all });
    expect((await reviewInstances(later, store, at(NOW_MS))).settled).toEqual([]);
    await handleFact(later, store, billed, at(NOW_MS));
    expect(only()?.status).toBe('waiting');
    expect(await handleFact(later, store, cancelled, at(NOW_MS))).toMatchObject({ outcome: 'decided' });
  });

  test('a decided instance stays decided when a fact arrives that is needed from now on', async () => {
    const { store, effects, only } = await worldAfter(saga(), [placed, billed]);
    const result = await handleFact(saga({ needs: all }), store, cancelled, at(NOW_MS));
    expect([result.outcome, effects.length, only()?.status]).toEqual(['after-decision', 1, 'decided']);
  });

  test('an instance with a fact that cancels from now on is cancelled at the next review', async () => {
    const { store, only } = await worldAfter(saga({ needs: all }), [cancelled]);
    const { settled } = await reviewInstances(saga({ cancelledBy: [OrderCancelled] }), store, at(NOW_MS));
    expect(settled).toMatchObject([{ outcome: 'cancelled' }]);
    expect(only()).toMatchObject({ status: 'cancelled', expiresAtSeconds: NOW_MS / 1000 + 100 });
  });

  test('an instance that was cancelled stays cancelled when nothing cancels any more', async () => {
    const { store, only } = await worldAfter(saga({ cancelledBy: [OrderCancelled] }), [placed, cancelled]);
    await reviewInstances(saga(), store, at(NOW_MS));
    expect(await handleFact(saga(), store, billed, at(NOW_MS))).toMatchObject({ outcome: 'after-cancellation' });
    expect(only()?.status).toBe('cancelled');
  });

  test.each<[string, number | undefined, number | undefined]>([
    ['added', undefined, HOUR_SECONDS],
    ['changed', HOUR_SECONDS, 2 * HOUR_SECONDS],
    ['removed', HOUR_SECONDS, undefined],
  ])('a deadline that is %s holds for waiting instances, counted from their first fact', async (_, before, after) => {
    const { store, only } = await worldAfter(saga({ deadlineSeconds: before }), [placed]);
    await reviewInstances(saga({ deadlineSeconds: after }), store, at(NOW_MS + MINUTE_MS));
    expect(only()?.dueAtMs).toBe(after === undefined ? undefined : NOW_MS + after * 1000);
  });

  test('an instance whose alert was raised raises no other one after its deadline changed', async () => {
    const late = saga({ deadlineSeconds: HOUR_SECONDS });
    const { store, effects, only } = await worldAfter(late, [placed]);
    await handleDeadline(late, store, 'o1', NOW_MS + HOUR_SECONDS * 1000);
    await reviewInstances(saga({ deadlineSeconds: 2 * HOUR_SECONDS }), store, at(NOW_MS));
    expect([effects.map(({ name }) => name), only()?.dueAtMs]).toEqual([[OVERDUE], undefined]);
  });
});

describe('a review of instances', () => {
  const orders = Array.from({ length: 30 }, (_, n) => `o${n}`);

  const waiting = () =>
    worldAfter(
      saga({ needs: all }),
      orders.flatMap((id) => [happened('OrderPlaced', id), happened('OrderBilled', id)]),
    );

  test('a review of many instances goes on in the next run', async () => {
    const { store, effects } = await waiting();
    const counts = [];
    for (let run = 0; run < 3; run += 1) {
      await reviewInstances(saga(), store, at(NOW_MS + run * MINUTE_MS));
      counts.push(effects.length);
    }
    expect(counts).toEqual([20, 30, 30]);
  });

  test('instances are reviewed again until a deployment must be over, and then no more', async () => {
    const { store, reviews } = await waiting();
    let pages = 0;
    const counted = { ...store, page: (cursor: string | undefined) => store.page(cursor).finally(() => pages++) };
    for (let minute = 0; minute < 60; minute += 5) {
      await reviewInstances(saga(), counted, at(NOW_MS + minute * MINUTE_MS));
    }
    expect(reviews.at(-1)?.isDone).toBe(true);
    const before = pages;
    await reviewInstances(saga(), counted, at(NOW_MS + 70 * MINUTE_MS));
    expect(pages).toBe(before);
  });

  test('an instance that fails is reviewed again and holds up no other', async () => {
    const { store, effects } = await waiting();
    let isBroken = true;
    const broken = {
      ...store,
      read: (key: string) => (isBroken && key === 'o3' ? Promise.reject(new Error('down')) : store.read(key)),
    };
    const runs = [];
    for (let minute = 0; minute < 60; minute += 5) {
      runs.push((await reviewInstances(saga(), broken, at(NOW_MS + minute * MINUTE_MS))).failures.length);
      if (minute === 30) isBroken = false;
    }
    expect(runs.some((failures) => failures > 0)).toBe(true);
    expect(effects).toHaveLength(30);
  });
});

describe('a decision that is no list of effects', () => {
  test.each<[string, unknown, string]>([
    ['a promise', Promise.resolve([]), 'a promise'],
    ['nothing', undefined, 'undefined'],
    ['an effect outside a list', { name: 'Label', data: {} }, 'an object'],
  ])('%s is refused with the name of the saga', async (_, given, said) => {
    const wrong = { ...saga({ needs: [OrderPlaced] }), decide: () => given as [] };
    await expect(handleFact(wrong, inMemorySagaStore().store, placed, at(NOW_MS))).rejects.toThrowError(
      expect.objectContaining({
        code: 'InvalidSaga',
        message: expect.stringContaining(`saga labels returned ${said}`),
      }),
    );
  });

  test('a promise that fails does not end the process', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const failing = () => Promise.reject(new Error('down')) as never;
    const store = inMemorySagaStore().store;
    for (const wrong of [{ decide: failing }, { key: failing }]) {
      const one = { ...saga({ needs: [OrderPlaced] }), ...wrong };
      await expect(handleFact(one, store, placed, at(NOW_MS))).rejects.toThrowError(
        expect.objectContaining({ code: 'InvalidSaga', message: expect.stringContaining('returned a promise') }),
      );
    }
    await new Promise(setImmediate);
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  test.each(['key', 'decide', 'cancelledLate'] as const)('an async %s is refused when the saga is defined', (name) => {
    const definition = { name: 'labels', needs: [OrderPlaced], decide: () => [], [name]: async () => [] };
    expect(() => defineSaga('file:///labels.ts', definition as never)).toThrowError(
      expect.objectContaining({ code: 'InvalidSaga', field: name }),
    );
  });
});
