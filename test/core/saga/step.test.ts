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

/** Takes facts in one after the other; returns the outcomes and the store. */
async function worldAfter(facts: readonly Fact[], faults: StoreFaults = {}, saga = shipping) {
  const world = inMemorySagaStore(faults);
  const outcomes: string[] = [];
  for (const fact of facts) outcomes.push((await handleFact(saga, world.store, fact, clock)).outcome);
  return { ...world, outcomes };
}

describe('a fact', () => {
  test.each<[string, readonly Fact[], readonly string[], readonly string[]]>([
    ['the last of those needed decides', [placed, billed], ['waiting', 'decided'], ['CreateShippingLabel']],
    ['in the other order too', [billed, placed], ['waiting', 'decided'], ['CreateShippingLabel']],
    [
      'that comes again is a duplicate',
      [placed, placed, billed, billed, placed],
      ['waiting', 'duplicate', 'decided', 'duplicate', 'duplicate'],
      ['CreateShippingLabel'],
    ],
    [
      'of a type that is there under another id is repeated',
      [placed, happened('OrderPlaced', 'o1', 'again')],
      ['waiting', 'repeated'],
      [],
    ],
    [
      'that cancels comes first',
      [cancelled, placed, billed, cancelled],
      ['cancelled', 'after-cancellation', 'after-cancellation', 'duplicate'],
      [],
    ],
    ['that cancels in between', [placed, cancelled, billed], ['waiting', 'cancelled', 'after-cancellation'], []],
    [
      'that cancels too late has the effects that were declared',
      [placed, billed, cancelled, cancelled],
      ['waiting', 'decided', 'cancelled-late', 'duplicate'],
      ['CreateShippingLabel', 'RecallLabel'],
    ],
  ])('%s', async (_, facts, outcomes, effects) => {
    const result = await worldAfter(facts);
    expect(result.outcomes).toEqual(outcomes);
    expect(result.effects.map(({ name }) => name)).toEqual(effects);
  });

  test('gives the decision what it carries', async () => {
    const { effects } = await worldAfter([placed, billed]);
    expect(effects).toEqual([
      { key: 'o1', name: 'CreateShippingLabel', data: { orderId: 'o1', paymentId: 'paymentId-of-o1' } },
    ]);
  });

  test('settles its instance for as long as it is kept; one that waits stays', async () => {
    const { instances } = await worldAfter([placed, happened('OrderCancelled', 'o2')]);
    expect(instances.get('o1')).toMatchObject({ status: 'waiting', expiresAtSeconds: undefined });
    expect(instances.get('o2')).toMatchObject({ status: 'cancelled', expiresAtSeconds: NOW_MS / 1000 + 100 });
  });

  test('that comes again after its instance was forgotten records nothing twice', async () => {
    const { store, instances, effects } = await worldAfter([placed, billed]);
    instances.clear();
    expect(await handleFact(shipping, store, billed, clock)).toMatchObject({ outcome: 'waiting' });
    expect(await handleFact(shipping, store, placed, clock)).toMatchObject({ outcome: 'decided', effects: [] });
    expect(effects).toHaveLength(1);
  });

  test('mutant: a store that records an effect again is found by that', async () => {
    const { store, instances, effects } = await worldAfter([placed, billed], { effectsUnguarded: true });
    instances.clear();
    for (const fact of [billed, placed]) await handleFact(shipping, store, fact, clock);
    expect(effects).toHaveLength(2);
  });

  test('that is overtaken every time fails, so that it comes again', async () => {
    const store: SagaStore = { read: async () => undefined, commit: async () => ({ kind: 'overtaken' }) };
    await expect(handleFact(shipping, store, placed, clock)).rejects.toThrow('instance o1: overtaken 8 times in a row');
  });
});

