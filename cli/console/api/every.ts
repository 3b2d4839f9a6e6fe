import type { Every } from '../../observe/parts.ts';

/**
 * How often each part of the flow is read at most. In the local cloud a page shows a change within a second or two, and
 * an idle page must cost little. On AWS, CloudWatch is billed by the metric and has one value a minute.
 */
export const EVERY = {
  /** The backlogs of queues of events, from which rates are calculated. */
  backlog: { localMs: 0, awsMs: 0 },
  /** Backlogs that only need to be seen. */
  queues: { localMs: 2_000, awsMs: 10_000 },
  metrics: { localMs: 1_000, awsMs: 30_000 },
  /** Metrics that are written once a minute. */
  gauges: { localMs: 5_000, awsMs: 30_000 },
  decision: { localMs: 2_000, awsMs: 5_000 },
  /** Counting reads the parking tables. */
  parked: { localMs: 2_000, awsMs: 30_000 },
  alarms: { localMs: 2_000, awsMs: 30_000 },
  /** The figures of the dashboard: hundreds of metrics for a few caches. */
  numbers: { localMs: 0, awsMs: 60_000 },
  /** The readiness of types, the hottest groups and the instances of sagas. */
  slow: { localMs: 5_000, awsMs: 30_000 },
} as const satisfies Record<string, Every>;
