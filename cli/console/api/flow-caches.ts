import { queueBacklog } from 'freshet-aws/internal/adapters/govern/report';
import type { FlowDecision } from 'freshet-aws/internal/core/govern/decide';
import { countParked } from '../../clients/parked-count.ts';
import { queueBacklogs } from '../../clients/queue.ts';
import { readinessOf } from '../../commands/status/gather.ts';
import type { Deployment } from '../../deployment/deployment.ts';
import { createCacheFigures } from '../../observe/cache-figures.ts';
import { readRecent, readReported } from '../../observe/cache-metrics.ts';
import { readHottestGroup } from '../../observe/hottest-group.ts';
import type { Parts } from '../../observe/parts.ts';
import type { Ask } from '../../observe/remembered.ts';
import type { CacheFlow } from './documents.ts';
import { EVERY } from './every.ts';
import type { FunctionStates } from './function-states.ts';

/** Creates the look at the caches. It remembers backlogs, because rates are differences of them. */
export function createCachesLook(
  deployment: Deployment,
  parts: Parts,
): (nowMs: number, functions: Ask<FunctionStates>) => Promise<(decisions: readonly FlowDecision[]) => CacheFlow[]> {
  const { caches, clients } = deployment;
  const { queues, tables } = clients;
  const backlogs = parts.each('queues of caches', caches, EVERY.backlog, ({ deployed }) =>
    queueBacklog(queues, deployed.queueUrl),
  );
  const dead = parts.each('dead-letter queues of caches', caches, EVERY.queues, ({ deployed }) =>
    queueBacklogs(queues, [deployed.deadLetterQueueUrl, deployed.subscriptionDeadLetterQueueUrl]),
  );
  const parked = parts.each('parked events of caches', caches, EVERY.parked, ({ deployed }) =>
    countParked(tables, deployed.parkingTable),
  );
  const readiness = parts.each('readiness of caches', caches, EVERY.slow, (cache) => readinessOf(deployment, cache));
  const hottest = parts.each('hottest groups', caches, EVERY.slow, (cache, nowMs) =>
    readHottestGroup(deployment, cache, nowMs),
  );
  const recent = parts.one('metrics of caches', EVERY.metrics, (nowMs) => readRecent(deployment, caches, nowMs));
  const reported = parts.one('metrics of caches', EVERY.gauges, (nowMs) => readReported(deployment, caches, nowMs));
  const figures = caches.map(() => createCacheFigures(deployment));
  const known: number[] = [];
  return async (nowMs, functions) => {
    const [lengths, letters, counts, ready, groups, lately, gauges, states] = await Promise.all([
      backlogs(nowMs),
      dead(nowMs),
      parked(nowMs),
      readiness(nowMs),
      hottest(nowMs),
      recent(nowMs),
      reported(nowMs),
      functions(nowMs),
    ]);
    return (decisions) =>
      caches.map(({ name, deployed }, index) => {
        // A queue that can't be read for a moment must not look empty.
        const backlog = lengths[index] ?? known[index] ?? 0;
        known[index] = backlog;
        const seen = { backlog, recent: lately?.[index], reported: gauges?.[index] };
        const group = groups[index];
        return {
          name,
          highWater: highWaterOf(name, decisions),
          ...(figures[index] ?? createCacheFigures(deployment))(seen, nowMs),
          backlog,
          hottestGroup: group ?? null,
          projector: states.of(deployed.projector),
          parked: counts[index] ?? 0,
          deadLetters: letters[index] ?? 0,
          readiness: ready[index] ?? {},
        };
      });
  };
}

/**
 * The lowest backlog of a cache at which one of its owners refuses writes; null if it may slow none of them, or if no
 * decision says so.
 */
export function highWaterOf(cache: string, decisions: readonly Pick<FlowDecision, 'highWaters'>[]): number | null {
  const found = decisions.flatMap(({ highWaters = {} }) =>
    Object.hasOwn(highWaters, cache) ? (highWaters[cache] ?? []) : [],
  );
  return found.length === 0 ? null : Math.min(...found);
}
