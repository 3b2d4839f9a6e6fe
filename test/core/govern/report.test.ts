import { describe, expect, test } from 'vitest';
import {
  type Consumption,
  measureCache,
  type ParkedSince,
  parseCacheReport,
  type ReportPorts,
  type Sample,
} from '../../../core/govern/report.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const MINUTE = 60_000;

const consumed = (given: Partial<Consumption>): Consumption => ({
  rate: 0,
  oldestAgeSeconds: 0,
  queuedSinceMs: undefined,
  ...given,
});
const parkedSince = (given: Partial<ParkedSince>): ParkedSince => ({
  count: 0,
  sinceMs: new Map(),
  isMore: false,
  ...given,
});

/** The ports of an idle cache with one heartbeat, a second old. */
function ports(given: Partial<ReportPorts> = {}): ReportPorts {
  return {
    backlog: async () => 0,
    isEmptyOnce: async () => false,
    leavesOut: async () => false,
    consumption: async () => consumed({}),
    heartbeats: async () => ({ Thing: NOW - 1_000 }),
    unrepaired: async () => 0,
    parked: async () => parkedSince({}),
    completeness: async () => undefined,
    queueCreatedAtMs: async () => undefined,
    ...given,
  };
}

const measure = (given: Partial<ReportPorts> = {}, before: Sample = { backlog: 0, atMs: NOW - MINUTE }) =>
  measureCache(ports(given), 'shelf', before, () => NOW, MINUTE);

describe("a cache's report", () => {
  test('the report of an idle cache has only zeros', async () => {
    expect((await measure()).report).toEqual({
      cache: 'shelf',
      atMs: NOW,
      backlog: 0,
      productionRate: 0,
      consumptionRate: 0,
      oldestAgeSeconds: 0,
      drainSeconds: 0,
    });
  });

  test('the report has the backlog and the lowest possible rates if the metrics cannot be read', async () => {
    const unread = (backlog: number) => ({ backlog: async () => backlog, consumption: async () => undefined });
    const rates = async (before: number, backlog: number) =>
      (await measure(unread(backlog), { backlog: before, atMs: NOW - MINUTE })).report;
    expect(await rates(600, 0)).toMatchObject({
      backlog: 0,
      productionRate: 0,
      consumptionRate: 10,
      isUnmeasured: true,
    });
    const growing = await rates(0, 600);
    expect(growing).toMatchObject({ backlog: 600, productionRate: 10, consumptionRate: 0, drainSeconds: null });
    const sent = JSON.stringify({ ...growing, share: 1 });
    expect(parseCacheReport(sent)).toMatchObject({ isUnmeasured: true });
  });

  test.each([
    ['a growing backlog has a production above consumption and an infinite drain time', 60, 660, 10, 20, null],
    ['a constant backlog has equal rates and an infinite drain time', 600, 600, 10, 10, null],
    ['a shrinking backlog has the drain time of the difference of the rates', 1_200, 600, 10, 0, 60],
    ['a backlog that shrinks faster than the consumption has no negative production', 1_200, 0, 10, 0, 0],
    ['a constant backlog without consumption has an infinite drain time', 600, 600, 0, 0, null],
  ])('the report of %s', async (_, before, backlog, rate, productionRate, drainSeconds) => {
    const { report } = await measure(
      { backlog: async () => backlog, consumption: async () => consumed({ rate, oldestAgeSeconds: 4 }) },
      { backlog: before, atMs: NOW - MINUTE },
    );
    expect(report).toMatchObject({ backlog, consumptionRate: rate, productionRate, drainSeconds, oldestAgeSeconds: 4 });
  });

  test('an owner can read the report of a cache, with its share', async () => {
    const { report } = await measure(
      { backlog: async () => 7, consumption: async () => consumed({ rate: 0.1, oldestAgeSeconds: 0.5 }) },
      { backlog: 0, atMs: NOW },
    );
    expect(parseCacheReport(JSON.stringify({ ...report, share: 1 }))).toEqual({ ...report, share: 1 });
  });

  test('measuring a cache fails if its queue cannot be read', async () => {
    await expect(measure({ backlog: () => Promise.reject(new Error('cut off')) })).rejects.toThrow('cut off');
  });
});

