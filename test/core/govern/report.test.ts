import { describe, expect, test } from 'vitest';
import {
  type Consumption,
  measureCache,
  parseCacheReport,
  type ReportPorts,
  type Sample,
  type SetAsideSince,
} from '../../../core/govern/report.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const MINUTE = 60_000;

const consumed = (given: Partial<Consumption>): Consumption => ({
  ...{ rate: 0, oldestAgeSeconds: 0, queuedSinceMs: undefined },
  ...given,
});
const aside = (given: Partial<SetAsideSince>): SetAsideSince => ({
  ...{ count: 0, sinceMs: new Map(), isMore: false },
  ...given,
});

/** Ports of a cache at rest whose one heartbeat came through a moment ago. */
function ports(given: Partial<ReportPorts> = {}): ReportPorts {
  return {
    backlog: async () => 0,
    isEmptyOnce: async () => false,
    leavesOut: async () => false,
    consumption: async () => consumed({}),
    heartbeats: async () => ({ Thing: NOW - 1_000 }),
    unrepaired: async () => 0,
    setAside: async () => aside({}),
    completeness: async () => undefined,
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
      { backlog: async () => backlog, consumption: async () => consumed({ rate, oldestAgeSeconds: 4 }) },
      { backlog: before, atMs: NOW - MINUTE },
    );
    expect(report).toMatchObject({ backlog, consumptionRate: rate, productionRate, drainSeconds, oldestAgeSeconds: 4 });
  });

  test('is one that its owner reads, with its share', async () => {
    const { report } = await measure(
      { backlog: async () => 7, consumption: async () => consumed({ rate: 0.1, oldestAgeSeconds: 0.5 }) },
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

  /** As of two minutes ago, when the cache was complete, and of a minute ago. */
  const known = async () => ({
    atMs: NOW - MINUTE,
    until: { Thing: NOW - 2 * MINUTE, Other: NOW - 2 * MINUTE },
    sightings: [NOW - 2 * MINUTE, NOW - MINUTE].map((atMs) => ({
      atMs,
      beats: { Thing: atMs - 10, Other: atMs - 10 },
    })),
  });
  const both = async () => ({ Thing: NOW - 1_000, Other: NOW - 1_000 });
  const untilOf = async (given: Partial<ReportPorts>) =>
    (await measure({ completeness: known, heartbeats: both, ...given })).completeness.until;

  test('reaches back to the heartbeat that came before the oldest message of a queue which is never empty', async () => {
    const given = {
      backlog: async () => 3,
      consumption: async () => consumed({ queuedSinceMs: NOW - MINUTE + 5_000 }),
    };
    expect(await lagOf({ completeness: known, heartbeats: both, ...given })).toMatchObject({ stalenessSeconds: 60.01 });
  });

  test('says nothing new of a queue whose oldest message has an unknown age, unless it is found empty', async () => {
    const until = NOW - 2 * MINUTE;
    expect(await untilOf({ backlog: async () => 3 })).toEqual({ Thing: until, Other: until });
    const emptied = { backlog: async () => 3, isEmptyOnce: async () => true };
    expect(await untilOf(emptied)).toEqual({ Thing: NOW - 1_000, Other: NOW - 1_000 });
  });

  test('is that of its own type where something is set aside, and of all where more is than was looked at', async () => {
    const setAside = async () => aside({ count: 3, sinceMs: new Map([['Thing', NOW - MINUTE + 5_000]]) });
    expect(await untilOf({ setAside })).toEqual({ Thing: NOW - MINUTE - 10, Other: NOW - 1_000 });
    expect(await lagOf({ completeness: known, heartbeats: both, setAside })).toEqual({
      ...{ stalenessSeconds: 60.01, stalestType: 'Thing', setAside: 3 },
    });
    const more = async () => aside({ count: 5_000, isMore: true });
    expect(await untilOf({ setAside: more })).toEqual({ Thing: NOW - 2 * MINUTE, Other: NOW - 2 * MINUTE });
  });

  test('says nothing new while messages have come back so often that the age of the oldest leaves them out', async () => {
    const consumption = async () => consumed({ queuedSinceMs: NOW - MINUTE + 5_000 });
    const until = NOW - 2 * MINUTE;
    const given = { backlog: async () => 3, consumption, leavesOut: async () => true };
    expect(await untilOf(given)).toEqual({ Thing: until, Other: until });
    expect(await untilOf({ ...given, isEmptyOnce: async () => true })).toEqual(await both());
  });

  test('says nothing new while the repair function has not looked at what came to it', async () => {
    const until = NOW - 2 * MINUTE;
    expect(await untilOf({ unrepaired: async () => 1 })).toEqual({ Thing: until, Other: until });
  });

  test('asks each place after the one that leads to it, so that nothing moves on unseen', async () => {
    const asked: string[] = [];
    const note =
      <T>(place: string, answer: T) =>
      async () => {
        asked.push(place);
        return answer;
      };
    await measure({
      ...{ heartbeats: note('cache', {}), backlog: note('queue', 1), isEmptyOnce: note('queue again', false) },
      ...{ unrepaired: note('repair', 0), setAside: note('parking', aside({})) },
    });
    expect(asked).toEqual(['cache', 'queue', 'queue again', 'repair', 'parking']);
  });

  test('is unknown while no heartbeat has come, and what is set aside is counted all the same', async () => {
    const given = { heartbeats: async () => ({ Thing: undefined }), setAside: async () => aside({ count: 2 }) };
    expect(await lagOf(given)).toEqual({ stalenessSeconds: undefined, stalestType: 'Thing', setAside: 2 });
  });

  test('is unknown while one of its types has had no heartbeat, however fresh the others are', async () => {
    const heartbeats = async () => ({ Thing: NOW - 1_000, Other: undefined, Third: NOW - 2_000 });
    expect(await lagOf({ heartbeats })).toMatchObject({ stalenessSeconds: undefined, stalestType: 'Other' });
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
