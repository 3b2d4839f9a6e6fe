import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cloudWatchClient } from '../../../adapters/aws/cloudwatch-client.ts';
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

const SHELF = { name: 'shelf', stack: 'Lab' };

describe('metric data', () => {
  const span = { fromMs: T0, toMs: T0 + 10 * MINUTE, periodSeconds: 60 };

  test('metric data are queried by dimension, statistic and period, and returned as one series each', async () => {
    cloudWatch.set('Freshet/Settled/shelf in Lab/Sum', perMinute(1, 2));
    cloudWatch.set('AWS/SQS/ApproximateAgeOfOldestMessage/cache.fifo/Maximum', perMinute(7));
    const queries = {
      settled: freshetMetric(SHELF, 'Settled', 'Sum'),
      age: queueMetric('https://sqs.eu-west-1.amazonaws.com/1/cache.fifo', 'ApproximateAgeOfOldestMessage', 'Maximum'),
      nothing: freshetMetric(SHELF, 'LeadTime', 'p99'),
    };
    expect(await metricData(client, queries, span)).toEqual({
      settled: perMinute(1, 2),
      age: perMinute(7),
      nothing: [],
    });
    expect(cloudWatch.requests).toMatchObject([{ StartTime: T0 / 1000, EndTime: T0 / 1000 + 600 }]);
    const Dimensions = [
      { Name: 'service', Value: 'shelf' },
      { Name: 'stack', Value: 'Lab' },
    ];
    expect(cloudWatch.requests[0]?.MetricDataQueries.map(({ MetricStat }) => MetricStat)).toMatchObject([
      { Metric: { Dimensions }, Period: 60, Stat: 'Sum' },
      { Metric: { Dimensions: [{ Name: 'QueueName', Value: 'cache.fifo' }] }, Period: 60, Stat: 'Maximum' },
      { Metric: { Dimensions }, Period: 60, Stat: 'p99' },
    ]);
  });

  test('metric data include all pages of the response', async () => {
    cloudWatch.set('Freshet/Settled/shelf in Lab/Sum', perMinute(1, 2, 3, 4, 5));
    cloudWatch.set('Freshet/Parked/shelf in Lab/Sum', perMinute(6, 7));
    cloudWatch.pageSize = 2;
    const queries = {
      settled: freshetMetric(SHELF, 'Settled', 'Sum'),
      parked: freshetMetric(SHELF, 'Parked', 'Sum'),
    };
    expect(await metricData(client, queries, span)).toEqual({
      settled: perMinute(1, 2, 3, 4, 5),
      parked: perMinute(6, 7),
    });
    expect(cloudWatch.requests.map(({ NextToken }) => NextToken)).toEqual([undefined, '2', '4', '6']);
  });

  test('more queries than one call allows are split into several calls', async () => {
    const names = Array.from({ length: 501 }, (_, n) => `cache-${n}`);
    for (const name of names) cloudWatch.set(`Freshet/Settled/${name} in Lab/Sum`, perMinute(Number(name.slice(6))));
    const queries = Object.fromEntries(
      names.map((name) => [name, freshetMetric({ ...SHELF, name }, 'Settled', 'Sum')]),
    );
    const series = await metricData(client, queries, span);
    expect(cloudWatch.requests.map(({ MetricDataQueries }) => MetricDataQueries.length)).toEqual([500, 1]);
    expect(names.map((name) => series[name]?.[0]?.value)).toEqual(names.map((_, n) => n));
  });

  test('metric data without queries make no call', async () => {
    expect(await metricData(client, {}, span)).toEqual({});
    expect(cloudWatch.requests).toEqual([]);
  });
});

describe('the newest complete value', () => {
  test.each([
    ['the last interval has just ended', 2 * MINUTE, 2],
    ['the last interval ends in a millisecond', 2 * MINUTE - 1, 1],
    ['the only interval has not ended', MINUTE - 1, undefined],
    ['the last interval ended long ago', 60 * MINUTE, 2],
  ])('the newest complete value is found if %s', (_, sinceMs, value) => {
    expect(newestWhole(perMinute(1, 2), T0 + sinceMs, 60)?.value).toBe(value);
  });

  test('a series without data has no newest complete value', () => {
    expect(newestWhole([], T0, 60)).toBeUndefined();
  });
});

