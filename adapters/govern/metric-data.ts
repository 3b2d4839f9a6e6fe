import { type CloudWatchClient, GetMetricDataCommand, type MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import { dimensionsOf, type Emitter, METRIC_NAMESPACE } from '../../core/metrics.ts';

/** One value of a series. */
export interface Datapoint {
  /** Start of the period that the value is for, epoch milliseconds. */
  readonly atMs: number;
  readonly value: number;
}

/** Selects a metric and its statistic. */
export interface MetricQuery {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** `Sum`, `Average`, `Minimum`, `Maximum`, `SampleCount` or a percentile such as `p99`. */
  readonly statistic: string;
}

/** A time span. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  /** Period of a datapoint. On AWS a multiple of 60, except for high-resolution metrics. */
  readonly periodSeconds: number;
}

/** Maximum number of queries in one call (cloudwatch/API_GetMetricData, 2026-11-25). */
const MAX_QUERIES = 500;

/** Selects one of Freshet's metrics. */
export function freshetMetric(emitter: Emitter, metric: string, statistic: string): MetricQuery {
  return { namespace: METRIC_NAMESPACE, metric, dimensions: dimensionsOf(emitter), statistic };
}

/**
 * Selects an SQS metric of a queue.
 *
 * @param queueUrl the queue's URL or name
 */
export function queueMetric(queueUrl: string, metric: string, statistic: string): MetricQuery {
  const QueueName = queueUrl.slice(queueUrl.lastIndexOf('/') + 1);
  return { namespace: 'AWS/SQS', metric, dimensions: { QueueName }, statistic };
}

/** Selects a Lambda metric of a function. */
export function functionMetric(functionName: string, metric: string, statistic: string): MetricQuery {
  return { namespace: 'AWS/Lambda', metric, dimensions: { FunctionName: functionName }, statistic };
}

/** Returns the series of each query by its key, oldest value first. A series without data is empty. */
export async function metricData<K extends string>(
  client: CloudWatchClient,
  queries: Readonly<Record<K, MetricQuery>>,
  { fromMs, toMs, periodSeconds }: Span,
): Promise<Record<K, readonly Datapoint[]>> {
  const keys = Object.keys(queries) as K[];
  const series = Object.fromEntries(keys.map((key) => [key, [] as Datapoint[]])) as Record<K, Datapoint[]>;
  for (let from = 0; from < keys.length; from += MAX_QUERIES) {
    const some = keys.slice(from, from + MAX_QUERIES);
    const MetricDataQueries = some.map((key, index): MetricDataQuery => {
      const { namespace, metric, dimensions, statistic } = queries[key];
      const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
      const Metric = { Namespace: namespace, MetricName: metric, Dimensions };
      return { Id: `m${index}`, MetricStat: { Metric, Period: periodSeconds, Stat: statistic } };
    });
    let NextToken: string | undefined;
    do {
      const answer = await client.send(
        new GetMetricDataCommand({
          MetricDataQueries,
          StartTime: new Date(fromMs),
          EndTime: new Date(toMs),
          ScanBy: 'TimestampAscending',
          NextToken,
        }),
      );
      for (const { Id = '', Timestamps = [], Values = [] } of answer.MetricDataResults ?? []) {
        const key = some[Number(Id.slice(1))];
        if (key === undefined) continue;
        series[key].push(...Timestamps.map((at, index) => ({ atMs: at.getTime(), value: Values[index] ?? 0 })));
      }
      NextToken = answer.NextToken;
    } while (NextToken);
  }
  return series;
}

/** Returns the newest value whose period has ended; undefined if there is none. */
export function newestWhole(series: readonly Datapoint[], nowMs: number, periodSeconds: number): Datapoint | undefined {
  return series.findLast(({ atMs }) => atMs + periodSeconds * 1000 <= nowMs);
}
