import * as z from 'zod/mini';
import {
  BOUNDARY_DIMENSION,
  LEAD_TIME_METRIC,
  METRIC_NAMESPACE,
  OUTCOME_METRICS,
  RELAY_METRICS,
} from '../core/metrics.ts';
import type { LocalCloud } from '../local/cloud.ts';
import { type Aside, asidePages, type Session } from './session.ts';

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
      /** Records that lie in the parking table: they could not be published. */
      setAside: count,
    }),
  ),
  caches: z.array(
    z.object({
      cache: z.string(),
      /** How far each type was filled with what its owner had before. */
      readiness: z.record(z.string(), z.enum(['empty', 'filling', 'ready'])),
      /** Entities in the cache, deleted ones not counted. */
      entities: count,
      applied: count,
      superseded: count,
      outdated: count,
      duplicate: count,
      gap: count,
      discarded: count,
      parked: count,
      held: count,
      /** Owner's commit to applied here; null while nothing was applied. */
      leadTimeP50Ms: milliseconds,
      leadTimeP99Ms: milliseconds,
      /** Visible and in-flight messages of the cache's queue. */
      backlog: count,
      /** Messages in the cache's dead-letter queue and in its subscription's, which soon are set aside. */
      deadLetters: count,
      /** Events that lie in the parking table, parked or held. */
      setAside: count,
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

  const owners = session.owners.map(async ({ boundary, deployed, aside }) => {
    const dimensions = { [BOUNDARY_DIMENSION]: boundary.name };
    return {
      owner: boundary.name,
      relay: stopped.has(deployed.relay) ? ('stopped' as const) : ('running' as const),
      published: sum(RELAY_METRICS.published, dimensions),
      diverted: sum(RELAY_METRICS.diverted, dimensions),
      setAside: await countAside(aside),
    };
  });
  const caches = session.caches.map(async ({ boundary, deployed, reader, aside }) => {
    const dimensions = { [BOUNDARY_DIMENSION]: boundary.name };
    const leadTime = cloud.metrics.query({ namespace: METRIC_NAMESPACE, metric: LEAD_TIME_METRIC, dimensions });
    const types = Object.keys(boundary.caches);
    const counts = await Promise.all(types.map((type) => reader.count(type)));
    const readiness = await Promise.all(
      types.map(async (type) => [type, (await reader.readiness(type)).status] as const),
    );
    return {
      cache: boundary.name,
      readiness: Object.fromEntries(readiness),
      entities: counts.reduce((total, one) => total + one, 0),
      applied: sum(OUTCOME_METRICS.applied, dimensions),
      superseded: sum(OUTCOME_METRICS.superseded, dimensions),
      outdated: sum(OUTCOME_METRICS.outdated, dimensions),
      duplicate: sum(OUTCOME_METRICS.duplicate, dimensions),
      gap: sum(OUTCOME_METRICS.gap, dimensions),
      discarded: sum(OUTCOME_METRICS.discarded, dimensions),
      parked: sum(OUTCOME_METRICS.parked, dimensions),
      held: sum(OUTCOME_METRICS.held, dimensions),
      leadTimeP50Ms: leadTime?.percentile(50) ?? null,
      leadTimeP99Ms: leadTime?.percentile(99) ?? null,
      backlog: queueLength(cloud, deployed.queueUrl),
      deadLetters:
        queueLength(cloud, deployed.deadLetterQueueUrl) + queueLength(cloud, deployed.subscriptionDeadLetterQueueUrl),
      setAside: await countAside(aside),
    };
  });
  return { owners: await Promise.all(owners), caches: await Promise.all(caches) };
}

async function countAside(aside: Aside): Promise<number> {
  let total = 0;
  for await (const page of asidePages(aside)) total += page.length;
  return total;
}

function queueLength(cloud: LocalCloud, queueUrl: string): number {
  const { visible, inFlight } = cloud.messaging.queues.require(queueUrl).counts();
  return visible + inFlight;
}
