import { describe, expect, test } from 'vitest';
import { decide, type FlowDecision, MIN_PACE, PACE_RANGE, parseFlowDecision } from '../../../core/govern/decide.ts';
import { type GovernPorts, govern } from '../../../core/govern/govern.ts';
import type { CacheReport } from '../../../core/govern/report.ts';

const NOW_MS = 1_000_000_000;
const HIGH = 1_000;
const QUIET = { records: 0, rate: 0 };
const settings = {
  maySlowOwner: { shop: { highWater: HIGH } },
  reportLifeSeconds: 180,
  decisionLifeSeconds: 180,
};

const report = (differing: Partial<CacheReport> = {}): CacheReport => ({
  cache: 'shop',
  atMs: NOW_MS,
  backlog: 0,
  productionRate: 0,
  consumptionRate: 10,
  oldestAgeSeconds: 0,
  drainSeconds: null,
  share: 1,
  ...differing,
});

const decided = (backlog: number, previous?: FlowDecision, rate = 0): FlowDecision =>
  decide(previous, [report({ backlog })], { records: 0, rate }, settings, NOW_MS);

const standing = (state: FlowDecision['state'], differing: Partial<FlowDecision> = {}): FlowDecision => ({
  state,
  retryAfterSeconds: 0,
  levels: { shop: state },
  missing: [],
  capacities: { shop: 10 },
  decidedAtMs: NOW_MS - 60_000,
  validUntilMs: NOW_MS + 120_000,
  ...(state === 'paced' && { pacePerSecond: 8, settledSinceMs: NOW_MS - 600_000 }),
  ...differing,
});

