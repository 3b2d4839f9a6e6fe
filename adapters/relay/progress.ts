import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { RelayProgress } from '../../core/govern/measure.ts';
import { type Emitter, RELAY_DELAY_METRIC, RELAY_METRICS } from '../../core/metrics.ts';
import { freshetMetric, metricData } from '../govern/metric-data.ts';

/** Number of intervals that are read first. If they have no metrics, the whole retention of the stream is read. */
const FIRST_INTERVALS = 60;

/**
 * Retention of a stream, as a multiple of the first span: 24 hours (ddb/Streams, 2026-11-25) for intervals of a minute.
 */
const RETENTION_FACTOR = 24;

/** Creates a function that returns a relay's progress from its metrics; undefined if it has none. */
export function createRelayProgress(options: {
  readonly client: CloudWatchClient;
  readonly owner: Emitter;
  readonly intervalSeconds: number;
}): (nowMs: number) => Promise<RelayProgress | undefined> {
  const { client, owner, intervalSeconds } = options;
  const queries = {
    delay: freshetMetric(owner, RELAY_DELAY_METRIC, 'Maximum'),
    published: freshetMetric(owner, RELAY_METRICS.published, 'Sum'),
    conflated: freshetMetric(owner, RELAY_METRICS.conflated, 'Sum'),
  };
  return async (nowMs) => {
    const firstSpanMs = FIRST_INTERVALS * intervalSeconds * 1000;
    const readSince = (fromMs: number) =>
      metricData(client, queries, { fromMs, toMs: nowMs, periodSeconds: intervalSeconds });
    const recent = await readSince(nowMs - firstSpanMs);
    const { delay, published, conflated } =
      recent.delay.length > 0 ? recent : await readSince(nowMs - RETENTION_FACTOR * firstSpanMs);
    const last = delay.at(-1);
    if (last === undefined) return undefined;
    // The current interval isn't complete, so the rate comes from the last complete one.
    const whole = published.findLast(({ atMs }) => atMs + intervalSeconds * 1000 <= nowMs) ?? published.at(-1);
    const merged = conflated.find(({ atMs }) => atMs === whole?.atMs)?.value ?? 0;
    // The metric's time within its interval isn't known. Its end is the latest possible time, so the relay's silence is
    // never overestimated.
    const atMs = Math.min(nowMs, last.atMs + intervalSeconds * 1000);
    return { delayMs: last.value, atMs, rate: ((whole?.value ?? 0) + merged) / intervalSeconds };
  };
}
