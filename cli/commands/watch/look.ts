import { queueBacklog } from 'freshet-aws/internal/adapters/govern/report';
import { isStopped } from '../../clients/functions.ts';
import { countDue, countInstances } from '../../clients/saga-counts.ts';
import type { Deployment, FactQueue } from '../../deployment/deployment.ts';
import { readAlarms } from '../../observe/alarms.ts';
import { createCacheFigures } from '../../observe/cache-figures.ts';
import { readRecent, readReported } from '../../observe/cache-metrics.ts';
import { effectQueuesOf, serviceQueues, total } from '../../observe/facts.ts';
import { readFlowStatus } from '../../observe/flow-status.ts';
import { readHottestGroup } from '../../observe/hottest-group.ts';
import { ALWAYS, createParts, type Parts } from '../../observe/parts.ts';
import { AWS_METRICS_EVERY_MS } from '../../observe/remembered.ts';
import { readStoppedFunctions } from '../../observe/stopped-functions.ts';
import type { CacheView, SagaView, WatchView } from './document.ts';

/**
 * Reads the figures of a deployment. It is called repeatedly, and remembers what it needs from earlier calls. It
 * rejects if nothing can be read.
 */
export type Look = () => Promise<WatchView>;

/** What is billed or limited on AWS, and has no newer data in between. */
const SELDOM = { localMs: 0, awsMs: AWS_METRICS_EVERY_MS };

/** Creates the look at a deployment. */
export function createLook(deployment: Deployment): Look {
  const { clients, owners } = deployment;
  const parts = createParts(deployment);
  const caches = createCachesLook(deployment, parts);
  const facts = createFactsLook(deployment, parts);
  const flows = parts.each('flow states of owners', owners, ALWAYS, (owner, nowMs) =>
    readFlowStatus(deployment, owner, nowMs),
  );
  const alarms = parts.one('alarms', SELDOM, () => readAlarms(deployment));
  // Apart, because states that may not be read count as read.
  const ofFunctions = createParts(deployment);
  const functions = ofFunctions.one('states of functions', SELDOM, (_, progress) =>
    readStoppedFunctions(deployment, (name) => isStopped(clients.functions, name).finally(progress)),
  );
  return async () => {
    const nowMs = Date.now();
    const [seen, ofFacts, decided, raised, stopped] = await Promise.all([
      caches(nowMs),
      facts(nowMs),
      flows(nowMs),
      alarms(nowMs),
      functions(nowMs),
    ]);
    parts.requireSome();
    return {
      at: new Date(nowMs).toISOString(),
      owners: owners.map(({ name }, index) => ({ owner: name, flow: decided[index] ?? null })),
      caches: seen,
      ...ofFacts,
      alarms: raised ?? null,
      stoppedFunctions: [...(stopped?.stopped ?? [])],
      unknownFunctions: [...(stopped?.unknown ?? [])],
      unread: [...parts.unread(), ...ofFunctions.unread()],
    };
  };
}

function createCachesLook(deployment: Deployment, parts: Parts): (nowMs: number) => Promise<CacheView[]> {
  const { caches, clients } = deployment;
  const backlogs = parts.each('queues of caches', caches, ALWAYS, ({ deployed }) =>
    queueBacklog(clients.queues, deployed.queueUrl),
  );
  const groups = parts.each('hottest groups', caches, SELDOM, (cache, nowMs) =>
    readHottestGroup(deployment, cache, nowMs),
  );
  const recent = parts.one('metrics of caches', SELDOM, (nowMs) => readRecent(deployment, caches, nowMs));
  const reported = parts.one('reports of caches', SELDOM, (nowMs) => readReported(deployment, caches, nowMs));
  const figures = caches.map(() => createCacheFigures(deployment));
  return async (nowMs) => {
    const [lengths, hottest, lately, gauges] = await Promise.all([
      backlogs(nowMs),
      groups(nowMs),
      recent(nowMs),
      reported(nowMs),
    ]);
    return caches.map(({ name }, index) => {
      const backlog = lengths[index] ?? null;
      const seen = { backlog, recent: lately?.[index], reported: gauges?.[index] };
      const its = (figures[index] ?? createCacheFigures(deployment))(seen, nowMs);
      return { cache: name, ...its, hottestGroup: hottest[index] ?? null };
    });
  };
}

function createFactsLook(
  deployment: Deployment,
  parts: Parts,
): (nowMs: number) => Promise<Pick<WatchView, 'factQueues' | 'sagas'>> {
  const { clients, isLocal, factQueues, sagas } = deployment;
  const sourceOf = (table: string) => ({ client: clients.tables, tableName: table });
  const backlogs = parts.each('queues of facts', factQueues, ALWAYS, ({ deployed }) =>
    queueBacklog(clients.queues, deployed.queueUrl),
  );
  const due = parts.each('due instances of sagas', sagas, SELDOM, ({ table }, nowMs) =>
    countDue(sourceOf(table), nowMs),
  );
  const counts = parts.each('instances of sagas', isLocal ? sagas : [], ALWAYS, ({ table, name }) =>
    countInstances(sourceOf(table), name),
  );
  return async (nowMs) => {
    const [lengths, late, instances] = await Promise.all([backlogs(nowMs), due(nowMs), counts(nowMs)]);
    const backlogOf = (queues: readonly FactQueue[]) =>
      total(queues.map((queue) => lengths[factQueues.indexOf(queue)] ?? null));
    return {
      factQueues: serviceQueues(deployment).map((queue) => ({ queue: queue.name, backlog: backlogOf([queue]) })),
      sagas: sagas.map(
        ({ name }, index): SagaView => ({
          saga: name,
          waiting: instances[index]?.waiting ?? null,
          due: late[index] ?? null,
          backlog: backlogOf(factQueues.filter((queue) => queue.name === name)),
          effectBacklog: backlogOf(effectQueuesOf(deployment, name)),
        }),
      ),
    };
  };
}
