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
  ...{ cache: 'shop', atMs: NOW_MS, backlog: 0, productionRate: 0, consumptionRate: 10 },
  ...{ oldestAgeSeconds: 0, drainSeconds: null, share: 1 },
  ...differing,
});

const decided = (backlog: number, previous?: FlowDecision, rate = 0): FlowDecision =>
  decide(previous, [report({ backlog })], { records: 0, rate }, settings, NOW_MS);

const standing = (state: FlowDecision['state'], differing: Partial<FlowDecision> = {}): FlowDecision => ({
  ...{ state, retryAfterSeconds: 0, levels: { shop: state }, missing: [], capacities: { shop: 10 } },
  ...{ decidedAtMs: NOW_MS - 60_000, validUntilMs: NOW_MS + 120_000 },
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
  ])('goes from %s at a backlog of %i to %s', (from, backlog, to) => {
    expect(decided(backlog, standing(from)).state).toBe(to);
  });

  test('stays paced while as much is written as the pace lets in, or that is not known yet', () => {
    expect(decided(0, standing('paced'), 8).state).toBe('paced');
    expect(decided(0, standing('paced', { settledSinceMs: NOW_MS - 60_000 })).state).toBe('paced');
    expect(decided(0, standing('paced'), 1).state).toBe('normal');
  });

  test('presses from half of the pace, or from more than the cache was ever seen to consume', () => {
    expect(decided(0, standing('paced'), 4).state).toBe('paced');
    expect(decided(0, standing('paced'), 3.9).state).toBe('normal');
    // The pace grew far beyond what the cache can take: much less of it is still too much.
    expect(decided(0, standing('paced', { pacePerSecond: 100 }), 10).state).toBe('normal');
    expect(decided(0, standing('paced', { pacePerSecond: 100 }), 10.1).state).toBe('paced');
  });

  test('is settled from when no paced cache lags and the pace only grew, and not once either ends', () => {
    const settled = standing('paced', { settledSinceMs: NOW_MS - 60_000 });
    expect(decided(0, settled).settledSinceMs).toBe(NOW_MS - 60_000);
    expect(decided(101, settled).settledSinceMs).toBe(NOW_MS);
    expect(decided(0, { ...settled, pacePerSecond: 1 }).settledSinceMs).toBe(NOW_MS);
    expect(decided(0, standing('refusing')).settledSinceMs).toBe(NOW_MS);
  });

  test('counts what waits in the stream', () => {
    expect(decide(undefined, [report({ backlog: 400 })], { records: 100, rate: 0 }, settings, NOW_MS)).toMatchObject({
      state: 'paced',
      cause: { cache: 'shop', backlog: 500 },
    });
  });

  test('is that of the strictest cache, which is named with the worst backlog', () => {
    const two = { ...settings, maySlowOwner: { shop: { highWater: HIGH }, depot: { highWater: 100 } } };
    const reports = [report({ backlog: 600 }), report({ cache: 'depot', backlog: 110, consumptionRate: 20 })];
    const decision = decide(undefined, reports, QUIET, two, NOW_MS);
    expect(decision).toMatchObject({ state: 'refusing', levels: { shop: 'paced', depot: 'refusing' } });
    expect(decision.cause).toEqual({ cache: 'depot', backlog: 110, drainSeconds: 5.5 });
  });

  test('of a cache whose report is missing or too old is normal, and it is named', () => {
    expect(decide(standing('refusing'), [], QUIET, settings, NOW_MS)).toMatchObject({
      state: 'normal',
      missing: ['shop'],
    });
    const justInTime = [report({ backlog: 5_000, atMs: NOW_MS - 180_000 })];
    expect(decide(undefined, justInTime, QUIET, settings, NOW_MS)).toMatchObject({ state: 'refusing', missing: [] });
    const old = [report({ backlog: 5_000, atMs: NOW_MS - 180_001 })];
    expect(decide(undefined, old, QUIET, settings, NOW_MS)).toMatchObject({ state: 'normal', missing: ['shop'] });
  });

  test('does not depend on what every object inherits: a cache may be called constructor', () => {
    const odd = { ...settings, maySlowOwner: { constructor: { highWater: HIGH } } };
    const decision = decide(standing('normal'), [report({ cache: 'constructor', backlog: 200 })], QUIET, odd, NOW_MS);
    expect(decision).toMatchObject({ state: 'normal', missing: [] });
  });
});