describe('a deadline', () => {
  const LATE_MS = NOW_MS + 48 * HOUR_SECONDS * 1000;

  test('raises one alert, which names what is missing, when it has passed', async () => {
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

  test('that was missed keeps nobody from deciding', async () => {
    const { store, effects } = await worldAfter([placed]);
    await handleDeadline(shipping, store, 'o1', LATE_MS);
    expect(await handleFact(shipping, store, billed, clock)).toMatchObject({ outcome: 'decided' });
    expect(effects.map(({ name }) => name)).toEqual([OVERDUE, 'CreateShippingLabel']);
  });

  test.each([
    ['decided', [placed, billed]],
    ['cancelled', [placed, cancelled]],
  ])('is none of an instance that is %s', async (_, facts) => {
    const { store, instances } = await worldAfter(facts);
    expect(await store.due(LATE_MS, 10)).toEqual([]);
    const instance = instances.get('o1');
    expect(instance && overdueStep(shipping, { ...instance, dueAtMs: 0 }, LATE_MS)).toBeUndefined();
  });

  test('of an instance that is gone raises nothing', async () => {
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
  test('goes by what its facts are about, or by another key', () => {
    expect(define({}).key(placed)).toBe('o1');
    expect(define({ key: ({ data }) => data.shoppingCartId }).key(placed)).toBe('shoppingCartId-of-o1');
  });

  test('knows by type which ids its facts carry', () => {
    define({
      decide: ({ OrderPlaced }) => [
        // @ts-expect-error a fact carries no such id
        { name: 'Label', data: { cart: OrderPlaced.data.shoppingCartId, card: OrderPlaced.data.cardId } },
      ],
    });
  });

  test('that needs one fact decides at once, and waits for ever without a deadline', async () => {
    const saga = define({});
    expect(sagaStep(saga, undefined, placed, clock)).toMatchObject({ outcome: 'decided', effects: [] });
    expect(saga.deadlineSeconds).toBeUndefined();
  });

  test('that is cancelled late by two facts records what it does of that once', async () => {
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
    ['a name that is none', () => define({ name: 'Shipping' }), 'name'],
    ['nothing that it needs', () => defineSaga('file:///x.ts', { ...minimal, needs: [] }), 'needs'],
    [
      'a fact that it needs twice',
      () => defineSaga('file:///x.ts', { ...minimal, cancelledBy: minimal.needs, cancelledLate: 'ignore' }),
      'needs',
    ],
    [
      'no word on late cancellations',
      () => defineSaga('file:///x.ts', { ...minimal, cancelledBy: [sales.publishes.OrderCancelled] }),
      'cancelledLate',
    ],
    ['a deadline of a second', () => define({ deadlineSeconds: 1 }), 'deadlineSeconds'],
    ['a deadline that is no number', () => define({ deadlineSeconds: Number.NaN }), 'deadlineSeconds'],
    ['a deadline beyond a year', () => define({ deadlineSeconds: 367 * 24 * HOUR_SECONDS }), 'deadlineSeconds'],
  ])('is refused with %s', (_, make, field) => {
    expect(make).toThrowError(expect.objectContaining({ code: 'InvalidSaga', field }));
  });

  test.each<[string, readonly Effect[], RegExp]>([
    ['a name that is none', [{ name: 'two words', data: {} }], /not a valid entity type/],
    ['data that is no JSON', [{ name: 'Label', data: { at: new Date(0) } as unknown as State }], /not a JSON value/],
    [
      'one name twice',
      [
        { name: 'Label', data: {} },
        { name: 'Label', data: {} },
      ],
      /Each name once/,
    ],
    [
      'more of them than a transaction takes',
      Array.from({ length: 100 }, (_, n) => ({ name: `Label${n}`, data: {} })),
      /100 effects of o1 at once\. At most 99/,
    ],
    ['the name of the alert', [{ name: OVERDUE, data: {} }], /Each name once/],
  ])('may not decide on effects with %s', (_, effects, message) => {
    expect(() => sagaStep(define({ decide: () => effects }), undefined, placed, clock)).toThrow(message);
  });
});
