import { describe, expect, test } from 'vitest';
import type { Fact } from '../../../core/facts/fact.ts';
import { defineSaga, type Effect, OVERDUE, type SagaDefinition } from '../../../core/saga/define.ts';
import { handleDeadline, handleFact, type SagaStore } from '../../../core/saga/handle.ts';
import { overdueStep, sagaStep } from '../../../core/saga/step.ts';
import type { State } from '../../../core/state.ts';
import { HOUR_SECONDS, happened, inMemorySagaStore, type StoreFaults, sales, shipping } from '../../support/sagas.ts';

const NOW_MS = Date.parse('2026-11-23T12:00:00Z');
const clock = { nowMs: NOW_MS, keepSeconds: 100 };
const placed = happened('OrderPlaced', 'o1');
const billed = happened('OrderBilled', 'o1');
const cancelled = happened('OrderCancelled', 'o1');

/** Handles facts in sequence and returns the outcomes and the store. */
async function worldAfter(facts: readonly Fact[], faults: StoreFaults = {}, saga = shipping) {
  const world = inMemorySagaStore(faults);
  const outcomes: string[] = [];
  for (const fact of facts) outcomes.push((await handleFact(saga, world.store, fact, clock)).outcome);
  return { ...world, outcomes };
}

describe('a fact', () => {
  test.each<[string, readonly Fact[], readonly string[], readonly string[]]>([
    ['the last fact needed decides', [placed, billed], ['waiting', 'decided'], ['CreateShippingLabel']],
    [
      'the last fact needed decides in the other order too',
      [billed, placed],
      ['waiting', 'decided'],
      ['CreateShippingLabel'],
    ],
    [
      'the same fact again is a duplicate',
      [placed, placed, billed, billed, placed],
      ['waiting', 'duplicate', 'decided', 'duplicate', 'duplicate'],
      ['CreateShippingLabel'],
    ],
    [
      'a fact of the same type with another id is repeated',
      [placed, happened('OrderPlaced', 'o1', 'again')],
      ['waiting', 'repeated'],
      [],
    ],
    [
      'a cancellation before all other facts prevents the decision',
      [cancelled, placed, billed, cancelled],
      ['cancelled', 'after-cancellation', 'after-cancellation', 'duplicate'],
      [],
    ],
    [
      'a cancellation between the facts prevents the decision',
      [placed, cancelled, billed],
      ['waiting', 'cancelled', 'after-cancellation'],
      [],
    ],
    [
      'a cancellation after the decision has the declared effects',
      [placed, billed, cancelled, cancelled],
      ['waiting', 'decided', 'cancelled-late', 'duplicate'],
      ['CreateShippingLabel', 'RecallLabel'],
    ],
  ])('%s', async (_, facts, outcomes, effects) => {
    const result = await worldAfter(facts);
    expect(result.outcomes).toEqual(outcomes);
    expect(result.effects.map(({ name }) => name)).toEqual(effects);
  });

  test('the decision receives the ids of its facts', async () => {
    const { effects } = await worldAfter([placed, billed]);
    expect(effects).toEqual([
      { key: 'o1', name: 'CreateShippingLabel', data: { orderId: 'o1', paymentId: 'paymentId-of-o1' } },
    ]);
  });

  test('a cancelled instance gets an expiry time and a waiting one does not', async () => {
    const { instances } = await worldAfter([placed, happened('OrderCancelled', 'o2')]);
    expect(instances.get('o1')).toMatchObject({ status: 'waiting', expiresAtSeconds: undefined });
    expect(instances.get('o2')).toMatchObject({ status: 'cancelled', expiresAtSeconds: NOW_MS / 1000 + 100 });
  });

  test('facts that arrive again after their instance was deleted record no effect twice', async () => {
    const { store, instances, effects } = await worldAfter([placed, billed]);
    instances.clear();
    expect(await handleFact(shipping, store, billed, clock)).toMatchObject({ outcome: 'waiting' });
    expect(await handleFact(shipping, store, placed, clock)).toMatchObject({ outcome: 'decided', effects: [] });
    expect(effects).toHaveLength(1);
  });

  test('mutant: a store that does not check for recorded effects records an effect twice', async () => {
    const { store, instances, effects } = await worldAfter([placed, billed], { effectsUnguarded: true });
    instances.clear();
    for (const fact of [billed, placed]) await handleFact(shipping, store, fact, clock);
    expect(effects).toHaveLength(2);
  });

  test('a fact whose commits are all overtaken fails', async () => {
    const store: SagaStore = { read: async () => undefined, commit: async () => ({ kind: 'overtaken' }) };
    await expect(handleFact(shipping, store, placed, clock)).rejects.toThrow(
      'instance o1: other writes overtook the commit 8 times in a row',
    );
  });
});

