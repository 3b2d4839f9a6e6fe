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

/** Every possible fact once: one for each order and type. */
const FACTS: readonly Fact[] = ORDERS.flatMap((order) => TYPES.map((type) => happened(type, order)));

/** Deliveries of some facts, as indexes into `FACTS`: any number of times and in any order. */
const deliveries = fc.array(fc.nat(FACTS.length - 1), { maxLength: 24 });

const factsOf = (indexes: readonly number[]) => indexes.flatMap((index) => FACTS[index] ?? []);

/** Whether an order must have a label: it was placed and billed, and not cancelled before the later of the two. */
function deservesLabel(order: string, facts: readonly Fact[]): boolean {
  const first = (type: string) => facts.findIndex((fact) => fact.type === type && fact.data.orderId === order);
  const [placed, billed, cancelled] = TYPES.map(first) as [number, number, number];
  return placed >= 0 && billed >= 0 && (cancelled < 0 || cancelled > Math.max(placed, billed));
}

/** Handles facts in sequence and returns the names of the effects of each order. */
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

describe('10,000 interleavings of facts with duplicates', () => {
  test('an order gets exactly one label if it was placed and billed and not cancelled before, and else none', () => {
    fc.assert(oneLabelForEachOrderThatDeservesIt(sagaStep), { numRuns: 10_000 });
  });

  test.each<[string, typeof sagaStep]>([
    ['forgets the stored facts', (saga, at, ...rest) => sagaStep(saga, at && { ...at, facts: {} }, ...rest)],
    ['starts again after the decision', (saga, at, ...rest) => sagaStep(saga, undecided(at), ...rest)],
    [
      'decides after a cancellation',
      (saga, at, ...rest) => sagaStep(saga, at && { ...at, status: 'waiting' }, ...rest),
    ],
    ['needs only one of its facts', (saga, ...rest) => sagaStep({ ...saga, needs: saga.needs.slice(1) }, ...rest)],
    ['cancels a decision that was made', cancelsLate],
    [
      'expects the facts in one order',
      (saga, at, fact, clock) =>
        at === undefined && fact.type === 'OrderBilled'
          ? { outcome: 'waiting', effects: [] }
          : sagaStep(saga, at, fact, clock),
    ],
  ])('mutant: the property fails for a step that %s', (_, mutant) => {
    expect(fc.check(oneLabelForEachOrderThatDeservesIt(mutant), { numRuns: 10_000, endOnFailure: true }).failed).toBe(
      true,
    );
  });
});

function undecided(at: SagaInstance | undefined): SagaInstance | undefined {
  return at?.status === 'decided' ? undefined : at;
}

function cancelsLate(...[saga, at, fact, clock]: Parameters<typeof sagaStep>): ReturnType<typeof sagaStep> {
  const step = sagaStep(saga, at, fact, clock);
  return step.outcome === 'cancelled-late' ? { ...step, outcome: 'cancelled', effects: [] } : step;
}

/** Batches of deliveries that are handled concurrently, and the store's calls that fail. */
const concurrent = fc.record({
  batches: fc.array(fc.array(fc.nat(FACTS.length - 1), { minLength: 1, maxLength: 6 }), { maxLength: 5 }),
  failures: fc.array(fc.constantFrom(undefined, undefined, 'read', 'before', 'after'), { maxLength: 12 }),
});

/** Delivers the facts of each batch concurrently, and repeats failed deliveries until all succeed. */
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
    // A planned fault waits for a call of its kind; undefined lets one call succeed.
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
      // Placed, billed and never cancelled: one label. Cancelled: no label, or one that is recalled.
      const complete = has('OrderPlaced') && has('OrderBilled');
      const expected = complete && !has('OrderCancelled') ? [1] : complete ? [0, 1] : [0];
      if (!expected.includes(recorded)) throw new Error(`${order}: ${recorded} labels`);
      if (has('OrderCancelled') && recalled !== recorded) throw new Error(`${order}: ${recalled} recalled`);
      // A commit whose response was lost is reported as a duplicate.
      if (said('decided') > recorded || said('cancelled-late') > recalled)
        throw new Error(`${order}: told more than done`);
    }
  });
}

describe('concurrent facts with a failing store', () => {
  test('concurrent facts with a failing store give one label, recalled or absent if cancelled', async () => {
    await fc.assert(whatIsRecordedIsWhatWasDecided({}), { numRuns: 2_000 });
  });

  test('mutant: the property fails for a store that accepts any revision', async () => {
    const found = await fc.check(whatIsRecordedIsWhatWasDecided({ unguarded: true }), {
      numRuns: 2_000,
      endOnFailure: true,
    });
    expect(found.failed).toBe(true);
  });
});
