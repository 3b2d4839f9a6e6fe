import { typeOfGroup } from '../../core/entity.ts';
import { awaitFirstHeartbeats, heartbeatRequest } from '../../core/govern/first-heartbeats.ts';
import { measureCache, type ParkedSince, type ReportPorts } from '../../core/govern/report.ts';
import { isDeadLetter } from '../../core/repair/dead-letter.ts';
import { sendTo } from './consumer.ts';
import type { Deployed } from './deployed.ts';
import type { FunctionOptions, Invocation } from './invocations.ts';
import { createSettledPorts, heartbeatMs } from './self-repair.ts';
import { everyMs, nextTends } from './tending.ts';

const REPORT: FunctionOptions = { crash: 'reportCrash', timeoutMs: 30_000, crashWithin: 12, mayRace: false };

/** Time between two reports. */
export const INTERVAL_MS = 60_000;

/** How often the metrics of a queue can't be read. */
const UNREAD = 0.02;

/** Waits before further checks whether the queue is empty: see adapters/govern/report.ts. */
const EMPTY_CHECKS_MS = [50, 100, 200, 400];

/** Measures a cache, notes its completeness, and lets its types be tended, as lambdas/cache-report.ts. */
export async function reportOn(deployed: Deployed): Promise<void> {
  await deployed.world.functions.invoke(REPORT, (invocation) => report(deployed, invocation));
}

async function report(deployed: Deployed, invocation: Invocation): Promise<void> {
  const { world, name, notes } = deployed;
  const { nowMs, sleep } = world.scheduler;
  const ports = createReportPorts(deployed, invocation);
  const askOwners = () =>
    invocation.call('queue', '', () =>
      sendTo(world, world.messaging.queues.require('reports'), heartbeatRequest(name)),
    );
  await awaitFirstHeartbeats({ ...ports, askOwners, pause: sleep }, INTERVAL_MS);
  const before = { backlog: 0, atMs: nowMs() - INTERVAL_MS };
  const { completeness } = await measureCache(ports, name, before, nowMs, INTERVAL_MS);
  await invocation.call('cacheTable', '', () => {
    if ((notes.completeness?.atMs ?? 0) < completeness.atMs) notes.completeness = completeness;
  });
  await tend(deployed, invocation);
}

/** Lets the repair function tend the types that need it, as adapters/repair/tending.ts. */
async function tend(deployed: Deployed, invocation: Invocation): Promise<void> {
  const { world, cache, pageQueue } = deployed;
  const nowMs = world.scheduler.nowMs();
  const due = (await nextTends(cache, nowMs, everyMs(world, cache))).filter(({ atMs }) => atMs <= nowMs);
  if (due.length === 0) return;
  const types = due.map(({ type }) => type);
  await invocation.call('queue', '', () => sendTo(world, pageQueue, JSON.stringify({ tend: types })));
  world.ledger.trace?.(`tend ${cache.name} ${types}`);
}

function createReportPorts(deployed: Deployed, invocation: Invocation): ReportPorts {
  const { world, cache, queue } = deployed;
  const { completeness, backlog, unrepaired } = createSettledPorts(deployed, invocation);
  return {
    completeness,
    backlog,
    unrepaired,
    async isEmptyOnce() {
      for (const ms of EMPTY_CHECKS_MS) {
        await world.scheduler.sleep(ms);
        if ((await backlog()) === 0) return true;
      }
      return false;
    },
    // The age of the oldest message is exact here, so it leaves no message out.
    leavesOut: async () => false,
    consumption: () =>
      invocation.call('queue', '', () => {
        if (world.faults.happens('metricsUnread', UNREAD)) {
          world.faults.count('metricsUnread');
          return undefined;
        }
        return { rate: 0, oldestAgeSeconds: 0, queuedSinceMs: queue.oldestArrivedAtMs() };
      }),
    heartbeats: () =>
      invocation.call('cacheTable', '', () =>
        Object.fromEntries(cache.types.map((type) => [type, heartbeatMs(deployed, type)])),
      ),
    parked: () => invocation.call('parkingTable', '', () => parkedSince(deployed)),
    queueCreatedAtMs: () => invocation.call('queue', '', () => Number(queue.attributes().CreatedTimestamp) * 1000),
  };
}

/** The parked events and the gaps, as adapters/govern/report.ts reads them. */
function parkedSince({ tables: { raw, gaps } }: Deployed): ParkedSince {
  const sinceMs = new Map<string, number>();
  const note = (type: string, atMs: number) => sinceMs.set(type, Math.min(sinceMs.get(type) ?? atMs, atMs));
  for (const { message } of raw.parked.values()) {
    note(typeOfGroup(message.groupId), isDeadLetter(message.sequenceNumber) ? 0 : message.sentAtMs);
  }
  for (const groupId of gaps.keys()) note(typeOfGroup(groupId), 0);
  return { count: raw.parked.size, sinceMs, isMore: false };
}