describe('a deadline', () => {
  const LATE_MS = NOW_MS + 48 * HOUR_SECONDS * 1000;

  test('an overdue instance raises one alert that names the missing facts', async () => {
    const { store, effects } = await worldAfter([placed]);
    expect(await store.due(LATE_MS - 1, 10)).toEqual([]);
    expect(await handleDeadline(shipping, store, 'o1', LATE_MS - 1)).toBeUndefined();
    expect(await store.due(LATE_MS, 10)).toEqual(['o1']);
    expect(await handleDeadline(shipping, store, 'o1', LATE_MS)).toMatchObject({ outcome: 'overdue' });
    expect(await handleDeadline(shipping, store, 'o1', LATE_MS)).toBeUndefined();
    expect(await store.due(LATE_MS, 10)).toEqual([]);
    expect(effects).toEqual([
      { key: 'o1', name: OVERDUE, data: { missing: ['OrderBilled'], since: '2026-11-23T12:00:00.000Z' } },
    ]);
  });

  test('an overdue instance still decides when the last fact arrives', async () => {
    const { store, effects } = await worldAfter([placed]);
    await handleDeadline(shipping, store, 'o1', LATE_MS);
    expect(await handleFact(shipping, store, billed, clock)).toMatchObject({ outcome: 'decided' });
    expect(effects.map(({ name }) => name)).toEqual([OVERDUE, 'CreateShippingLabel']);
  });

  test.each([
    ['decided', [placed, billed]],
    ['cancelled', [placed, cancelled]],
  ])('an instance that is %s has no deadline', async (_, facts) => {
    const { store, instances } = await worldAfter(facts);
    expect(await store.due(LATE_MS, 10)).toEqual([]);
    const instance = instances.get('o1');
    expect(instance && overdueStep(shipping, { ...instance, dueAtMs: 0 }, LATE_MS)).toBeUndefined();
  });

  test('the deadline of an instance that does not exist raises no alert', async () => {
    expect(await handleDeadline(shipping, inMemorySagaStore().store, 'o1', LATE_MS)).toBeUndefined();
  });
});

const minimal = {
  name: 'minimal',
  needs: [sales.publishes.OrderPlaced],
  decide: (): readonly Effect[] => [],
} as const;
const define = (changes: Partial<SagaDefinition<[typeof sales.publishes.OrderPlaced]>>) =>
  defineSaga('file:///minimal.ts', { ...minimal, ...changes });

describe('a saga', () => {
  test('the key of a saga is the id that its facts are about, or the result of its key function', () => {
    expect(define({}).key(placed)).toBe('o1');
    expect(define({ key: ({ data }) => data.shoppingCartId }).key(placed)).toBe('shoppingCartId-of-o1');
  });

  test('the types of a saga know which ids its facts carry', () => {
    define({
      decide: ({ OrderPlaced }) => [
        // @ts-expect-error a fact carries no such id
        { name: 'Label', data: { cart: OrderPlaced.data.shoppingCartId, card: OrderPlaced.data.cardId } },
      ],
    });
  });

  test('a saga that needs one fact decides at once, and has no deadline by default', async () => {
    const saga = define({});
    expect(sagaStep(saga, undefined, placed, clock)).toMatchObject({ outcome: 'decided', effects: [] });
    expect(saga.deadlineSeconds).toBeUndefined();
  });

  test('a saga that two facts cancel late records the effects once', async () => {
    const { OrderPlaced, OrderCancelled } = sales.publishes;
    const [another] = shipping.needs.filter(({ type }) => type !== OrderPlaced.type);
    if (another === undefined) throw new Error('needs a second fact');
    const saga = defineSaga('file:///twice.ts', {
      ...minimal,
      cancelledBy: [OrderCancelled, another],
      cancelledLate: () => [{ name: 'Recall', data: {} }],
    });
    const { store, effects } = inMemorySagaStore();
    const outcomes = [];
    for (const fact of [placed, cancelled, happened(another.type, 'o1')]) {
      outcomes.push((await handleFact(saga, store, fact, clock)).outcome);
    }
    expect(outcomes).toEqual(['decided', 'cancelled-late', 'cancelled-late']);
    expect(effects.map(({ name }) => name)).toEqual(['Recall']);
  });

  test.each<[string, () => unknown, string]>([
    ['an invalid name', () => define({ name: 'Shipping' }), 'name'],
    ['no facts to wait for', () => defineSaga('file:///x.ts', { ...minimal, needs: [] }), 'needs'],
    [
      'the same fact in needs and cancelledBy',
      () => defineSaga('file:///x.ts', { ...minimal, cancelledBy: minimal.needs, cancelledLate: 'ignore' }),
      'needs',
    ],
    [
      'cancelledBy but no cancelledLate',
      () => defineSaga('file:///x.ts', { ...minimal, cancelledBy: [sales.publishes.OrderCancelled] }),
      'cancelledLate',
    ],
    ['a deadline of a second', () => define({ deadlineSeconds: 1 }), 'deadlineSeconds'],
    ['a deadline of NaN', () => define({ deadlineSeconds: Number.NaN }), 'deadlineSeconds'],
    ['a deadline beyond a year', () => define({ deadlineSeconds: 367 * 24 * HOUR_SECONDS }), 'deadlineSeconds'],
  ])('a saga with %s is refused', (_, make, field) => {
    expect(make).toThrowError(expect.objectContaining({ code: 'InvalidSaga', field }));
  });

  test.each<[string, readonly Effect[], RegExp]>([
    ['an invalid name', [{ name: 'two words', data: {} }], /not a valid entity type/],
    [
      'data that JSON cannot represent',
      [{ name: 'Label', data: { at: new Date(0) } as unknown as State }],
      /not a JSON value/,
    ],
    [
      'the same name twice',
      [
        { name: 'Label', data: {} },
        { name: 'Label', data: {} },
      ],
      /each name once/,
    ],
    [
      'more than a transaction allows',
      Array.from({ length: 100 }, (_, n) => ({ name: `Label${n}`, data: {} })),
      /too many for instance o1: 100\. Allowed: at most 99/,
    ],
    ['the reserved name of the alert', [{ name: OVERDUE, data: {} }], /never Overdue, which is reserved/],
  ])('a decision whose effects have %s fails', (_, effects, message) => {
    expect(() => sagaStep(define({ decide: () => effects }), undefined, placed, clock)).toThrow(message);
  });
});