describe("a relay's progress", () => {
  const progressAt = (nowMs: number) =>
    createRelayProgress({ client, owner: { name: 'lab', stack: 'Lab' }, intervalSeconds: 60 })(nowMs);
  const backlogAt = async (nowMs: number) => streamBacklog(await progressAt(nowMs), nowMs, 2 * MINUTE);

  test("a relay's progress is undefined without metrics for the retention of its stream", async () => {
    expect(await progressAt(T0)).toBeUndefined();
    cloudWatch.set('Freshet/RelayDelay/lab in Lab/Maximum', perMinute(5));
    expect(await progressAt(T0 + 1_441 * MINUTE)).toBeUndefined();
    expect(await backlogAt(T0)).toMatchObject({ ageSeconds: 0, records: 0 });
  });

  test("a relay's progress has its last delay and the rate, with conflation, of its last whole interval", async () => {
    cloudWatch.set('Freshet/RelayDelay/lab in Lab/Maximum', perMinute(500, 900, 700));
    cloudWatch.set('Freshet/Published/lab in Lab/Sum', perMinute(60, 120, 3));
    cloudWatch.set('Freshet/Conflated/lab in Lab/Sum', perMinute(600, 180));
    expect(await progressAt(T0 + 2.5 * MINUTE)).toEqual({ delayMs: 700, atMs: T0 + 2.5 * MINUTE, rate: 5 });
  });

  test("a relay's progress has the rate of the first interval while no interval is complete", async () => {
    cloudWatch.set('Freshet/RelayDelay/lab in Lab/Maximum', perMinute(500));
    cloudWatch.set('Freshet/Published/lab in Lab/Sum', perMinute(30));
    expect(await progressAt(T0 + MINUTE / 2)).toMatchObject({ rate: 0.5 });
  });

  test('the stream backlog is 0 while a heartbeat is published each minute and its metric is late', async () => {
    cloudWatch.set('Freshet/RelayDelay/lab in Lab/Maximum', perMinute(0));
    cloudWatch.set('Freshet/Published/lab in Lab/Sum', perMinute(600));
    // The heartbeat was committed at the start of the interval. The next one's metric arrives two minutes after its
    // commit.
    expect(await backlogAt(T0 + 3 * MINUTE)).toMatchObject({ ageSeconds: 0, records: 0 });
  });

  test('the stream backlog grows with the silence of the relay, at the last rate', async () => {
    cloudWatch.set('Freshet/RelayDelay/lab in Lab/Maximum', perMinute(1_000));
    cloudWatch.set('Freshet/Published/lab in Lab/Sum', perMinute(600));
    expect(await backlogAt(T0 + 11 * MINUTE)).toMatchObject({ ageSeconds: 601, records: 6_010 });
  });

  test('the stream backlog grows beyond the first hour: ten hours of silence are an age of ten hours', async () => {
    cloudWatch.set('Freshet/RelayDelay/lab in Lab/Maximum', perMinute(0));
    cloudWatch.set('Freshet/Published/lab in Lab/Sum', perMinute(60));
    expect(await backlogAt(T0 + 601 * MINUTE)).toMatchObject({ ageSeconds: 36_000, records: 36_000 });
  });

  test('the stream backlog has the age of the delay that a failing relay reports', async () => {
    cloudWatch.set('Freshet/RelayDelay/lab in Lab/Maximum', perMinute(0, 60_000, 120_000));
    cloudWatch.set('Freshet/Published/lab in Lab/Sum', perMinute(600));
    expect(await backlogAt(T0 + 3 * MINUTE)).toMatchObject({ ageSeconds: 120, records: 1_200 });
  });
});
