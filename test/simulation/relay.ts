import type { DynamoDBRecord, SQSEvent } from 'aws-lambda';
import { eachRecord } from '../../adapters/project/queue.ts';
import { streamChange } from '../../adapters/relay/stream.ts';
import { type EntityRef, messageGroupId, sha256 } from '../../core/entity.ts';
import { type PublishResult, type RelayedMessage, relayBatch } from '../../core/relay/batch.ts';
import { outgoingMessage } from '../../core/relay/message.ts';
import { startSqsMapping } from '../../local/lambda/sqs-mapping.ts';
import { deliver, type StreamRecord } from '../../local/lambda/stream-batch.ts';
import type { FunctionOptions, Invocation } from './invocations.ts';
import { createOwnerTable, type OwnerTable } from './owner.ts';
import { random } from './random.ts';
import type { World } from './world.ts';

const RELAY: FunctionOptions = { crash: 'relayCrash', timeoutMs: 30_000, crashWithin: 3 };
const REPAIR: FunctionOptions = { crash: 'repairCrash', timeoutMs: 60_000, crashWithin: 2 };

/** How long a shard's reader sleeps when it has found nothing. */
const POLL_MS = 250;

/** Probability that a PublishBatch call takes only some of its entries. */
const PARTIAL = 0.02;

/** An owner with its table, relay, topic and repair function, wired as lambdas/ and lib/ do it. */
export interface Owner {
  readonly table: OwnerTable;
  /** Records of the stream that are neither published nor diverted. */
  readonly waiting: number;
}

/**
 * @param batchSize most records of a batch
 * @param onPublished told of each message that the topic took and didn't drop
 */
export function createOwner(world: World, batchSize: number, onPublished: (message: RelayedMessage) => void): Owner {
  const { messaging, functions, faults, ledger, scheduler, wrong } = world;
  const topic = messaging.createTopic('changes.fifo', { FifoTopic: 'true', ContentBasedDeduplication: 'false' });
  const resyncQueue = messaging.createQueue('resync', { VisibilityTimeout: '360' });
  const draws = random(world.seed, 'partial');
  const shards: StreamRecord[][] = [[], []];
  const busy = [false, false];
  let waiting = 0;

  const table = createOwnerTable(
    scheduler.nowMs,
    (record, committed) => {
      ledger.recorded(record.dynamodb.SequenceNumber, committed);
      // An entity's records are all in one shard.
      const shard = committed.groupId.charCodeAt(committed.groupId.length - 1) % shards.length;
      shards[shard]?.push(record);
      waiting += 1;
      read(shard);
    },
    (owned) => {
      if (world.pendingResyncs.has(messageGroupId(owned.entity))) faults.count('resyncRace');
      ledger.committed(owned);
    },
  );

  function read(shard: number): void {
    if (busy[shard]) return;
    busy[shard] = true;
    scheduler.after(POLL_MS, async () => {
      const records = shards[shard]?.splice(0, batchSize) ?? [];
      await deliver(records, `shard-${shard}`, options, { sleep: scheduler.sleep, wake: () => {} }, () => false);
      waiting -= records.length;
      busy[shard] = false;
      if ((shards[shard]?.length ?? 0) > 0) read(shard);
    });
  }

  const take = (message: RelayedMessage): PublishResult => {
    const sent = wrong.message?.(message) ?? message;
    const { groupId, deduplicationId, body } = sent;
    const { isDuplicate } = topic.publish({ message: body, groupId, deduplicationId });
    const record = ledger.publishedRecord(message.sequenceNumber, isDuplicate);
    if (record?.isResync) world.pendingResyncs.delete(groupId);
    if (!isDuplicate) onPublished(message);
    return { kind: 'published' };
  };

  const publishFor = (invocation: Invocation) => async (messages: readonly RelayedMessage[]) => {
    try {
      return await invocation.call('topic', '', (): readonly PublishResult[] => {
        if (messages.length < 2 || !faults.happens('partialPublish', PARTIAL)) return messages.map(take);
        faults.count('partialPublish');
        const failed = { kind: 'failed', message: 'InternalError' } as const;
        return messages.map((message) => (draws.chance(0.5) ? take(message) : failed));
      });
    } catch (error) {
      return messages.map(() => ({ kind: 'failed', message: String(error) }) as const);
    }
  };

  /** lambdas/relay.ts */
  const relay = async (invocation: Invocation, records: readonly DynamoDBRecord[]) => {
    const changes = records.map(streamChange);
    const divert = async (_: string, reason: string, message: string) => {
      ledger.violate('no-final-outcome', `diverted: ${reason} ${message}`);
    };
    const publishedAt = new Date(scheduler.nowMs()).toISOString();
    const ports = { publish: publishFor(invocation), divert };
    const { failed } = await relayBatch(table.boundary, changes, publishedAt, ports);
    return { batchItemFailures: failed.slice(0, 1).map((itemIdentifier) => ({ itemIdentifier })) };
  };

  const options = {
    streamArn: 'stream',
    functionArn: 'relay',
    region: 'eu-central-1',
    reportBatchItemFailures: true,
    bisectBatchOnFunctionError: true,
    now: scheduler.nowMs,
    async invoke({ Records }: { Records: object[] }) {
      const result = await functions.invoke(RELAY, (invocation) => relay(invocation, Records as DynamoDBRecord[]));
      const isRetried = !result.ok || (result.payload as { batchItemFailures: object[] }).batchItemFailures.length > 0;
      if (isRetried) faults.count('topicRetry');
      return result;
    },
  };

  /** lambdas/owner-repair.ts */
  const resync = (invocation: Invocation, { body, messageId }: SQSEvent['Records'][number]): Promise<void> => {
    const { entity } = JSON.parse(body) as { entity: EntityRef };
    const token = sha256(messageId).slice(0, 20);
    return invocation.call('cacheTable', messageGroupId(entity), () => {
      if (wrong.isResyncedFromTable) publishFromTable(entity, token);
      else table.resync(entity, token);
    });
  };

  const publishFromTable = (entity: EntityRef, token: string): void => {
    const owned = table.items.get(messageGroupId(entity));
    const publishedAt = new Date(scheduler.nowMs()).toISOString();
    const message = owned && outgoingMessage(table.boundary, owned, { publishedAt, again: { kind: 'resync', token } });
    if (owned === undefined || message === undefined || 'reason' in message) return;
    const { groupId, deduplicationId, body } = message;
    topic.publish({ message: body, groupId, deduplicationId });
    ledger.publishedVersion(groupId, owned.version);
    onPublished({ ...message, sequenceNumber: '' });
  };

  startSqsMapping({
    queue: resyncQueue,
    functionArn: 'owner-repair',
    maximumConcurrency: 2,
    reportBatchItemFailures: true,
    now: scheduler.nowMs,
    region: 'eu-central-1',
    setTimer: (callback, delayMs) => scheduler.after(delayMs, callback),
    invoke: (event) =>
      functions.invoke(REPAIR, (invocation) => eachRecord(event, (record) => resync(invocation, record))),
  });

  return {
    table,
    get waiting() {
      return waiting;
    },
  };
}
