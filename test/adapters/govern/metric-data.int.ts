import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cloudWatchClient } from '../../../adapters/aws/clients.ts';
import {
  type Datapoint,
  freshetMetric,
  metricData,
  newestWhole,
  queueMetric,
} from '../../../adapters/govern/metric-data.ts';
import { createRelayProgress } from '../../../adapters/relay/progress.ts';
import { streamBacklog } from '../../../core/govern/measure.ts';
import { type FakeCloudWatch, startCloudWatch } from '../../support/cloud-watch.ts';

const MINUTE = 60_000;
const T0 = Date.parse('2026-11-25T12:00:00Z');
/** A value per minute from T0 on. */
const perMinute = (...values: number[]): Datapoint[] => values.map((value, n) => ({ atMs: T0 + n * MINUTE, value }));

let cloudWatch: FakeCloudWatch;
let client: ReturnType<typeof cloudWatchClient>;

beforeAll(async () => {
  cloudWatch = await startCloudWatch();
  client = cloudWatchClient({ endpoint: cloudWatch.url });
});
afterAll(() => cloudWatch.stop());
beforeEach(() => cloudWatch.clear());

describe('metric data', () => {
  const span = { fromMs: T0, toMs: T0 + 10 * MINUTE, periodSeconds: 60 };

  test('asks for each metric with its one dimension, statistic and period, and gives back its series', async () => {
    cloudWatch.set('Freshet/Settled/shelf/Sum', perMinute(1, 2));
    cloudWatch.set('AWS/SQS/ApproximateAgeOfOldestMessage/cache.fifo/Maximum', perMinute(7));
    const queries = {
      settled: freshetMetric('shelf', 'Settled', 'Sum'),
      age: queueMetric('https://sqs.eu-west-1.amazonaws.com/1/cache.fifo', 'ApproximateAgeOfOldestMessage', 'Maximum'),
      nothing: freshetMetric('shelf', 'LeadTime', 'p99'),
    };
    expect(await metricData(client, queries, span)).toEqual({
      ...{ settled: perMinute(1, 2), age: perMinute(7), nothing: [] },
    });
    expect(cloudWatch.requests).toMatchObject([{ StartTime: T0 / 1000, EndTime: T0 / 1000 + 600 }]);
    expect(cloudWatch.requests[0]?.MetricDataQueries.map(({ MetricStat }) => MetricStat)).toMatchObject([
      { Metric: { Dimensions: [{ Name: 'service', Value: 'shelf' }] }, Period: 60, Stat: 'Sum' },
      { Metric: { Dimensions: [{ Name: 'QueueName', Value: 'cache.fifo' }] }, Period: 60, Stat: 'Maximum' },
      { Metric: { Dimensions: [{ Name: 'service', Value: 'shelf' }] }, Period: 60, Stat: 'p99' },
    ]);
  });

  test('reads on to the last page', async () => {
    cloudWatch.set('Freshet/Settled/shelf/Sum', perMinute(1, 2, 3, 4, 5));
    cloudWatch.set('Freshet/Parked/shelf/Sum', perMinute(6, 7));
    cloudWatch.pageSize = 2;
    const queries = {
      settled: freshetMetric('shelf', 'Settled', 'Sum'),
      parked: freshetMetric('shelf', 'Parked', 'Sum'),
    };
    expect(await metricData(client, queries, span)).toEqual({
      ...{ settled: perMinute(1, 2, 3, 4, 5), parked: perMinute(6, 7) },
    });
    expect(cloudWatch.requests.map(({ NextToken }) => NextToken)).toEqual([undefined, '2', '4', '6']);
  });

  test('asks for more than one call takes by several', async () => {
    const names = Array.from({ length: 501 }, (_, n) => `cache-${n}`);
    for (const name of names) cloudWatch.set(`Freshet/Settled/${name}/Sum`, perMinute(Number(name.slice(6))));
    const queries = Object.fromEntries(names.map((name) => [name, freshetMetric(name, 'Settled', 'Sum')]));
    const series = await metricData(client, queries, span);
    expect(cloudWatch.requests.map(({ MetricDataQueries }) => MetricDataQueries.length)).toEqual([500, 1]);
    expect(names.map((name) => series[name]?.[0]?.value)).toEqual(names.map((_, n) => n));
  });

  test('of nothing asks nothing', async () => {
    expect(await metricData(client, {}, span)).toEqual({});
    expect(cloudWatch.requests).toEqual([]);
  });
});

