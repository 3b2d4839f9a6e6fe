import { expect, test } from 'vitest';
import { createMetricStore } from '../../../local/cloudwatch/metric-store.ts';
import { readStatistic } from '../../../local/cloudwatch/statistics.ts';

function emf(values: Record<string, unknown>, dimensions: string[][], metrics: string[]): string {
  const directive = { Namespace: 'Freshet', Dimensions: dimensions, Metrics: metrics.map((Name) => ({ Name })) };
  return JSON.stringify({ _aws: { Timestamp: 0, CloudWatchMetrics: [directive] }, ...values });
}

const of = { namespace: 'Freshet', metric: 'LeadTime', dimensions: { cache: 'ordering' } };

test('numbers and lists of numbers are added up by namespace, dimensions and metric name', () => {
  const metrics = createMetricStore();
  metrics.record(emf({ cache: 'ordering', LeadTime: 5 }, [['cache']], ['LeadTime']));
  metrics.record(emf({ cache: 'ordering', LeadTime: [1, 3] }, [['cache']], ['LeadTime']));
  metrics.record(emf({ cache: 'warehouse', LeadTime: 100 }, [['cache']], ['LeadTime']));
  expect(metrics.query(of)).toMatchObject({ count: 3, sum: 9, min: 1, max: 5 });
  expect(metrics.snapshot()).toHaveLength(2);
});

test('percentiles use the nearest-rank method', () => {
  const metrics = createMetricStore();
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  metrics.record(emf({ cache: 'ordering', LeadTime: values }, [['cache']], ['LeadTime']));
  const summary = metrics.query(of);
  expect([0, 50, 99, 100].map((p) => summary?.percentile(p))).toEqual([1, 50, 99, 100]);
});

test('percentiles cover the last 100,000 values, and the sum covers all values', () => {
  const metrics = createMetricStore();
  const line = (value: number, times: number) =>
    emf({ cache: 'ordering', LeadTime: Array(times).fill(value) }, [['cache']], ['LeadTime']);
  metrics.record(line(9, 50_000));
  metrics.record(line(1, 100_000));
  const summary = metrics.query(of);
  expect(summary).toMatchObject({ count: 150_000, sum: 550_000, max: 9 });
  expect(summary?.percentile(100)).toBe(1);
});

test('a metric is found by exactly its dimensions, as in CloudWatch', () => {
  const metrics = createMetricStore();
  const values = { cache: 'ordering', service: 'a', LeadTime: 1 };
  metrics.record(emf(values, [['cache', 'service']], ['LeadTime']));
  expect(metrics.query(of)).toBeUndefined();
  metrics.record(emf(values, [['cache']], ['LeadTime']));
  expect(metrics.query(of)).toMatchObject({ count: 1 });
});

test('a metric that was never recorded has no summary', () => {
  expect(createMetricStore().query(of)).toBeUndefined();
});

test.each([
  'plain text',
  '{"message":"CloudWatchMetrics"}',
  '{"_aws":{"CloudWatchMetrics":1}}',
  '{"CloudWatchMetrics"',
])('the log line %s contains no metric', (line) => {
  expect(createMetricStore().record(line)).toBe(false);
});

const startMs = Date.parse('2026-11-23T00:00:00Z');
const name = { namespace: 'Freshet', metric: 'LeadTime', dimensions: { cache: 'ordering' } };

function filled(values: readonly [second: number, value: number][], nowSecond = 300) {
  const metrics = createMetricStore(() => startMs + nowSecond * 1000);
  for (const [second, value] of values)
    metrics.put(name.namespace, name.metric, name.dimensions, value, startMs + second * 1000);
  return metrics;
}

test.each([
  ['Sum', [6, 4]],
  ['Average', [2, 4]],
  ['Minimum', [1, 4]],
  ['Maximum', [3, 4]],
  ['SampleCount', [3, 1]],
  ['p50', [2, 4]],
  ['p100', [3, 4]],
])('the statistic %s is computed for each minute with values', (statistic, expected) => {
  const metrics = filled([
    [0, 1],
    [59.9, 2],
    [59.9, 3],
    [120, 4],
  ]);
  const asked = readStatistic(statistic) ?? 'Sum';
  const datapoints = metrics.datapoints(name, asked, { startMs, endMs: startMs + 180_000, periodMs: 60_000 });
  expect(datapoints.map(({ value }) => value)).toEqual(expected);
  expect(datapoints.map(({ atMs }) => (atMs - startMs) / 1000)).toEqual([0, 120]);
});

test('periods may be as short as a second, and the last period is read to its end', () => {
  const metrics = filled([
    [1, 1],
    [2, 2],
    [3.5, 3],
  ]);
  const seconds = { startMs: startMs + 1000, endMs: startMs + 3000, periodMs: 1000 };
  expect(metrics.datapoints(name, 'Sum', seconds).map(({ value }) => value)).toEqual([1, 2]);
  const minute = { startMs, endMs: startMs + 2000, periodMs: 60_000 };
  expect(metrics.datapoints(name, 'Sum', minute)).toEqual([{ atMs: startMs, value: 6 }]);
});

test('the time in a log line is the time of its values', () => {
  const metrics = createMetricStore(() => startMs + 300_000);
  const directive = { Namespace: 'Freshet', Dimensions: [['cache']], Metrics: [{ Name: 'LeadTime' }] };
  const _aws = { Timestamp: startMs + 61_000, CloudWatchMetrics: [directive] };
  metrics.record(JSON.stringify({ _aws, cache: 'ordering', LeadTime: [7, 8] }));
  const periods = { startMs, endMs: startMs + 300_000, periodMs: 60_000 };
  expect(metrics.datapoints(name, 'Sum', periods)).toEqual([{ atMs: startMs + 60_000, value: 15 }]);
});

test('values by second are kept for three hours, and totals are kept forever', () => {
  const hours = (n: number) => n * 3600;
  const metrics = filled(
    [
      [0, 1],
      [hours(3), 2],
    ],
    hours(3),
  );
  const periods = { startMs, endMs: startMs + hours(4) * 1000, periodMs: 60_000 };
  expect(metrics.datapoints(name, 'Sum', periods)).toEqual([{ atMs: startMs + hours(3) * 1000, value: 2 }]);
  expect(metrics.query(name)).toMatchObject({ count: 2, sum: 3 });
});

test('percentiles of many values in one second are approximate, and counts are exact', () => {
  const metrics = filled(Array.from({ length: 20_000 }, (_, index) => [1, index]));
  const periods = { startMs, endMs: startMs + 60_000, periodMs: 60_000 };
  const [median] = metrics.datapoints(name, { percentile: 50 }, periods);
  expect(median?.value).toBeGreaterThan(9_800);
  expect(median?.value).toBeLessThan(10_200);
  expect(metrics.datapoints(name, 'SampleCount', periods)).toEqual([{ atMs: startMs, value: 20_000 }]);
});

test('a statistic that is not emulated is not mistaken for another one', () => {
  expect(['p101', 'tm90', 'sum', 'p', 'IQM'].map(readStatistic)).toEqual(Array(5).fill(undefined));
});
