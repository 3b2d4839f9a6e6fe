import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { RelayProgress } from '../../core/govern/measure.ts';
import { RELAY_DELAY_METRIC, RELAY_METRICS } from '../../core/metrics.ts';
import { freshetMetric, metricData } from '../govern/metric-data.ts';

/** Intervals that are looked back at first; a relay that says nothing for longer is looked for in all that its stream remembers. */
const LOOK_BACK = 60;

/** How many times longer that is: 24 hours of a stream (ddb/Streams, 2026-11-25) for intervals of a minute. */
const WHOLE_STREAM = 24;

/** What a relay last said, from its metrics. */
export function createRelayProgress(options: {
  readonly client: CloudWatchClient;
  readonly owner: string;
  readonly intervalSeconds: number;
}): (nowMs: number) => Promise<RelayProgress | undefined> {
  const { client, owner, intervalSeconds } = options;
  const queries = {
    delay: freshetMetric(owner, RELAY_DELAY_METRIC, 'Maximum'),
    published: freshetMetric(owner, RELAY_METRICS.published, 'Sum'),
    conflated: freshetMetric(owner, RELAY_METRICS.conflated, 'Sum'),
  };
  return async (nowMs) => {
    const lookBackMs = LOOK_BACK * intervalSeconds * 1000;
    const seenSince = (fromMs: number) =>
      metricData(client, queries, { fromMs, toMs: nowMs, periodSeconds: intervalSeconds });
    const lately = await seenSince(nowMs - lookBackMs);
    const { delay, published, conflated } =
      lately.delay.length > 0 ? lately : await seenSince(nowMs - WHOLE_STREAM * lookBackMs);
    const last = delay.at(-1);
    if (last === undefined) return undefined;
    // An interval that isn't over has too few of its records; the one before it tells the rate.
    const whole = published.findLast(({ atMs }) => atMs + intervalSeconds * 1000 <= nowMs) ?? published.at(-1);
    const merged = conflated.find(({ atMs }) => atMs === whole?.atMs)?.value ?? 0;
    // Said at some time of the interval: at its end, for all that is known, and a relay is behind only for what was silence for certain.
    const atMs = Math.min(nowMs, last.atMs + intervalSeconds * 1000);
    return { delayMs: last.value, atMs, rate: ((whole?.value ?? 0) + merged) / intervalSeconds };
  };
}