describe("a cache's staleness", () => {
  const lagOf = async (given: Partial<ReportPorts>) => (await measure(given)).lag;

  test('the staleness of a cache is that of the type with the oldest heartbeat', async () => {
    const heartbeats = async () => ({ Thing: NOW - 5_000, Other: NOW - 90_000, Third: NOW - 1_000 });
    expect(await lagOf({ heartbeats })).toEqual({ stalenessSeconds: 90, stalestType: 'Other', parked: 0 });
  });

  /** The cache was complete two minutes ago, and has sightings of two minutes and of one minute ago. */
  const known = async () => ({
    atMs: NOW - MINUTE,
    until: { Thing: NOW - 2 * MINUTE, Other: NOW - 2 * MINUTE },
    receivesAllFrom: { Thing: 0, Other: 0 },
    settledUntil: {},
    sightings: [NOW - 2 * MINUTE, NOW - MINUTE].map((atMs) => ({
      atMs,
      beats: { Thing: atMs - 10, Other: atMs - 10 },
    })),
  });
  const both = async () => ({ Thing: NOW - 1_000, Other: NOW - 1_000 });
  const untilOf = async (given: Partial<ReportPorts>) =>
    (await measure({ completeness: known, heartbeats: both, ...given })).completeness.until;

  test('a cache whose queue is never empty is complete up to the heartbeat before its oldest message', async () => {
    const given = {
      backlog: async () => 3,
      consumption: async () => consumed({ queuedSinceMs: NOW - MINUTE + 5_000 }),
    };
    expect(await lagOf({ completeness: known, heartbeats: both, ...given })).toMatchObject({ stalenessSeconds: 60.01 });
  });

  test('completeness stays while the age of the oldest message is unknown, unless the queue is empty', async () => {
    const until = NOW - 2 * MINUTE;
    expect(await untilOf({ backlog: async () => 3 })).toEqual({ Thing: until, Other: until });
    const emptied = { backlog: async () => 3, isEmptyOnce: async () => true };
    expect(await untilOf(emptied)).toEqual({ Thing: NOW - 1_000, Other: NOW - 1_000 });
  });

  test('a type that the cache begins to keep counts for the staleness after 15 minutes of its filter', async () => {
    const three = async () => ({ ...(await both()), Added: NOW - 1_000 });
    const added = (fromMs: number) => async () => ({
      ...(await known()),
      receivesAllFrom: { Thing: 0, Other: 0, Added: fromMs },
    });
    expect(await lagOf({ completeness: known, heartbeats: three })).toMatchObject({ stalenessSeconds: 1 });
    expect(await lagOf({ completeness: added(NOW + 1), heartbeats: three })).toMatchObject({ stalenessSeconds: 1 });
    const unknown = { stalenessSeconds: undefined, stalestType: 'Added', parked: 0 };
    expect(await lagOf({ completeness: added(NOW), heartbeats: three })).toEqual(unknown);
  });

  test('parked events hold back the completeness of their type, and unread ones that of all types', async () => {
    const parked = async () => parkedSince({ count: 3, sinceMs: new Map([['Thing', NOW - MINUTE + 5_000]]) });
    expect(await untilOf({ parked })).toEqual({ Thing: NOW - MINUTE - 10, Other: NOW - 1_000 });
    expect(await lagOf({ completeness: known, heartbeats: both, parked })).toEqual({
      stalenessSeconds: 60.01,
      stalestType: 'Thing',
      parked: 3,
    });
    const more = async () => parkedSince({ count: 5_000, isMore: true });
    expect(await untilOf({ parked: more })).toEqual({ Thing: NOW - 2 * MINUTE, Other: NOW - 2 * MINUTE });
  });

  test('completeness stays while the age of the oldest leaves out messages that came back often', async () => {
    const consumption = async () => consumed({ queuedSinceMs: NOW - MINUTE + 5_000 });
    const until = NOW - 2 * MINUTE;
    const given = { backlog: async () => 3, consumption, leavesOut: async () => true };
    expect(await untilOf(given)).toEqual({ Thing: until, Other: until });
    expect(await untilOf({ ...given, isEmptyOnce: async () => true })).toEqual(await both());
  });

  test('completeness stays while the metrics cannot be read, unless the queue was seen to be empty', async () => {
    const until = NOW - 2 * MINUTE;
    const unread = { backlog: async () => 3, consumption: async () => undefined };
    expect(await untilOf(unread)).toEqual({ Thing: until, Other: until });
    expect(await untilOf({ ...unread, isEmptyOnce: async () => true })).toEqual(await both());
    const leftOut = { backlog: async () => 3, consumption: async () => consumed({ queuedSinceMs: NOW }) };
    expect(await untilOf({ ...leftOut, leavesOut: async () => undefined })).toEqual({ Thing: until, Other: until });
  });

  test('completeness stays the same while the repair function has messages that it has not handled', async () => {
    const until = NOW - 2 * MINUTE;
    expect(await untilOf({ unrepaired: async () => 1 })).toEqual({ Thing: until, Other: until });
  });

  test('the report reads queue, repair queues and parking table in the order in which an event moves', async () => {
    const asked: string[] = [];
    const note =
      <T>(place: string, answer: T) =>
      async () => {
        asked.push(place);
        return answer;
      };
    await measure({
      heartbeats: note('cache', {}),
      backlog: note('queue', 1),
      isEmptyOnce: note('queue again', false),
      unrepaired: note('repair', 0),
      parked: note('parking', parkedSince({})),
    });
    expect(asked).toEqual(['cache', 'queue', 'queue again', 'repair', 'parking']);
  });

  test('the staleness of a cache without a heartbeat is unknown, and its parked events are counted', async () => {
    const given = { heartbeats: async () => ({ Thing: undefined }), parked: async () => parkedSince({ count: 2 }) };
    expect(await lagOf(given)).toEqual({ stalenessSeconds: undefined, stalestType: 'Thing', parked: 2 });
  });

  test('the staleness of a cache is unknown while one of its types has no heartbeat', async () => {
    const heartbeats = async () => ({ Thing: NOW - 1_000, Other: undefined, Third: NOW - 2_000 });
    expect(await lagOf({ heartbeats })).toMatchObject({ stalenessSeconds: undefined, stalestType: 'Other' });
  });

  test("the staleness of a cache is 0 if its owner's clock is ahead", async () => {
    expect(await lagOf({ heartbeats: async () => ({ Thing: NOW + 5_000 }) })).toMatchObject({ stalenessSeconds: 0 });
  });
});

