import type { DynamoDBRecord, SQSRecord } from 'aws-lambda';
import { eachRecord } from '../../adapters/project/queue.ts';
import { streamChange } from '../../adapters/relay/stream.ts';
import { type EntityRef, messageGroupId, sha256 } from '../../core/entity.ts';
import { type PublishResult, type RelayedMessage, relayBatch } from '../../core/relay/batch.ts';
import { outgoingMessage } from '../../core/relay/message.ts';
import type { Queue } from '../../local/fifo/queue.ts';
import type { Topic } from '../../local/fifo/topic.ts';
import type { InvokeResult } from '../../local/lambda/invoke-result.ts';
import { startSqsMapping } from '../../local/lambda/sqs-mapping.ts';
import { deliver, type StreamRecord } from '../../local/lambda/stream-batch.ts';
import { CACHES, type CacheName } from './contracts.ts';
import type { FunctionOptions, Invocation } from './invocations.ts';
import { createOwnerTable, type OwnerTable } from './owner.ts';
import { type Random, random } from './random.ts';
import type { World } from './world.ts';

const RELAY: FunctionOptions = { crash: 'relayCrash', timeoutMs: 30_000, crashWithin: 3, mayRace: false };
const REPAIR: FunctionOptions = { crash: 'repairCrash', timeoutMs: 60_000, crashWithin: 2, mayRace: false };

/** How long a shard's reader sleeps after it found no record. */
const POLL_MS = 250;

/** Probability that a PublishBatch call accepts only some of its entries. */
const PARTIAL = 0.02;

/** An owner with its table, relay, topic and repair function, wired as in lambdas/ and lib/. */
export interface Owner {
  readonly table: OwnerTable;
  /** Number of records of the stream that are neither published nor diverted. */
  readonly waiting: number;
}

/**
 * Called with each message that the topic accepted and didn't drop.
 * @param receivers the caches whose filters let it pass
 */
type OnPublished = (message: RelayedMessage, receivers: readonly CacheName[]) => void;

/** @param batchSize most records of a batch */
export function createOwner(world: World, batchSize: number, onPublished: OnPublished): Owner {
  const { messaging, functions, faults, ledger, scheduler } = world;
  const topic = messaging.createTopic('changes.fifo', { FifoTopic: 'true', ContentBasedDeduplication: 'false' });
  const resyncQueue = messaging.createQueue('resync', { VisibilityTimeout: '360' });
  const draws = random(world.seed, 'partial');
  const stream = createStream(world, batchSize, async ({ Records }) => {
    const result = await functions.invoke(RELAY, (invocation) =>
      relay({ ...deployed, publish: publisher(deployed, invocation, draws) }, Records as DynamoDBRecord[]),
    );
    const isRetried = !result.ok || (result.payload as { batchItemFailures: object[] }).batchItemFailures.length > 0;
    if (isRetried) faults.count('topicRetry');
    return result;
  });
  const table = createOwnerTable(
    scheduler.nowMs,
    (record, committed) => {
      ledger.publications.recorded(record.dynamodb.SequenceNumber, committed);
      stream.add(record, committed.groupId);
    },
    (owned) => {
      if (world.pendingResyncs.has(messageGroupId(owned.entity))) faults.count('resyncRace');
      ledger.history.committed(owned);
    },
  );
  const deployed: Deployed = { world, table, topic, onPublished };
  startResyncs(deployed, resyncQueue);
  return {
    table,
    get waiting() {
      return stream.waiting;
    },
  };
}

/** The parts of an owner that its functions reach. */
interface Deployed {
  readonly world: World;
  readonly table: OwnerTable;
  readonly topic: Topic;
  readonly onPublished: OnPublished;
}

/** The stream of the owner's table, in two shards, and the mapping that brings its records to the relay. */
function createStream(
  { scheduler }: World,
  batchSize: number,
  invoke: (event: { Records: object[] }) => Promise<InvokeResult>,
) {
  const shards: StreamRecord[][] = [[], []];
  const busy = [false, false];
  let waiting = 0;
  const options = {
    streamArn: 'stream',
    functionArn: 'relay',
    region: 'eu-central-1',
    reportBatchItemFailures: true,
    bisectBatchOnFunctionError: true,
    now: scheduler.nowMs,
    invoke,
  };
  const read = (shard: number): void => {
    if (busy[shard]) return;
    busy[shard] = true;
    scheduler.after(POLL_MS, async () => {
      const records = shards[shard]?.splice(0, batchSize) ?? [];
      await deliver(records, `shard-${shard}`, options, { sleep: scheduler.sleep, wake: () => {} }, () => false);
      waiting -= records.length;
      busy[shard] = false;
      if ((shards[shard]?.length ?? 0) > 0) read(shard);
    });
  };
  return {
    get waiting() {
      return waiting;
    },
    add(record: StreamRecord, groupId: string): void {
      // All records of an entity are in one shard.
      const shard = groupId.charCodeAt(groupId.length - 1) % shards.length;
      shards[shard]?.push(record);
      waiting += 1;
      read(shard);
    },
  };
}

