import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { eachRecord } from '../../adapters/project/queue.ts';
import { deadMessage } from '../../adapters/repair/dead-letters.ts';
import { parseSchemaCheck } from '../../adapters/repair/gaps.ts';
import { messageGroupId } from '../../core/entity.ts';
import { projectBatch } from '../../core/project/batch.ts';
import type { Projection } from '../../core/project/group.ts';
import { treatDeadLetters } from '../../core/repair/dead-letter.ts';
import { type GapNotice, heal } from '../../core/repair/heal.ts';
import { redriveKnown } from '../../core/repair/newer-schema.ts';
import { type OperationResult, operate } from '../../core/repair/operate.ts';
import type { Operation } from '../../core/repair/operation.ts';
import { isPageGroup } from '../../core/repair/pages.ts';
import type { ParkedKey } from '../../core/repair/parked-key.ts';
import type { Queue } from '../../local/fifo/queue.ts';
import { createHealPorts, createProjectPorts, createRepairPorts, sendSchemaCheck } from './cache-ports.ts';
import { startConsumer } from './consumer.ts';
import { countPoison, type Deployed, projectionOf } from './deployed.ts';
import type { FunctionOptions, Invocation } from './invocations.ts';
import { createSelfRepairPorts, handlePage } from './self-repair.ts';

const REPAIR: FunctionOptions = { crash: 'repairCrash', timeoutMs: 60_000, crashWithin: 6, mayRace: false };
const PAGES: FunctionOptions = { crash: 'pageCrash', timeoutMs: 60_000, crashWithin: 10, mayRace: false };

/** Starts the repair function of a cache on its queues, as lambdas/cache-repair.ts. */
export function startRepair(deployed: Deployed, sources: readonly Queue[]): void {
  const { world, name, gapQueue, pageQueue } = deployed;
  for (const queue of sources) {
    const options = queue === pageQueue ? PAGES : REPAIR;
    // A check of a gap sends the next check, so each repetition would start another chain of checks.
    const isRepeated = queue === pageQueue;
    startConsumer(world, queue, `${name}-repair`, options, isRepeated, (invocation, event) => {
      if (queue === pageQueue)
        return eachRecord(
          event,
          (record) => handlePage(deployed, invocation, record),
          () => {},
        );
      if (queue === gapQueue)
        return eachRecord(
          event,
          (record) => repairRecord(deployed, invocation, record),
          () => {},
        );
      return repairDeadLetters(deployed, invocation, event);
    });
  }
}

/** A notice of a gap, or a check of a schema version. */
async function repairRecord(deployed: Deployed, invocation: Invocation, record: SQSRecord): Promise<void> {
  const { faults, ledger, scheduler } = deployed.world;
  const awaiting = parseSchemaCheck(record.body);
  if (awaiting === undefined) {
    const notice = JSON.parse(record.body) as GapNotice;
    const healed = await heal(notice, record.messageId, createHealPorts(deployed, invocation), scheduler.nowMs());
    ledger.trace?.(
      `${typeof healed === 'string' ? healed : 'unreachable'} gap ${deployed.name} ${messageGroupId(notice.entity)} asked ${notice.asked}`,
    );
    return;
  }
  const checkAgain = (key: ParkedKey) => invocation.call('queue', key.groupId, () => sendSchemaCheck(deployed, key));
  const repair = createRepairPorts(deployed, invocation, false);
  const check = await redriveKnown(repairProjection(deployed, invocation), repair, awaiting, checkAgain);
  if (check === 'redriven') faults.count('schemaRedriven');
}

/** Messages of the dead-letter queue. A page among them is lost, and the cache asks for it again. */
async function repairDeadLetters(
  deployed: Deployed,
  invocation: Invocation,
  { Records }: SQSEvent,
): Promise<SQSBatchResponse> {
  const { world, name, tables, cache } = deployed;
  const ports = createProjectPorts(deployed, invocation, () => undefined);
  const projection = projectionOf(deployed, invocation, { ...ports, postpone: async () => {} }, cache.repairRevision);
  const events = Records.filter(({ attributes }) => !isPageGroup(attributes.MessageGroupId ?? ''));
  const idOf = new Map(events.map((record) => [deadMessage(record), record.messageId]));
  const { parked, report } = await treatDeadLetters(
    [...idOf.keys()],
    {
      hasCrashed: ({ messageId, groupId }) =>
        invocation.call('parkingTable', groupId, async () => tables.raw.alone.has(messageId)),
      park: ports.park,
      project: (messages) => projectBatch(projection, messages, invocation.outOfTime),
    },
    world.scheduler.nowMs(),
  );
  if (!invocation.isDead) {
    const parkedIds = parked.map(({ message }) => message.messageId);
    for (const { message } of parked) {
      world.faults.count('deadLetterParked');
      world.ledger.books[name].finals.set(message.body, 'parked');
    }
    const projected = [...idOf.keys()].filter(({ messageId }) => !parkedIds.includes(messageId));
    world.ledger.answered(name, invocation, projected, report);
    for (const _ of report.settled) world.faults.count('deadLetterProjected');
    countPoison(world, report);
  }
  return { batchItemFailures: report.returned.map(({ message }) => ({ itemIdentifier: idOf.get(message) ?? '' })) };
}

/** An operator's request. */
export async function operateOn(deployed: Deployed, operation: Operation): Promise<OperationResult | undefined> {
  const isDrop = operation.operation === 'release' && operation.drop;
  const result = await deployed.world.functions.invoke(REPAIR, (invocation) => {
    const repair = createRepairPorts(deployed, invocation, isDrop);
    const selfRepair = createSelfRepairPorts(deployed, invocation);
    return operate(repairProjection(deployed, invocation), repair, selfRepair, operation, `request-${invocation.id}`);
  });
  return result.ok ? (result.payload as OperationResult) : undefined;
}

function repairProjection(deployed: Deployed, invocation: Invocation): Projection {
  const ports = createProjectPorts(deployed, invocation, () => undefined);
  return projectionOf(
    deployed,
    invocation,
    { ...ports, postpone: async () => {}, awaitSchema: async () => {} },
    deployed.cache.repairRevision,
  );
}
