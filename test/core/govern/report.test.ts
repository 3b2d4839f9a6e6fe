import { describe, expect, test } from 'vitest';
import { measureCache, parseCacheReport, type ReportPorts, type Sample } from '../../../core/govern/report.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const MINUTE = 60_000;

/** Ports of a cache at rest whose one heartbeat came through a moment ago. */
function ports(given: Partial<ReportPorts> = {}): ReportPorts {
  return {
    backlog: async () => 0,
    consumption: async () => ({ rate: 0, oldestAgeSeconds: 0 }),
    heartbeats: async () => ({ Thing: NOW - 1_000 }),
    setAside: async () => ({ count: 0, oldestMs: undefined }),
    ...given,
  };
}

const measure = (given: Partial<ReportPorts> = {}, before: Sample = { backlog: 0, atMs: NOW - MINUTE }) =>
  measureCache(ports(given), 'shelf', before, () => NOW);

describe("a cache's report", () => {
  test('of a cache at rest is all zeros', async () => {
    expect((await measure()).report).toEqual({
      ...{ cache: 'shelf', atMs: NOW, backlog: 0, productionRate: 0, consumptionRate: 0 },
      ...{ oldestAgeSeconds: 0, drainSeconds: 0 },
    });
  });

  test.each([
    ['grows: production is above consumption, and there is no end', 60, 660, 10, 20, null],
    ['stays: both are alike', 600, 600, 10, 10, null],
    ['shrinks: it drains by the difference', 1_200, 600, 10, 0, 60],
    ['shrinks by more than was counted: production is none rather than negative', 1_200, 0, 10, 0, 0],
    ['stands while nothing is consumed', 600, 600, 0, 0, null],
  ])('of a backlog that %s', async (_, before, backlog, rate, productionRate, drainSeconds) => {
    const { report } = await measure(
      { backlog: async () => backlog, consumption: async () => ({ rate, oldestAgeSeconds: 4 }) },
      { backlog: before, atMs: NOW - MINUTE },
    );
    expect(report).toMatchObject({ backlog, consumptionRate: rate, productionRate, drainSeconds, oldestAgeSeconds: 4 });
  });

  test('is one that its owner reads, with its share', async () => {
    const { report } = await measure(
      { backlog: async () => 7, consumption: async () => ({ rate: 0.1, oldestAgeSeconds: 0.5 }) },
      { backlog: 0, atMs: NOW },
    );
    expect(parseCacheReport(JSON.stringify({ ...report, share: 1 }))).toEqual({ ...report, share: 1 });
  });

  test('fails when its queue cannot be asked: what is not known is not reported', async () => {
    await expect(measure({ backlog: () => Promise.reject(new Error('cut off')) })).rejects.toThrow('cut off');
  });
});

describe("a cache's staleness", () => {
  const lagOf = async (given: Partial<ReportPorts>) => (await measure(given)).lag;

  test('is that of the type whose heartbeat is oldest', async () => {
    const heartbeats = async () => ({ Thing: NOW - 5_000, Other: NOW - 90_000, Third: NOW - 1_000 });
    expect(await lagOf({ heartbeats })).toEqual({ stalenessSeconds: 90, stalestType: 'Other', setAside: 0 });
  });

  test('is the age of the oldest message in the queue where that is older', async () => {
    const consumption = async () => ({ rate: 0, oldestAgeSeconds: 300 });
    expect(await lagOf({ consumption })).toMatchObject({ stalenessSeconds: 300 });
  });

  test('is the age of the oldest event that is set aside or missing where that is older', async () => {
    const setAside = async () => ({ count: 3, oldestMs: NOW - 3_600_000 });
    expect(await lagOf({ setAside })).toMatchObject({ stalenessSeconds: 3_600, setAside: 3 });
  });

  test('is unknown while no heartbeat has come, and what is set aside is counted all the same', async () => {
    const given = {
      heartbeats: async () => ({ Thing: undefined }),
      setAside: async () => ({ count: 2, oldestMs: NOW }),
    };
    expect(await lagOf(given)).toEqual({ stalenessSeconds: undefined, stalestType: undefined, setAside: 2 });
  });

  test('is never negative, when the clock of an owner is ahead', async () => {
    expect(await lagOf({ heartbeats: async () => ({ Thing: NOW + 5_000 }) })).toMatchObject({ stalenessSeconds: 0 });
  });
});

test.each([
  ['no JSON', '{'],
  ['nothing', 'null'],
  ['a backlog that is no count', '{"cache":"a","atMs":1,"backlog":1.5}'],
  ['a string', '"shelf"'],
  ['what an object would inherit', '{"__proto__":{"cache":"shelf","atMs":1,"backlog":0}}'],
  ['what never ends', '['.repeat(100_000)],
])('%s is no report', (_, body) => {
  expect(parseCacheReport(body)).toBeUndefined();
});

test.each<[string, object]>([
  ['a cache without a name', { cache: '' }],
  ['a name that no boundary has', { cache: 'x'.repeat(31) }],
  ['a negative time', { atMs: -1 }],
  ['a negative backlog', { backlog: -1 }],
  ['a negative rate', { consumptionRate: -1 }],
  ['an infinite rate', { productionRate: null }],
  ['no share', { share: 0 }],
  ['more than the whole', { share: 1.1 }],
  ['a backlog that no number holds exactly', { backlog: 2 ** 53 }],
  ['a backlog in words', { backlog: '7' }],
  ['a name that is a list', { cache: ['shelf'] }],
  ['a drain time that is negative', { drainSeconds: -1 }],
])('a report with %s is none', (_, given) => {
  const report = {
    ...{ cache: 'shelf', atMs: 1, backlog: 0, productionRate: 0, consumptionRate: 0 },
    ...{ oldestAgeSeconds: 0, drainSeconds: null, share: 1 },
  };
  expect(parseCacheReport(JSON.stringify(report))).toEqual(report);
  expect(parseCacheReport(JSON.stringify({ ...report, ...given }))).toBeUndefined();
});

test('a report whose rate is beyond all numbers is none, and what else a report carries is left out', () => {
  const body = (rate: string) =>
    `{"cache":"shelf","atMs":1,"backlog":0,"productionRate":${rate},"consumptionRate":0,"oldestAgeSeconds":0,"drainSeconds":null,"share":1,"admin":true}`;
  expect(parseCacheReport(body('1e999'))).toBeUndefined();
  expect(parseCacheReport(body('1'))).not.toHaveProperty('admin');
});
