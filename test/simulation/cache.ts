import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { isTransient } from '../../adapters/aws/transient.ts';
import { eachRecord, receivedMessage } from '../../adapters/project/queue.ts';
import { deadMessage } from '../../adapters/repair/dead-letters.ts';
import { parseSchemaCheck } from '../../adapters/repair/gaps.ts';
import { projectBatch } from '../../core/project/batch.ts';
import type { Projection } from '../../core/project/group.ts';
import type { ProjectPorts, ProjectSettings, ReceivedMessage } from '../../core/project/ports.ts';
import type { ProjectReport } from '../../core/project/report.ts';
import { treatDeadLetters } from '../../core/repair/dead-letter.ts';
import { type GapNotice, heal } from '../../core/repair/heal.ts';
import { redriveKnown } from '../../core/repair/newer-schema.ts';
import { type OperationResult, operate } from '../../core/repair/operate.ts';
import type { Operation } from '../../core/repair/operation.ts';
import type { ParkedKey } from '../../core/repair/parked-key.ts';
import type { Queue } from '../../local/fifo/queue.ts';
import { startSqsMapping } from '../../local/lambda/sqs-mapping.ts';
import {
  type CacheParts,
  createHealPorts,
  createProjectPorts,
  createRepairPorts,
  sendSchemaCheck,
} from './cache-ports.ts';
import { createTables, type Tables } from './cache-tables.ts';
import {
  type CacheName,
  cacheBoundary,
  deadly,
  type FieldsRevision,
  type SchemaVersion,
  SETTINGS,
  TYPES,
  type Type,
} from './contracts.ts';
import { createDeliveries } from './deliveries.ts';
import type { FunctionOptions, Invocation } from './invocations.ts';
import type { World } from './world.ts';

const PROJECTOR: FunctionOptions = { crash: 'projectorCrash', timeoutMs: 20_000, crashWithin: 8, mayRace: true };
const REPAIR: FunctionOptions = { crash: 'repairCrash', timeoutMs: 60_000, crashWithin: 6, mayRace: false };
const REGION = 'eu-central-1';

/** A consumer's cache: its queues, its tables, its projector and its repair function, wired as in lambdas/ and lib/. */
export interface Cache {
  readonly name: CacheName;
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly gapQueue: Queue;
  readonly tables: Tables;
  fieldsRevision: FieldsRevision;
  /** The types that the cache keeps. */
  types: readonly Type[];
  /** The schema version of Product that the functions know. */
  schemaVersion: SchemaVersion;
  /** The repair function's answer to an operator's request; undefined when the function crashed or failed. */
  operate(operation: Operation): Promise<OperationResult | undefined>;
}

/** A cache and what its functions need. */
interface Deployed extends CacheParts {
  readonly cache: Cache;
  readonly settings: ProjectSettings;
}

/**
 * @param maxReceiveCount receives before a message goes to the dead-letter queue
 * @param areDeadLettersParked whether the repair function consumes the dead-letter queue
 */
export function createCache(
  world: World,
  name: CacheName,
  maxReceiveCount: number,
  areDeadLettersParked: boolean,
): Cache {
  const { messaging, wrong } = world;
  const fifo = { FifoQueue: 'true', MessageRetentionPeriod: '1209600' };
  const deadLetters = messaging.createQueue(`${name}-dead.fifo`, { ...fifo, VisibilityTimeout: '360' });
  const redrive = JSON.stringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount });
  const queue = messaging.createQueue(`${name}.fifo`, { ...fifo, VisibilityTimeout: '120', RedrivePolicy: redrive });
  const gapQueue = messaging.createQueue(`${name}-gaps`, { VisibilityTimeout: '360' });
  // A message must be parked before its receives make it a dead letter: it would come back from there for ever.
  const newerSchemaWaitSeconds = maxReceiveCount < 1_000 ? 5 : SETTINGS.newerSchemaWaitSeconds;
  world.ledger.books[name].newerSchemaWaitSeconds = newerSchemaWaitSeconds;
  const settings: ProjectSettings = { ...SETTINGS, newerSchemaWaitSeconds, ...wrong.settings };
  const tables = createTables(world, name, settings.tombstoneLifeSeconds);
  const cache: Cache = {
    name,
    queue,
    deadLetters,
    gapQueue,
    tables,
    fieldsRevision: 1,
    types: TYPES.filter((type) => world.filters.passes(name, type)),
    schemaVersion: 2,
    operate: (operation) => operateOn(deployed, operation),
  };
  const deployed: Deployed = { world, name, tables, queue, gapQueue, settings, cache, alone: new Map() };
  startProjector(deployed);
  startRepair(deployed, areDeadLettersParked ? [gapQueue, deadLetters] : [gapQueue]);
  return cache;
}

function startProjector(deployed: Deployed): void {
  const { world, name, queue, alone } = deployed;
  const { ledger, scheduler, functions } = world;
  const deliveries = createDeliveries(world, name);
  const onCrash = (invocation: Invocation): void => {
    const messageId = alone.get(invocation.id);
    if (messageId !== undefined) ledger.uncleanEnd(name, messageId);
    alone.delete(invocation.id);
  };
  startSqsMapping({
    reportBatchItemFailures: true,
    now: scheduler.nowMs,
    region: REGION,
    setTimer: (callback, delayMs) => scheduler.after(delayMs, callback),
    queue,
    functionArn: `${name}-projector`,
    maximumConcurrency: 4,
    async invoke(event) {
      const batch = event.Records.map((record) => (world.wrong.received ?? ((one) => one))(receivedMessage(record)));
      deliveries.begin(batch);
      const result = await functions.invoke(
        PROJECTOR,
        (invocation) => project(deployed, invocation, event, batch),
        onCrash,
      );
      deliveries.end(batch);
      return result;
    },
  });
}

