import { queueBacklog } from 'freshet-aws/internal/adapters/govern/report';
import { sideBySide } from 'freshet-aws/internal/core/side-by-side';
import { countDue, countInstances } from '../../clients/saga-counts.ts';
import type { Deployment, FactQueue, FoundCache } from '../../deployment/deployment.ts';
import { readAlarms } from '../../observe/alarms.ts';
import { createCacheFigures } from '../../observe/cache-figures.ts';
import { type RecentMetrics, type ReportedMetrics, readRecent, readReported } from '../../observe/cache-metrics.ts';
import { effectQueuesOf, serviceQueues } from '../../observe/facts.ts';
import { readFlowStatus } from '../../observe/flow-status.ts';
import { readHottestGroup } from '../../observe/hottest-group.ts';
import { type Ask, remembered } from '../../observe/remembered.ts';
import { readStoppedFunctions } from '../../observe/stopped-functions.ts';
import type { CacheView, SagaView, WatchView } from './document.ts';

/** Owners, caches, queues or sagas that are read at the same time. */
const BOUNDARIES_AT_ONCE = 8;

/**
 * Reads the figures of a deployment. It is called repeatedly, and remembers what it needs from earlier calls.
 */
export type Look = () => Promise<WatchView>;

/** Creates the look at a deployment. */
export function createLook(deployment: Deployment): Look {
  const metrics = createMetricsReader(deployment);
  const caches = deployment.caches.map((cache, index) => createCacheLook(deployment, cache, index, metrics));
  const alarms = remembered(deployment, () => readAlarms(deployment));
  const stopped = remembered(deployment, () => readStoppedFunctions(deployment));
  const sagas = remembered(deployment, (nowMs) => lookAtSagas(deployment, nowMs));
  const queues = serviceQueues(deployment);
  return async () => {
    const nowMs = Date.now();
    const [seen, owners, backlogs, seenSagas, raised, functions] = await Promise.all([
      sideBySide(caches, BOUNDARIES_AT_ONCE, (look): Promise<CacheView> => look(nowMs)),
      sideBySide(deployment.owners, BOUNDARIES_AT_ONCE, async (owner) => ({
        owner: owner.name,
        flow: await readFlowStatus(deployment, owner, nowMs),
      })),
      sideBySide(queues, BOUNDARIES_AT_ONCE, (queue) => backlogOf(deployment, [queue])),
      sagas(nowMs),
      alarms(nowMs),
      stopped(nowMs),
    ]);
    const factQueues = queues.map(({ name }, index) => ({ queue: name, backlog: backlogs[index] ?? 0 }));
    const named = { stoppedFunctions: [...functions.stopped], unknownFunctions: [...functions.unknown] };
    const at = new Date(nowMs).toISOString();
    return { at, owners, caches: seen, factQueues, sagas: seenSagas, alarms: raised, ...named };
  };
}

function lookAtSagas(deployment: Deployment, nowMs: number): Promise<SagaView[]> {
  const { clients, isLocal, factQueues } = deployment;
  return sideBySide(deployment.sagas, BOUNDARIES_AT_ONCE, async ({ name, table }) => {
    const source = { client: clients.tables, tableName: table };
    const [counts, due, backlog, effectBacklog] = await Promise.all([
      isLocal ? countInstances(source, name) : undefined,
      countDue(source, nowMs),
      backlogOf(
        deployment,
        factQueues.filter((queue) => queue.name === name),
      ),
      backlogOf(deployment, effectQueuesOf(deployment, name)),
    ]);
    return { saga: name, waiting: counts?.waiting ?? null, due, backlog, effectBacklog };
  });
}

async function backlogOf({ clients }: Deployment, queues: readonly FactQueue[]): Promise<number> {
  const backlogs = await Promise.all(queues.map(({ deployed }) => queueBacklog(clients.queues, deployed.queueUrl)));
  return backlogs.reduce((sum, one) => sum + one, 0);
}

/** @param index the cache's place in the deployment */
function createCacheLook(
  deployment: Deployment,
  cache: FoundCache,
  index: number,
  metrics: CacheMetricsReader,
): Ask<CacheView> {
  const figures = createCacheFigures(deployment);
  const hottest = remembered(deployment, (nowMs) => readHottestGroup(deployment, cache, nowMs));
  return async (nowMs) => {
    const [backlog, { recent, reported }, hottestGroup] = await Promise.all([
      queueBacklog(deployment.clients.queues, cache.deployed.queueUrl),
      metrics(nowMs),
      hottest(nowMs),
    ]);
    const seen = { backlog, recent: recent[index], reported: reported[index] };
    return { cache: cache.name, ...figures(seen, nowMs), hottestGroup };
  };
}

type CacheMetricsReader = Ask<{
  readonly recent: readonly RecentMetrics[];
  readonly reported: readonly ReportedMetrics[];
}>;

/** Reads the metrics of all caches together, once for one look. */
function createMetricsReader(deployment: Deployment): CacheMetricsReader {
  const { caches } = deployment;
  return remembered(deployment, async (nowMs) => {
    const [recent, reported] = await Promise.all([
      readRecent(deployment, caches, nowMs),
      readReported(deployment, caches, nowMs),
    ]);
    return { recent, reported };
  });
}
