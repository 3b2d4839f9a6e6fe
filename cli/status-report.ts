import * as z from 'zod/mini';
import {
  BOUNDARY_DIMENSION,
  LEAD_TIME_METRIC,
  METRIC_NAMESPACE,
  OUTCOME_METRICS,
  RELAY_METRICS,
} from '../core/metrics.ts';
import type { LocalCloud } from '../local/cloud.ts';
import type { Session } from './session.ts';

const count = z.int();
const milliseconds = z.nullable(z.number());

/** The state of everything deployed, as `freshet status --json` prints it. */
export const statusReport = z.object({
  owners: z.array(
    z.object({
      owner: z.string(),
      /** Whether the relay runs; a stopped one's changes wait in the stream. */
      relay: z.enum(['running', 'stopped']),
      published: count,
      diverted: count,
    }),
  ),
  caches: z.array(
    z.object({
      cache: z.string(),
      /** Entities in the cache, deleted ones not counted. */
      entities: count,
      applied: count,
      superseded: count,
      outdated: count,
      duplicate: count,
      parked: count,
      /** Owner's commit to applied here; null while nothing was applied. */
      leadTimeP50Ms: milliseconds,
      leadTimeP99Ms: milliseconds,
      /** Visible and in-flight messages of the cache's queue. */
      backlog: count,
      /** Messages in the cache's dead-letter queue and in its subscription's. */
      deadLetters: count,
    }),
  ),
});

/** See `statusReport`. */
export type StatusReport = z.infer<typeof statusReport>;

/** The control route that answers with a `StatusReport`. */
export const STATUS_ROUTE = '/_freshet/status';

/** Reads the state of everything deployed from tables, queues and collected metrics. */
export async function gatherStatus(session: Session, cloud: LocalCloud): Promise<StatusReport> {
  const stopped = new Set(cloud.functions.functions().flatMap(({ name, stopped }) => (stopped ? [name] : [])));
  const sum = (metric: string, dimensions: Record<string, string>) =>
    cloud.metrics.query({ namespace: METRIC_NAMESPACE, metric, dimensions })?.sum ?? 0;

  const owners = session.owners.map(({ boundary, deployed }) => {
    const dimensions = { [BOUNDARY_DIMENSION]: boundary.name };
    return {
      owner: boundary.name,
      relay: stopped.has(deployed.relay) ? ('stopped' as const) : ('running' as const),
      published: sum(RELAY_METRICS.published, dimensions),
      diverted: sum(RELAY_METRICS.diverted, dimensions),
    };
  });
  const caches = session.caches.map(async ({ boundary, deployed, reader }) => {
    const dimensions = { [BOUNDARY_DIMENSION]: boundary.name };
    const leadTime = cloud.metrics.query({ namespace: METRIC_NAMESPACE, metric: LEAD_TIME_METRIC, dimensions });
    const counts = await Promise.all(Object.keys(boundary.caches).map((type) => reader.count(type)));
    return {
      cache: boundary.name,
      entities: counts.reduce((total, one) => total + one, 0),
      applied: sum(OUTCOME_METRICS.applied, dimensions),
      superseded: sum(OUTCOME_METRICS.superseded, dimensions),
      outdated: sum(OUTCOME_METRICS.outdated, dimensions),
      duplicate: sum(OUTCOME_METRICS.duplicate, dimensions),
      parked: sum(OUTCOME_METRICS.parked, dimensions),
      leadTimeP50Ms: leadTime?.percentile(50) ?? null,
      leadTimeP99Ms: leadTime?.percentile(99) ?? null,
      backlog: queueLength(cloud, deployed.queueUrl),
      deadLetters:
        queueLength(cloud, deployed.deadLetterQueueUrl) + queueLength(cloud, deployed.subscriptionDeadLetterQueueUrl),
    };
  });
  return { owners, caches: await Promise.all(caches) };
}

function queueLength(cloud: LocalCloud, queueUrl: string): number {
  const { visible, inFlight } = cloud.messaging.queues.require(queueUrl).counts();
  return visible + inFlight;
}
