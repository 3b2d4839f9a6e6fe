import { expect, test } from 'vitest';
import { createMetricStore } from '../../local/metrics.ts';

function emf(values: Record<string, unknown>, dimensions: string[][], metrics: string[]): string {
  const directive = { Namespace: 'Freshet', Dimensions: dimensions, Metrics: metrics.map((Name) => ({ Name })) };
  return JSON.stringify({ _aws: { Timestamp: 0, CloudWatchMetrics: [directive] }, ...values });
}

const of = { namespace: 'Freshet', metric: 'LeadTime', dimensions: { cache: 'ordering' } };

test('numbers and lists of numbers are added up per namespace, dimensions and name', () => {
  const metrics = createMetricStore();
  metrics.record(emf({ cache: 'ordering', LeadTime: 5 }, [['cache']], ['LeadTime']));
  metrics.record(emf({ cache: 'ordering', LeadTime: [1, 3] }, [['cache']], ['LeadTime']));
  metrics.record(emf({ cache: 'warehouse', LeadTime: 100 }, [['cache']], ['LeadTime']));
  expect(metrics.query(of)).toMatchObject({ count: 3, sum: 9, min: 1, max: 5 });
  expect(metrics.snapshot()).toHaveLength(2);
});

test('percentiles are nearest-rank', () => {
  const metrics = createMetricStore();
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  metrics.record(emf({ cache: 'ordering', LeadTime: values }, [['cache']], ['LeadTime']));
  const summary = metrics.query(of);
  expect([0, 50, 99, 100].map((p) => summary?.percentile(p))).toEqual([1, 50, 99, 100]);
});

test('the last 100,000 values are kept for percentiles, all of them for the sum', () => {
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

test('what was never recorded is undefined', () => {
  expect(createMetricStore().query(of)).toBeUndefined();
});

test.each([
  'plain text',
  '{"message":"CloudWatchMetrics"}',
  '{"_aws":{"CloudWatchMetrics":1}}',
  '{"CloudWatchMetrics"',
])('the line %s is no metric', (line) => {
  expect(createMetricStore().record(line)).toBe(false);
});
