import type { SQSRecord } from 'aws-lambda';
import { parseTend } from '../../adapters/repair/page-queue.ts';
import { createPageHandler, type SelfRepairPorts } from '../../adapters/repair/self-repair.ts';
import { type EntityRef, HEARTBEAT_ID, messageGroupId } from '../../core/entity.ts';
import { heartbeatRequest } from '../../core/govern/first-heartbeats.ts';
import type { BackfillNote } from '../../core/repair/backfill.ts';
import type { InventoryNote } from '../../core/repair/inventory.ts';
import { parsePage } from '../../core/repair/pages.ts';
import { findSettledUntilMs, type SettledPorts } from '../../core/repair/settled.ts';
import { createHealPorts, createProjectPorts, createRepairPorts } from './cache-ports.ts';
import { sendTo, undelayed } from './consumer.ts';
import { boundaryOf, type Deployed } from './deployed.ts';
import type { Invocation } from './invocations.ts';
import { noteStore } from './notes.ts';
import { createRecords } from './records.ts';
import { everyMs } from './tending.ts';

/** After this time without the awaited page, the owner is asked for it again: five control intervals. */
const STALLED_MS = 5 * 60_000;

/** The ports with which a cache fills and checks itself, for one invocation. */
export function createSelfRepairPorts(deployed: Deployed, invocation: Invocation): SelfRepairPorts {
  const { world, name, tables, notes, queue, pageQueue } = deployed;
  const { ledger, messaging, scheduler, wrong, faults } = world;
  const records = createRecords(tables);
  const settled = createSettledPorts(deployed, invocation);
  const healing = createHealPorts(deployed, invocation);
  const noted = { name, tables };
  const send = (to: typeof pageQueue, body: object | string, delaySeconds = 0) =>
    invocation.call('queue', '', () =>
      sendTo(world, to, typeof body === 'string' ? body : JSON.stringify(body), delaySeconds),
    );
  const ports: SelfRepairPorts = {
    backfills: noteStore(notes.backfills, invocation, (type, before, after) => {
      if (!isRepeated(before, after)) notes.changedAtMs = scheduler.nowMs();
      ledger.runs.backfillNoted(noted, type, before, after);
    }),
    inventories: noteStore(notes.inventories, invocation, (type, before, after) => {
      if (!isRepeated(before, after)) notes.changedAtMs = scheduler.nowMs();
      ledger.runs.inventoryNoted(noted, type, before, after);
    }),
    askPage: (request, delaySeconds) =>
      invocation.call('queue', '', () => {
        ledger.runs.asked(request, stalledMs(deployed));
        sendTo(world, messaging.queues.require('resync'), JSON.stringify(request), delaySeconds);
      }),
    backlog: () => invocation.call('queue', '', () => total(queue.counts())),
    completeness: settled.completeness,
    settledUntilMs: (type) => findSettledUntilMs(type, settled, scheduler.nowMs),
    askHeartbeat: () => send(messaging.queues.require('reports'), heartbeatRequest(name)),
    tendLater: (type, delaySeconds) => send(pageQueue, { tend: [type] }, delaySeconds),
    range: (type, from, to) => invocation.call('cacheTable', '', () => records.range(type, from, to)),
    records: (type, ids) => invocation.call('cacheTable', '', () => records.records(type, ids)),
    expose: (entity, record, owned) =>
      invocation.call('cacheTable', '', () => {
        ledger.trace?.(`expose ${name} ${messageGroupId(entity)} @${record.version} as @${owned.version}`);
        faults.count('exposed');
        return records.expose(entity, record, owned);
      }),
    ended: () => {},
    lookAgain: (suspects, delaySeconds) => send(pageQueue, suspects, delaySeconds),
    askOwner: healing.askOwner,
    isSetAside: (entity, version) => isSetAside(deployed, invocation, entity, version),
    wanted: healing.wanted,
    noticeGap: createProjectPorts(deployed, invocation, () => undefined).requestResync,
  };
  return wrong.selfRepair?.(ports) ?? ports;
}

/** Whether a note only says that a page was asked for again. */
function isRepeated<N extends BackfillNote | InventoryNote>(before: N | undefined, after: N): boolean {
  const of = (note: N) => JSON.stringify({ ...note, seq: 0, askedAtMs: 0 });
  return before !== undefined && of(before) === of(after);
}

function total(counts: { readonly visible: number; readonly inFlight: number; readonly delayed: number }): number {
  return counts.visible + counts.inFlight + counts.delayed;
}

/** lambdas/cache-repair.ts */
async function isSetAside(
  deployed: Deployed,
  invocation: Invocation,
  entity: EntityRef,
  version: number,
): Promise<boolean> {
  const events = await createRepairPorts(deployed, invocation, false).parkedOf(messageGroupId(entity));
  return events.some((event) => (event.version ?? version) >= version);
}

/** The ports that show which changes have ended in the cache. The report sees the same. */
export function createSettledPorts(
  { world, tables, notes, queue, gapQueue, deadLetters }: Deployed,
  invocation: Invocation,
): SettledPorts {
  return {
    heartbeatMs: (type) =>
      invocation.call('cacheTable', '', () => {
        const beat = tables.raw.stored.get(messageGroupId({ type, id: HEARTBEAT_ID }));
        return beat && Date.parse(beat.changedAt);
      }),
    // Without latency, because an old value is never wrong.
    completeness: async () => notes.completeness,
    backlog: () => invocation.call('queue', '', () => total(queue.counts())),
    async unrepaired() {
      const counts = [gapQueue, deadLetters].map((one) =>
        invocation.call('queue', '', async () => undelayed(world, one)),
      );
      return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
    },
  };
}

/** When the owner committed the newest heartbeat in a cache, epoch milliseconds; undefined for none. */
export function heartbeatMs({ tables }: Pick<Deployed, 'tables'>, type: string): number | undefined {
  const beat = tables.raw.stored.get(messageGroupId({ type, id: HEARTBEAT_ID }));
  return beat && Date.parse(beat.changedAt);
}

function stalledMs({ world: { wrong } }: Deployed): number {
  return wrong.stalledMs ?? STALLED_MS;
}

/** Handles a message of the queue of pages: a page, entities to look at again, or types to tend. */
export async function handlePage(deployed: Deployed, invocation: Invocation, given: SQSRecord): Promise<void> {
  const { world, name, cache } = deployed;
  const { faults, ledger, scheduler, wrong } = world;
  const record = wrong.page?.(given) ?? given;
  const boundary = boundaryOf(deployed, cache.repairRevision);
  const page = Number(given.attributes.ApproximateReceiveCount) > 1 ? parsePage(record.body) : undefined;
  if (page !== undefined) {
    ledger.runs.redelivered({ ...page, cache: name });
    faults.count('pageRedelivered');
  }
  const ports = createSelfRepairPorts(deployed, invocation);
  const settings = { everyMs: everyMs(world, cache), stalledMs: stalledMs(deployed) };
  const result = await createPageHandler(boundary, ports, settings, scheduler.nowMs)(record);
  // A page of a type that the repair function doesn't keep yet is the only message to be ignored.
  if (typeof result === 'string') ledger.trace?.(`ignored ${result}: ${record.body}`);
  else if (parseTend(record.body) === undefined) ledger.trace?.(`handled ${record.body.slice(0, 200)}`);
}
