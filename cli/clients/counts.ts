import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { type Datapoint, freshetMetric, metricData } from 'freshet-aws/internal/adapters/govern/metric-data';
import { type Emitter, OUTCOME_METRICS } from 'freshet-aws/internal/core/metrics';
import type { Outcome } from 'freshet-aws/internal/core/outcome';

/** How many events ended with each outcome. */
export type OutcomeCounts = Readonly<Record<Outcome, number>>;

const DAY_MS = 24 * 3_600_000;

/** CloudWatch keeps minutes for 15 days (cw/Working_with_metrics, 2026-11-25). */
export const MAX_SINCE_MS = 15 * DAY_MS;

/**
 * The span in which events are counted, including the current period. Up to a day, a period is a minute; for longer
 * spans it is 5 minutes, because one response holds at most 100,800 values (cloudwatch/API_GetMetricData).
 */
export function countedSpan(sinceMs: number, nowMs: number) {
  const periodSeconds = sinceMs <= DAY_MS ? 60 : 300;
  return { fromMs: nowMs - sinceMs, toMs: nowMs + periodSeconds * 1000, periodSeconds };
}

/** The sums of an emitter's counters over the last `sinceMs` milliseconds. */
export async function readCounts<K extends string>(
  client: CloudWatchClient,
  emitter: Emitter,
  metrics: Readonly<Record<K, string>>,
  sinceMs: number,
): Promise<Record<K, number>> {
  const keys = Object.keys(metrics) as K[];
  const queries = keys.map((key) => [key, freshetMetric(emitter, metrics[key], 'Sum')] as const);
  const series = await metricData(client, Object.fromEntries(queries), countedSpan(sinceMs, Date.now()));
  return Object.fromEntries(keys.map((key) => [key, total(series[key] ?? [])])) as Record<K, number>;
}

/** How many events of a cache ended with each outcome over the last `sinceMs` milliseconds. */
export function readOutcomeCounts(client: CloudWatchClient, cache: Emitter, sinceMs: number): Promise<OutcomeCounts> {
  return readCounts(client, cache, OUTCOME_METRICS, sinceMs);
}

function total(series: readonly Datapoint[]): number {
  return Math.round(series.reduce((sum, { value }) => sum + value, 0));
}