test.each([
  ['invalid JSON', '{'],
  ['null', 'null'],
  ['a fractional backlog', '{"cache":"a","atMs":1,"backlog":1.5}'],
  ['a string', '"shelf"'],
  ['a report inside __proto__', '{"__proto__":{"cache":"shelf","atMs":1,"backlog":0}}'],
  ['JSON nested deeper than the stack', '['.repeat(100_000)],
])('%s is not read as a report', (_, body) => {
  expect(parseCacheReport(body)).toBeUndefined();
});

test.each<[string, object]>([
  ['an empty cache name', { cache: '' }],
  ['a cache name of 31 characters', { cache: 'x'.repeat(31) }],
  ['a negative time', { atMs: -1 }],
  ['a negative backlog', { backlog: -1 }],
  ['a negative rate', { consumptionRate: -1 }],
  ['an infinite rate', { productionRate: null }],
  ['a share of 0', { share: 0 }],
  ['a share above 1', { share: 1.1 }],
  ['a backlog that a number cannot represent exactly', { backlog: 2 ** 53 }],
  ['a text as backlog', { backlog: '7' }],
  ['a list as cache name', { cache: ['shelf'] }],
  ['a negative drain time', { drainSeconds: -1 }],
])('a report with %s is refused', (_, given) => {
  const report = {
    cache: 'shelf',
    atMs: 1,
    backlog: 0,
    productionRate: 0,
    consumptionRate: 0,
    oldestAgeSeconds: 0,
    drainSeconds: null,
    share: 1,
  };
  expect(parseCacheReport(JSON.stringify(report))).toEqual(report);
  expect(parseCacheReport(JSON.stringify({ ...report, ...given }))).toBeUndefined();
});

test('a report with an infinite rate is refused, and unknown fields of a report are dropped', () => {
  const rest = { cache: 'shelf', atMs: 1, backlog: 0, consumptionRate: 0, oldestAgeSeconds: 0, drainSeconds: null };
  // JSON.stringify would turn an infinite rate into null.
  const body = (rate: string) =>
    JSON.stringify({ ...rest, share: 1, admin: true, productionRate: 'RATE' }).replace('"RATE"', rate);
  expect(parseCacheReport(body('1e999'))).toBeUndefined();
  expect(parseCacheReport(body('1'))).not.toHaveProperty('admin');
});
