import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fact } from '../../../core/facts/fact.ts';
import type { Saga } from '../../../core/saga/define.ts';
import { handleFact } from '../../../core/saga/handle.ts';
import { type SagaInstance, type SagaOutcome, sagaStep } from '../../../core/saga/step.ts';
import { happened, inMemorySagaStore, type StoreFaults, shipping } from '../../support/sagas.ts';

const TYPES = ['OrderPlaced', 'OrderBilled', 'OrderCancelled'] as const;
const ORDERS = ['o1', 'o2', 'o3'] as const;
const CLOCK = { nowMs: 0, keepSeconds: 1_000 };

/** Every fact that may happen, once: which order and type a delivery is of. */
const FACTS: readonly Fact[] = ORDERS.flatMap((order) => TYPES.map((type) => happened(type, order)));

/** Deliveries of some of the facts, each any number of times, in any order. */
const deliveries = fc.array(fc.nat(FACTS.length - 1), { maxLength: 24 });

const factsOf = (indexes: readonly number[]) => indexes.flatMap((index) => FACTS[index] ?? []);

/** Whether an order has a label: it was placed and billed, and not cancelled before the later of the two. */
function deservesLabel(order: string, facts: readonly Fact[]): boolean {
  const first = (type: string) => facts.findIndex((fact) => fact.type === type && fact.data.orderId === order);
  const [placed, billed, cancelled] = TYPES.map(first) as [number, number, number];
  return placed >= 0 && billed >= 0 && (cancelled < 0 || cancelled > Math.max(placed, billed));
}

/** Takes facts in one after the other and returns the names of the effects of each order. */
function effectsAfter(step: typeof sagaStep, facts: readonly Fact[], saga: Saga): Map<string, string[]> {
  const instances = new Map<string, SagaInstance>();
  const effects = new Map<string, string[]>(ORDERS.map((order) => [order, []]));
  for (const fact of facts) {
    const key = fact.data.orderId ?? '';
    const { next, effects: added } = step(saga, instances.get(key), fact, CLOCK);
    if (next === undefined) continue;
    instances.set(key, next);
    effects.get(key)?.push(...added.map(({ name }) => name));
  }
  return effects;
}

function oneLabelForEachOrderThatDeservesIt(step: typeof sagaStep, saga = shipping) {
  return fc.property(deliveries, (indexes) => {
    const facts = factsOf(indexes);
    const effects = effectsAfter(step, facts, saga);
    for (const order of ORDERS) {
      const isCancelled = facts.some(({ type, data }) => type === 'OrderCancelled' && data.orderId === order);
      const label = deservesLabel(order, facts) ? ['CreateShippingLabel'] : [];
      const recall = label.length > 0 && isCancelled ? ['RecallLabel'] : [];
      if (String(effects.get(order)) !== String([...label, ...recall]))
        throw new Error(`${order}: ${effects.get(order)}`);
    }
  });
}

describe('of 10,000 interleavings of placed, billed and cancelled, with duplicates', () => {
  test('each gives one label to each order that was placed, billed and not cancelled before, and none to others', () => {
    fc.assert(oneLabelForEachOrderThatDeservesIt(sagaStep), { numRuns: 10_000 });
  });

  test.each<[string, typeof sagaStep]>([
    ['forgets which facts it has', (saga, at, ...rest) => sagaStep(saga, at && { ...at, facts: {} }, ...rest)],
    ['begins anew once it has decided', (saga, at, ...rest) => sagaStep(saga, undecided(at), ...rest)],
    [
      'goes on after a cancellation',
      (saga, at, ...rest) => sagaStep(saga, at && { ...at, status: 'waiting' }, ...rest),
    ],
    ['needs only one of its facts', (saga, ...rest) => sagaStep({ ...saga, needs: saga.needs.slice(1) }, ...rest)],
    ['cancels what it has decided', cancelsLate],
    [
      'takes the order of facts for granted',
      (saga, at, fact, clock) =>
        at === undefined && fact.type === 'OrderBilled'
          ? { outcome: 'waiting', effects: [] }
          : sagaStep(saga, at, fact, clock),
    ],
  ])('mutant: a step that %s is found', (_, mutant) => {
    expect(fc.check(oneLabelForEachOrderThatDeservesIt(mutant), { numRuns: 10_000 }).failed).toBe(true);
  });
});