describe('the flow state', () => {
  test.each<[FlowDecision['state'], number, FlowDecision['state']]>([
    ['normal', 499, 'normal'],
    ['normal', 500, 'paced'],
    ['normal', 999, 'paced'],
    ['normal', 1_000, 'refusing'],
    ['paced', 1_000, 'refusing'],
    ['paced', 101, 'paced'],
    ['paced', 100, 'normal'],
    ['refusing', 501, 'refusing'],
    ['refusing', 500, 'paced'],
    ['refusing', 0, 'paced'],
  ])('the flow state changes from %s at a backlog of %i to %s', (from, backlog, to) => {
    expect(decided(backlog, standing(from)).state).toBe(to);
  });

  test('writes stay paced while their rate is near the pace or not known yet', () => {
    expect(decided(0, standing('paced'), 8).state).toBe('paced');
    expect(decided(0, standing('paced', { settledSinceMs: NOW_MS - 60_000 })).state).toBe('paced');
    expect(decided(0, standing('paced'), 1).state).toBe('normal');
  });

  test('writes press at half of the pace, and above the highest consumption rate of the cache', () => {
    expect(decided(0, standing('paced'), 4).state).toBe('paced');
    expect(decided(0, standing('paced'), 3.9).state).toBe('normal');
    // The pace grew far beyond the cache's capacity, so a small part of it already exceeds the capacity.
    expect(decided(0, standing('paced', { pacePerSecond: 100 }), 10).state).toBe('normal');
    expect(decided(0, standing('paced', { pacePerSecond: 100 }), 10.1).state).toBe('paced');
  });

  test('a limit ends only if the metrics of the cache and of the relay could be read', () => {
    const paced = standing('paced');
    const stateWith = (isUnmeasured: boolean, stream: Parameters<typeof decide>[2]) =>
      decide(paced, [report({ isUnmeasured })], stream, settings, NOW_MS).state;
    expect(stateWith(false, QUIET)).toBe('normal');
    expect(stateWith(true, QUIET)).toBe('paced');
    expect(stateWith(false, { ...QUIET, isUnmeasured: true })).toBe('paced');
  });

  test('the pace stays while the metrics of a lagging cache cannot be read, and refuses at the high water', () => {
    const unmeasured = (backlog: number, before: FlowDecision) =>
      decide(before, [report({ isUnmeasured: true, consumptionRate: 0, backlog })], QUIET, settings, NOW_MS);
    expect(unmeasured(600, standing('paced'))).toMatchObject({ state: 'paced', pacePerSecond: 8 });
    expect(unmeasured(HIGH, standing('paced')).state).toBe('refusing');
    expect(unmeasured(501, standing('refusing')).state).toBe('refusing');
    // After a refusal there is no pace to keep.
    expect(unmeasured(500, standing('refusing'))).toMatchObject({ state: 'paced', pacePerSecond: MIN_PACE });
  });

  test('the pace is settled while no paced cache lags and the pace grows at most regularly', () => {
    const settled = standing('paced', { settledSinceMs: NOW_MS - 60_000 });
    expect(decided(0, settled).settledSinceMs).toBe(NOW_MS - 60_000);
    expect(decided(101, settled).settledSinceMs).toBe(NOW_MS);
    expect(decided(0, { ...settled, pacePerSecond: 1 }).settledSinceMs).toBe(NOW_MS);
    expect(decided(0, standing('refusing')).settledSinceMs).toBe(NOW_MS);
  });

  test('the backlog of a cache includes the records in the stream', () => {
    expect(decide(undefined, [report({ backlog: 400 })], { records: 100, rate: 0 }, settings, NOW_MS)).toMatchObject({
      state: 'paced',
      cause: { cache: 'shop', backlog: 500 },
    });
  });

  test('the flow state is that of the strictest cache, and the decision names the cache with the worst backlog', () => {
    const two = { ...settings, maySlowOwner: { shop: { highWater: HIGH }, depot: { highWater: 100 } } };
    const reports = [report({ backlog: 600 }), report({ cache: 'depot', backlog: 110, consumptionRate: 20 })];
    const decision = decide(undefined, reports, QUIET, two, NOW_MS);
    expect(decision).toMatchObject({ state: 'refusing', levels: { shop: 'paced', depot: 'refusing' } });
    expect(decision.cause).toEqual({ cache: 'depot', backlog: 110, drainSeconds: 5.5 });
  });

  test('a cache whose report is missing or too old counts as normal and is named as missing', () => {
    expect(decide(standing('refusing'), [], QUIET, settings, NOW_MS)).toMatchObject({
      state: 'normal',
      missing: ['shop'],
    });
    const justInTime = [report({ backlog: 5_000, atMs: NOW_MS - 180_000 })];
    expect(decide(undefined, justInTime, QUIET, settings, NOW_MS)).toMatchObject({ state: 'refusing', missing: [] });
    const old = [report({ backlog: 5_000, atMs: NOW_MS - 180_001 })];
    expect(decide(undefined, old, QUIET, settings, NOW_MS)).toMatchObject({ state: 'normal', missing: ['shop'] });
  });

  test('a cache may have the name of an inherited property, such as constructor', () => {
    const odd = { ...settings, maySlowOwner: { constructor: { highWater: HIGH } } };
    const decision = decide(standing('normal'), [report({ cache: 'constructor', backlog: 200 })], QUIET, odd, NOW_MS);
    expect(decision).toMatchObject({ state: 'normal', missing: [] });
  });
});

describe('the pace', () => {
  const paced = (differing: Partial<CacheReport>) =>
    decide(standing('paced'), [report(differing)], QUIET, settings, NOW_MS).pacePerSecond ?? Number.NaN;

  test('the pace is below consumption for a high backlog, above it for a low one, and always within its range', () => {
    expect(paced({ backlog: 950, consumptionRate: 10 })).toBeCloseTo(10 - 700 / 180);
    expect(paced({ backlog: 250, consumptionRate: 10 })).toBe(10);
    expect(paced({ backlog: 950, consumptionRate: 4 })).toBe(PACE_RANGE[0] * 4);
    expect(paced({ backlog: 101, consumptionRate: 2 })).toBe(PACE_RANGE[1] * 2);
  });

  test('the pace doubles in the life of a report without backlog, and follows consumption again with one', () => {
    const before = standing('paced', { decidedAtMs: NOW_MS - 180_000, settledSinceMs: NOW_MS, pacePerSecond: 40 });
    const next = (backlog: number) =>
      decide(before, [report({ backlog })], { records: 0, rate: 40 }, settings, NOW_MS).pacePerSecond;
    expect(next(100)).toBe(80);
    expect(next(101)).toBeLessThanOrEqual(PACE_RANGE[1] * 10);
  });

  test('the pace of an owner that shares the cache is its share of the consumption', () => {
    expect(paced({ backlog: 250, consumptionRate: 10, share: 0.5 })).toBe(5);
  });

  test('the pace is at least one write a second, even for a cache that consumes nothing', () => {
    expect(paced({ backlog: 600, consumptionRate: 0 })).toBe(MIN_PACE);
  });

  test('the pace is that of the slowest cache', () => {
    const two = { ...settings, maySlowOwner: { shop: { highWater: HIGH }, depot: { highWater: HIGH } } };
    const reports = [report({ backlog: 600, consumptionRate: 50 }), report({ cache: 'depot', backlog: 600 })];
    const both = standing('paced', { levels: { shop: 'paced', depot: 'paced' } });
    expect(decide(both, reports, QUIET, two, NOW_MS).pacePerSecond).toBeLessThan(10);
  });
});