type Publish = (messages: readonly RelayedMessage[]) => Promise<readonly PublishResult[]>;

/** The relay's port to the topic for one invocation. A call may accept only some of its entries. */
function publisher(deployed: Deployed, invocation: Invocation, draws: Random): Publish {
  const { faults } = deployed.world;
  const failed = { kind: 'failed', message: 'InternalError' } as const;
  return async (messages) => {
    try {
      return await invocation.call('topic', '', (): readonly PublishResult[] => {
        if (messages.length < 2 || !faults.happens('partialPublish', PARTIAL)) {
          return messages.map((message) => publish(deployed, message));
        }
        faults.count('partialPublish');
        return messages.map((message) => (draws.chance(0.5) ? publish(deployed, message) : failed));
      });
    } catch (error) {
      return messages.map(() => ({ kind: 'failed', message: String(error) }) as const);
    }
  };
}

/** Publishes one message of the relay. */
function publish({ world, topic, onPublished }: Deployed, message: RelayedMessage): PublishResult {
  const { groupId, deduplicationId, body } = world.wrong.message?.(message) ?? message;
  const { receivers, messageAttributes } = received(world, groupId);
  const { isDuplicate } = topic.publish({ message: body, groupId, deduplicationId, messageAttributes });
  const record = world.ledger.publications.publishedRecord(message.sequenceNumber, isDuplicate);
  if (record?.isResync) world.pendingResyncs.delete(groupId);
  if (!isDuplicate) onPublished(message, receivers);
  return { kind: 'published' };
}

/** The caches whose filters let a message pass, and the attribute by which the filters see that. */
function received({ filters }: World, groupId: string) {
  const [type = ''] = groupId.split('/');
  const receivers = CACHES.filter((cache) => filters.passes(cache, type));
  const value = { DataType: 'String.Array', StringValue: JSON.stringify(receivers) };
  return { receivers, messageAttributes: { receivers: value } };
}

/** lambdas/relay.ts */
async function relay(
  { world, table, publish }: Deployed & { readonly publish: Publish },
  records: readonly DynamoDBRecord[],
): Promise<object> {
  const changes = records.map(streamChange);
  const divert = async (_: string, reason: string, message: string) => {
    world.ledger.violate('no-final-outcome', `diverted: ${reason} ${message}`);
  };
  const publishedAt = new Date(world.scheduler.nowMs()).toISOString();
  const { failed } = await relayBatch(table.boundary, changes, publishedAt, { publish, divert });
  return { batchItemFailures: failed.slice(0, 1).map((itemIdentifier) => ({ itemIdentifier })) };
}

function startResyncs(deployed: Deployed, queue: Queue): void {
  const { scheduler, functions } = deployed.world;
  startSqsMapping({
    queue,
    functionArn: 'owner-repair',
    maximumConcurrency: 2,
    reportBatchItemFailures: true,
    now: scheduler.nowMs,
    region: 'eu-central-1',
    setTimer: (callback, delayMs) => scheduler.after(delayMs, callback),
    invoke: (event) =>
      functions.invoke(REPAIR, (invocation) => eachRecord(event, (record) => resync(deployed, invocation, record))),
  });
}

/** lambdas/owner-repair.ts */
function resync(deployed: Deployed, invocation: Invocation, { body, messageId }: SQSRecord): Promise<void> {
  const { entity } = JSON.parse(body) as { entity: EntityRef };
  const token = sha256(messageId).slice(0, 20);
  return invocation.call('cacheTable', messageGroupId(entity), () => {
    if (deployed.world.wrong.isResyncedFromTable) publishFromTable(deployed, entity, token);
    else deployed.table.resync(entity, token);
  });
}

/** The planted bug of a resync that doesn't go through the stream. */
function publishFromTable({ world, table, topic, onPublished }: Deployed, entity: EntityRef, token: string): void {
  const owned = table.items.get(messageGroupId(entity));
  const publishedAt = new Date(world.scheduler.nowMs()).toISOString();
  const message = owned && outgoingMessage(table.boundary, owned, { publishedAt, again: { kind: 'resync', token } });
  if (owned === undefined || message === undefined || 'reason' in message) return;
  const { groupId, deduplicationId, body } = message;
  const { receivers, messageAttributes } = received(world, groupId);
  topic.publish({ message: body, groupId, deduplicationId, messageAttributes });
  world.ledger.publications.publishedVersion(groupId, owned.version);
  onPublished({ ...message, sequenceNumber: '' }, receivers);
}