describe('the pace', () => {
  const paced = (differing: Partial<CacheReport>) =>
    decide(standing('paced'), [report(differing)], QUIET, settings, NOW_MS).pacePerSecond ?? Number.NaN;

  test('lies around what is consumed: less with a high backlog, more with a low one, and never beyond its range', () => {
    expect(paced({ backlog: 950, consumptionRate: 10 })).toBeCloseTo(10 - 700 / 180);
    expect(paced({ backlog: 250, consumptionRate: 10 })).toBe(10);
    expect(paced({ backlog: 950, consumptionRate: 4 })).toBe(PACE_RANGE[0] * 4);
    expect(paced({ backlog: 101, consumptionRate: 2 })).toBe(PACE_RANGE[1] * 2);
  });

  test('doubles in the life of a report while there is hardly any backlog, and follows consumption again with more', () => {
    const before = standing('paced', { decidedAtMs: NOW_MS - 180_000, settledSinceMs: NOW_MS, pacePerSecond: 40 });
    const next = (backlog: number) =>
      decide(before, [report({ backlog })], { records: 0, rate: 40 }, settings, NOW_MS).pacePerSecond;
    expect(next(100)).toBe(80);
    expect(next(101)).toBeLessThanOrEqual(PACE_RANGE[1] * 10);
  });

  test('is the part of an owner that shares the cache with others', () => {
    expect(paced({ backlog: 250, consumptionRate: 10, share: 0.5 })).toBe(5);
  });

  test('is at least one a second, also for a cache that stands still', () => {
    expect(paced({ backlog: 600, consumptionRate: 0 })).toBe(MIN_PACE);
  });

  test('is that of the slowest cache', () => {
    const two = { ...settings, maySlowOwner: { shop: { highWater: HIGH }, depot: { highWater: HIGH } } };
    const reports = [report({ backlog: 600, consumptionRate: 50 }), report({ cache: 'depot', backlog: 600 })];
    const both = standing('paced', { levels: { shop: 'paced', depot: 'paced' } });
    expect(decide(both, reports, QUIET, two, NOW_MS).pacePerSecond).toBeLessThan(10);
  });
});

describe('retry-after', () => {
  test.each<[string, Partial<CacheReport>, number]>([
    ['is the time until writes are paced', { backlog: 1_500, consumptionRate: 10 }, 100],
    ['counts from now, not from the report', { backlog: 1_500, consumptionRate: 10, atMs: NOW_MS - 30_000 }, 70],
    ['is a second at least', { backlog: 1_000, consumptionRate: 10_000 }, 1],
    ['is a quarter of an hour at most', { backlog: 100_000, consumptionRate: 1 }, 900],
    ['is a quarter of an hour where nothing is consumed', { backlog: 1_500, consumptionRate: 0 }, 900],
  ])('%s', (_, differing, seconds) => {
    expect(decide(undefined, [report(differing)], QUIET, settings, NOW_MS).retryAfterSeconds).toBe(seconds);
  });
});

describe('a stored decision', () => {
  test('is read as it was written', () => {
    for (const backlog of [0, 600, 2_000]) {
      const decision = decided(backlog);
      expect(parseFlowDecision(JSON.stringify(decision))).toEqual(decision);
    }
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
  ])('is none where it says %s', (json) => {
    expect(parseFlowDecision(json)).toBeUndefined();
  });
});

describe('the governor', () => {
  test('hears caches that may slow its owner, no others, and none from the future', async () => {
    const saved: CacheReport[] = [];
    const ports: GovernPorts = {
      decision: async () => undefined,
      saveDecision: async () => {},
      reports: async () => saved,
      saveReport: async (one) => void saved.push(one),
      relayProgress: async () => undefined,
    };
    const given = [
      report({ backlog: 2_000, atMs: NOW_MS + 86_400_000 }),
      report({ cache: 'stranger', backlog: 9_999 }),
    ];
    const { decision } = await govern(ports, { ...settings, intervalSeconds: 60 }, given, NOW_MS);
    expect(saved.map(({ cache, atMs }) => [cache, atMs])).toEqual([['shop', NOW_MS]]);
    expect(decision).toMatchObject({ state: 'refusing', cause: { cache: 'shop', backlog: 2_000 } });
  });
});
