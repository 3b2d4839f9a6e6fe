// `assert` in loops of properties: it takes a small part of the time of `expect`.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decide,
  FLOW_STATES,
  type FlowDecision,
  type FlowState,
  MIN_PACE,
  PACED_FROM,
  parseFlowDecision,
} from '../../../core/govern/decide.ts';
import type { CacheReport } from '../../../core/govern/report.ts';

type Decide = typeof decide;

const NOW_MS = 1_000_000_000;
const LIFE_SECONDS = 180;

/** Names of caches; some are names of inherited properties. */
const CACHES = ['shop', 'depot', 'constructor', 'to-string'];

const rates = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 5_000, noNaN: true }));
const backlogs = fc.oneof(fc.constantFrom(0, 100, 499, 500, 999, 1_000, 1_001), fc.nat({ max: 1_000_000 }));

const reportsOf = (cache: string) =>
  fc.record<CacheReport>({
    cache: fc.constant(cache),
    atMs: fc.integer({ min: NOW_MS - 2 * LIFE_SECONDS * 1000, max: NOW_MS }),
    backlog: backlogs,
    productionRate: rates,
    consumptionRate: rates,
    oldestAgeSeconds: rates,
    drainSeconds: fc.constant(null),
    share: fc.double({ min: 0.01, max: 1, noNaN: true }),
  });

/** Which caches may slow the owner, and which of them report. */
const situations = fc.subarray(CACHES, { minLength: 1 }).chain((caches) =>
  fc.record({
    highWaters: fc.tuple(...caches.map((cache) => fc.tuple(fc.constant(cache), fc.integer({ min: 1, max: 10_000 })))),
    /** Successive rounds of reports. */
    rounds: fc.array(
      fc.record({
        reports: fc.subarray(caches).chain((some) => fc.tuple(...some.map(reportsOf))),
        stream: fc.record({ records: fc.nat({ max: 2_000 }), rate: rates }),
        afterSeconds: fc.integer({ min: 1, max: 200 }),
      }),
      { minLength: 1, maxLength: 12 },
    ),
  }),
);

const REFUSING: FlowState = 'refusing';

const strictest = (levels: readonly FlowState[]): FlowState =>
  FLOW_STATES.findLast((state) => levels.includes(state)) ?? 'normal';

/** The possible next levels of a cache. Whether `paced` ends also depends on the pace. */
function levelsAfter(before: FlowState, backlog: number, highWater: number): FlowState[] {
  if (backlog >= highWater) return ['refusing'];
  if (before === 'refusing' && backlog > PACED_FROM * highWater) return ['refusing'];
  if (before === 'refusing' || backlog >= PACED_FROM * highWater) return ['paced'];
  return before === 'normal' ? ['normal'] : ['paced', 'normal'];
}

function everyDecisionIsLawful(decideBy: Decide) {
  return fc.property(situations, ({ highWaters, rounds }) => {
    const marks = new Map(highWaters);
    const settings = {
      maySlowOwner: Object.fromEntries(highWaters.map(([cache, highWater]) => [cache, { highWater }])),
      reportLifeSeconds: LIFE_SECONDS,
      decisionLifeSeconds: LIFE_SECONDS,
    };
    let previous: FlowDecision | undefined;
    let nowMs = NOW_MS;
    for (const { reports: given, stream, afterSeconds } of rounds) {
      const reports = given.map((report) => ({ ...report, atMs: report.atMs + nowMs - NOW_MS }));
      const decision = decideBy(previous, reports, stream, settings, nowMs);
      assert.deepEqual(decideBy(previous, reports, stream, settings, nowMs), decision);
      // The next decision and the writers read the stored decision.
      assert.deepEqual(parseFlowDecision(JSON.stringify(decision)), decision);

      const heard = reports.filter(({ atMs }) => nowMs - atMs <= LIFE_SECONDS * 1000);
      const names = heard.map(({ cache }) => cache);
      assert.deepEqual(Object.keys(decision.levels).sort(), [...names].sort());
      assert.deepEqual(
        [...decision.missing].sort(),
        [...marks.keys()].filter((cache) => !names.includes(cache)).sort(),
      );
      const before = new Map(Object.entries(previous?.levels ?? {}));
      const after = new Map(Object.entries(decision.levels));
      for (const { cache, backlog } of heard) {
        const allowed = levelsAfter(before.get(cache) ?? 'normal', backlog + stream.records, marks.get(cache) ?? 0);
        assert.ok(allowed.includes(after.get(cache) ?? 'normal'));
      }

      const { state, cause, pacePerSecond, retryAfterSeconds } = decision;
      assert.equal(state, strictest([...after.values()]));
      assert.equal(cause === undefined, state === 'normal');
      if (cause !== undefined) {
        const shares = heard
          .filter(({ cache }) => after.get(cache) === state)
          .map(({ cache, backlog }) => (backlog + stream.records) / (marks.get(cache) ?? 0));
        assert.equal(after.get(cause.cache), state);
        assert.equal(cause.backlog / (marks.get(cause.cache) ?? 0), Math.max(...shares));
      }
      assert.equal(pacePerSecond !== undefined, state === 'paced');
      assert.ok((pacePerSecond ?? MIN_PACE) >= MIN_PACE);
      assert.equal(retryAfterSeconds >= 1 && retryAfterSeconds <= 900, state === 'refusing');
      previous = decision;
      nowMs += afterSeconds * 1000;
    }
  });
}

test('every decision follows from the levels of the caches, names the worst cache and stays within its bounds', () => {
  fc.assert(everyDecisionIsLawful(decide), { numRuns: 500 });
});

const changed =
  (change: (decision: FlowDecision) => FlowDecision): Decide =>
  (...args) =>
    change(decide(...args));

test.each<[string, Decide]>([
  [
    'uses the most lenient level',
    changed((decision) => ({
      ...decision,
      state: FLOW_STATES.find((state) => Object.values(decision.levels).includes(state)) ?? 'normal',
    })),
  ],
  [
    'uses reports of any age',
    (previous, reports, stream, settings, nowMs) =>
      decide(previous, reports, stream, { ...settings, reportLifeSeconds: 10 * LIFE_SECONDS }, nowMs),
  ],
  ['forgets the previous levels', (previous, ...rest) => decide(previous && { ...previous, levels: {} }, ...rest)],
  [
    'ignores the records in the stream',
    (previous, reports, stream, ...rest) => decide(previous, reports, { ...stream, records: 0 }, ...rest),
  ],
  ['does not name missing caches', changed((decision) => ({ ...decision, missing: [] }))],
  [
    'sets a pace below the minimum',
    changed(({ pacePerSecond, ...decision }) =>
      pacePerSecond === undefined ? decision : { ...decision, pacePerSecond: Math.min(0.5, pacePerSecond) },
    ),
  ],
  [
    'sets a retry-after above the maximum',
    changed((decision) => ({ ...decision, retryAfterSeconds: 2 * decision.retryAfterSeconds })),
  ],
  [
    'reads inherited properties as levels',
    (previous, ...rest) =>
      decide(previous && { ...previous, levels: { ...previous.levels, constructor: REFUSING } }, ...rest),
  ],
])('mutant: the property fails for a governor that %s', (_, mutant) => {
  expect(fc.check(everyDecisionIsLawful(mutant), { numRuns: 500, endOnFailure: true }).failed).toBe(true);
});