function undecided(at: SagaInstance | undefined): SagaInstance | undefined {
  return at?.status === 'decided' ? undefined : at;
}

function cancelsLate(...[saga, at, fact, clock]: Parameters<typeof sagaStep>): ReturnType<typeof sagaStep> {
  const step = sagaStep(saga, at, fact, clock);
  return step.outcome === 'cancelled-late' ? { ...step, outcome: 'cancelled', effects: [] } : step;
}

/** Batches of deliveries that are worked on side by side, and the calls of the store that fail. */
const concurrent = fc.record({
  batches: fc.array(fc.array(fc.nat(FACTS.length - 1), { minLength: 1, maxLength: 6 }), { maxLength: 5 }),
  failures: fc.array(fc.constantFrom(undefined, undefined, 'read', 'before', 'after'), { maxLength: 12 }),
});

/** Delivers each batch side by side, and again what failed, until all of it went through. */
async function outcomesAfter(batches: readonly (readonly Fact[])[], faults: StoreFaults) {
  const { store, effects } = inMemorySagaStore(faults);
  const outcomes: { readonly key: string; readonly outcome: SagaOutcome }[] = [];
  for (const batch of batches) {
    let waiting = batch;
    while (waiting.length > 0) {
      const results = await Promise.allSettled(waiting.map((fact) => handleFact(shipping, store, fact, CLOCK)));
      for (const result of results) if (result.status === 'fulfilled') outcomes.push(result.value);
      waiting = waiting.filter((_, index) => results[index]?.status === 'rejected');
    }
  }
  return { outcomes, effects };
}

function whatIsRecordedIsWhatWasDecided(faults: StoreFaults) {
  return fc.asyncProperty(concurrent, async ({ batches, failures }) => {
    const planned = [...failures];
    // A planned fault waits for the call that it is of; undefined lets one call through.
    const fail: StoreFaults['fail'] = (at) => {
      if (planned[0] !== undefined && planned[0] !== at) return false;
      return planned.shift() !== undefined;
    };
    const facts = batches.map(factsOf);
    const { outcomes, effects } = await outcomesAfter(facts, { ...faults, fail });
    for (const order of ORDERS) {
      const recorded = effects.filter(({ key, name }) => key === order && name === 'CreateShippingLabel').length;
      const recalled = effects.filter(({ key, name }) => key === order && name === 'RecallLabel').length;
      const has = (type: string) => facts.flat().some((fact) => fact.type === type && fact.data.orderId === order);
      const said = (outcome: SagaOutcome) =>
        outcomes.filter((one) => one.key === order && one.outcome === outcome).length;
      // Placed, billed and never cancelled: one label. Cancelled: a label that is recalled, or none.
      const complete = has('OrderPlaced') && has('OrderBilled');
      const expected = complete && !has('OrderCancelled') ? [1] : complete ? [0, 1] : [0];
      if (!expected.includes(recorded)) throw new Error(`${order}: ${recorded} labels`);
      if (has('OrderCancelled') && recalled !== recorded) throw new Error(`${order}: ${recalled} recalled`);
      // A commit whose answer was lost is told as a duplicate.
      if (said('decided') > recorded || said('cancelled-late') > recalled)
        throw new Error(`${order}: told more than done`);
    }
  });
}

describe('facts that are taken in side by side, through a store that fails', () => {
  test('leave one label for each order that is placed and billed, recalled or absent if it is cancelled', async () => {
    await fc.assert(whatIsRecordedIsWhatWasDecided({}), { numRuns: 2_000 });
  });

  test('mutant: a store that takes any revision is found', async () => {
    const found = await fc.check(whatIsRecordedIsWhatWasDecided({ unguarded: true }), { numRuns: 2_000 });
    expect(found.failed).toBe(true);
  });
});