describe('the newest whole value', () => {
  test.each([
    ['ended just now', 2 * MINUTE, 2],
    ['is not over by a millisecond', 2 * MINUTE - 1, 1],
    ['is the only one and not over', MINUTE - 1, undefined],
    ['was long ago', 60 * MINUTE, 2],
  ])('when the last interval %s', (_, sinceMs, value) => {
    expect(newestWhole(perMinute(1, 2), T0 + sinceMs, 60)?.value).toBe(value);
  });

  test('of no data is none', () => {
    expect(newestWhole([], T0, 60)).toBeUndefined();
  });
});

describe("a relay's progress", () => {
  const progressAt = (nowMs: number) => createRelayProgress({ client, owner: 'lab', intervalSeconds: 60 })(nowMs);
  const backlogAt = async (nowMs: number) => streamBacklog(await progressAt(nowMs), nowMs, 2 * MINUTE);

  test('is unknown where it said nothing for as long as its stream remembers', async () => {
    expect(await progressAt(T0)).toBeUndefined();
    cloudWatch.set('Freshet/RelayDelay/lab/Maximum', perMinute(5));
    expect(await progressAt(T0 + 1_441 * MINUTE)).toBeUndefined();
    expect(await backlogAt(T0)).toMatchObject({ ageSeconds: 0, records: 0 });
  });

  test('is its last delay, and the rate of the newest interval that is over, with what was conflated', async () => {
    cloudWatch.set('Freshet/RelayDelay/lab/Maximum', perMinute(500, 900, 700));
    cloudWatch.set('Freshet/Published/lab/Sum', perMinute(60, 120, 3));
    cloudWatch.set('Freshet/Conflated/lab/Sum', perMinute(600, 180));
    expect(await progressAt(T0 + 2.5 * MINUTE)).toEqual({ delayMs: 700, atMs: T0 + 2.5 * MINUTE, rate: 5 });
  });

  test('has the rate of the first interval while none is over', async () => {
    cloudWatch.set('Freshet/RelayDelay/lab/Maximum', perMinute(500));
    cloudWatch.set('Freshet/Published/lab/Sum', perMinute(30));
    expect(await progressAt(T0 + MINUTE / 2)).toMatchObject({ rate: 0.5 });
  });

  test('is no backlog while a heartbeat a minute comes through, as late as its metric may be', async () => {
    cloudWatch.set('Freshet/RelayDelay/lab/Maximum', perMinute(0));
    cloudWatch.set('Freshet/Published/lab/Sum', perMinute(600));
    // Committed at the beginning of the interval; that of the next is in CloudWatch two minutes after it was committed.
    expect(await backlogAt(T0 + 3 * MINUTE)).toMatchObject({ ageSeconds: 0, records: 0 });
  });

  test('grows old with its silence, at the rate of before', async () => {
    cloudWatch.set('Freshet/RelayDelay/lab/Maximum', perMinute(1_000));
    cloudWatch.set('Freshet/Published/lab/Sum', perMinute(600));
    expect(await backlogAt(T0 + 11 * MINUTE)).toMatchObject({ ageSeconds: 601, records: 6_010 });
  });

  test('grows older for as long as its stream remembers: of 24 hours, ten used up show as such', async () => {
    cloudWatch.set('Freshet/RelayDelay/lab/Maximum', perMinute(0));
    cloudWatch.set('Freshet/Published/lab/Sum', perMinute(60));
    expect(await backlogAt(T0 + 601 * MINUTE)).toMatchObject({ ageSeconds: 36_000, records: 36_000 });
  });

  test('is old while it fails and says so', async () => {
    cloudWatch.set('Freshet/RelayDelay/lab/Maximum', perMinute(0, 60_000, 120_000));
    cloudWatch.set('Freshet/Published/lab/Sum', perMinute(600));
    expect(await backlogAt(T0 + 3 * MINUTE)).toMatchObject({ ageSeconds: 120, records: 1_200 });
  });
});