describe('retry-after', () => {
  test.each<[string, Partial<CacheReport>, number]>([
    ['the time until writes are paced', { backlog: 1_500, consumptionRate: 10 }, 100],
    ['counted from now, not from the report', { backlog: 1_500, consumptionRate: 10, atMs: NOW_MS - 30_000 }, 70],
    ['at least a second', { backlog: 1_000, consumptionRate: 10_000 }, 1],
    ['at most a quarter of an hour', { backlog: 100_000, consumptionRate: 1 }, 900],
    ['a quarter of an hour if nothing is consumed', { backlog: 1_500, consumptionRate: 0 }, 900],
  ])('retry-after is %s', (_, differing, seconds) => {
    expect(decide(undefined, [report(differing)], QUIET, settings, NOW_MS).retryAfterSeconds).toBe(seconds);
  });
});

describe('a stored decision', () => {
  test('reading a stored decision returns the written one', () => {
    for (const backlog of [0, 600, 2_000]) {
      const decision = decided(backlog);
      expect(parseFlowDecision(JSON.stringify(decision))).toEqual(decision);
    }
  });

  test('a decision says at which backlog of each cache writes are refused, also without a report of the cache', () => {
    expect(decided(0).highWaters).toEqual({ shop: HIGH });
    expect(decide(undefined, [], QUIET, settings, NOW_MS).highWaters).toEqual({ shop: HIGH });
  });

  test('a decision of an earlier version, which lacks the high waters, is read', () => {
    const { highWaters: _, ...before } = decided(600);
    expect(parseFlowDecision(JSON.stringify(before))).toEqual(before);
  });

  test.each([
    '',
    'null',
    '[]',
    '{}',
    '{"state":"closed"}',
    '{"__proto__":{"state":"refusing"}}',
    JSON.stringify(decided(600)).replace(/"pacePerSecond":[^,]+/, '"pacePerSecond":1e999'),
    JSON.stringify({ ...decided(600), levels: { shop: 'closed' } }),
    JSON.stringify({ ...decided(2_000), retryAfterSeconds: -1 }),
    JSON.stringify({ ...decided(2_000), validUntilMs: 'never' }),
    JSON.stringify({ ...decided(2_000), missing: 'shop' }),
    JSON.stringify([decided(2_000)]),
    '['.repeat(100_000),
    JSON.stringify({ ...decided(600), pacePerSecond: 0 }),
  ])('reading the text %s returns no decision', (json) => {
    expect(parseFlowDecision(json)).toBeUndefined();
  });
});

describe('the governor', () => {
  test('the governor stores reports only of caches that may slow its owner, with no time in the future', async () => {
    const saved: CacheReport[] = [];
    const ports: GovernPorts = {
      decision: async () => undefined,
      saveDecision: async () => {},
      reports: async () => saved,
      saveReport: async (one) => void saved.push(one),
      readers: async () => [],
      saveReader: async () => {},
      relayProgress: async () => undefined,
    };
    const given = [
      report({ backlog: 2_000, atMs: NOW_MS + 86_400_000 }),
      report({ cache: 'stranger', backlog: 9_999 }),
    ];
    const { decision } = await govern(ports, { ...settings, intervalSeconds: 60, compressEvents: true }, given, NOW_MS);
    expect(saved.map(({ cache, atMs }) => [cache, atMs])).toEqual([['shop', NOW_MS]]);
    expect(decision).toMatchObject({ state: 'refusing', cause: { cache: 'shop', backlog: 2_000 } });
  });
});