function startRepair(deployed: Deployed, sources: readonly Queue[]): void {
  const { world, name } = deployed;
  const { scheduler, functions } = world;
  for (const queue of sources) {
    startSqsMapping({
      reportBatchItemFailures: true,
      now: scheduler.nowMs,
      region: REGION,
      setTimer: (callback, delayMs) => scheduler.after(delayMs, callback),
      queue,
      functionArn: `${name}-repair`,
      maximumConcurrency: 2,
      invoke: (event) =>
        functions.invoke(REPAIR, (invocation) =>
          queue.arn === deployed.gapQueue.arn
            ? eachRecord(event, (record) => repairRecord(deployed, invocation, record))
            : repairDeadLetters(deployed, invocation, event),
        ),
    });
  }
}

/** lambdas/projector.ts */
async function project(
  deployed: Deployed,
  invocation: Invocation,
  { Records }: SQSEvent,
  batch: readonly ReceivedMessage[],
): Promise<object> {
  const { world, name } = deployed;
  const handles = new Map(Records.map(({ messageId, receiptHandle }) => [messageId, receiptHandle]));
  const projection = projectionOf(
    deployed,
    invocation,
    createProjectPorts(deployed, invocation, (id) => handles.get(id)),
  );
  const report = await (world.wrong.project ?? projectBatch)(projection, batch, invocation.outOfTime);
  if (!invocation.isDead) {
    world.ledger.answered(name, invocation, batch, report);
    countPoison(world, report);
  }
  return { batchItemFailures: report.returned.map(({ message }) => ({ itemIdentifier: message.messageId })) };
}

function countPoison({ faults }: World, { settled }: ProjectReport): void {
  for (const { reason, version } of settled) {
    if (reason === 'crashed') faults.count('crashAlways');
    if (reason === 'retries-exhausted') faults.count('retriesExhausted');
    if (reason === 'malformed' || reason === 'invalid' || reason === 'conflict') faults.count(reason);
    if (reason === 'newer-schema') faults.count('newerSchema');
    if (reason === 'too-old' && version !== undefined) faults.count('tooOld');
  }
}

/** lambdas/cache-repair.ts: a notice of a gap, or a check of a schema version. */
async function repairRecord(deployed: Deployed, invocation: Invocation, record: SQSRecord): Promise<void> {
  const { faults, scheduler } = deployed.world;
  const awaiting = parseSchemaCheck(record.body);
  if (awaiting === undefined) {
    const notice = JSON.parse(record.body) as GapNotice;
    await heal(notice, record.messageId, createHealPorts(deployed, invocation), scheduler.nowMs());
    return;
  }
  const checkAgain = (key: ParkedKey) => invocation.call('queue', key.groupId, () => sendSchemaCheck(deployed, key));
  const repair = createRepairPorts(deployed, invocation, false);
  const check = await redriveKnown(repairProjection(deployed, invocation), repair, awaiting, checkAgain);
  if (check === 'redriven') faults.count('schemaRedriven');
}

/** lambdas/cache-repair.ts: messages of the dead-letter queue. */
async function repairDeadLetters(
  deployed: Deployed,
  invocation: Invocation,
  { Records }: SQSEvent,
): Promise<SQSBatchResponse> {
  const { world, name, tables } = deployed;
  const ports = createProjectPorts(deployed, invocation, () => undefined);
  const projection = projectionOf(deployed, invocation, { ...ports, postpone: async () => {} });
  const idOf = new Map(Records.map((record) => [deadMessage(record), record.messageId]));
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

/** lambdas/cache-repair.ts: an operator's request. */
async function operateOn(deployed: Deployed, operation: Operation): Promise<OperationResult | undefined> {
  const isDrop = operation.operation === 'release' && operation.drop;
  const result = await deployed.world.functions.invoke(REPAIR, (invocation) => {
    const repair = createRepairPorts(deployed, invocation, isDrop);
    // The simulated operators start no backfill and no inventory.
    const selfRepair = {} as Parameters<typeof operate>[2];
    return operate(repairProjection(deployed, invocation), repair, selfRepair, operation, 'run');
  });
  return result.ok ? (result.payload as OperationResult) : undefined;
}

function repairProjection(deployed: Deployed, invocation: Invocation): Projection {
  const ports = createProjectPorts(deployed, invocation, () => undefined);
  return projectionOf(deployed, invocation, { ...ports, postpone: async () => {}, awaitSchema: async () => {} });
}

function projectionOf(
  { world, name, settings, cache }: Deployed,
  invocation: Invocation,
  ports: ProjectPorts,
): Projection {
  const boundary = cacheBoundary(name, cache.fieldsRevision, cache.schemaVersion, cache.types);
  return {
    boundary: world.isMended ? boundary : deadly(boundary, ({ note }) => note === `deadly:${name}`, invocation.crash),
    ports,
    settings,
    isTransient: world.wrong.isTransient ?? isTransient,
    nowMs: world.scheduler.nowMs,
  };
}
