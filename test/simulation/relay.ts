import type { DynamoDBRecord } from 'aws-lambda';
import { streamChange } from '../../adapters/relay/stream.ts';
import { type EntityRef, HEARTBEAT_ID, messageGroupId, typeOfGroup } from '../../core/entity.ts';
import { type PublishResult, type RelayedMessage, relayBatch } from '../../core/relay/batch.ts';
import { type OutgoingMessage, outgoingMessage } from '../../core/relay/message.ts';
import type { InvokeResult } from '../../local/lambda/invoke-result.ts';
import { deliver, type StreamRecord } from '../../local/lambda/stream-batch.ts';
import { type CacheName, TYPES, type Type } from './contracts.ts';
import type { FanOut } from './fan-out.ts';
import type { FunctionOptions } from './invocations.ts';
import { createOwnerTable, type OwnerTable } from './owner.ts';
import { publisher } from './publisher.ts';
import { random } from './random.ts';
import type { World } from './world.ts';

const RELAY: FunctionOptions = { crash: 'relayCrash', timeoutMs: 30_000, crashWithin: 3, mayRace: false };

/** How long a shard's reader sleeps after it found no record. */
const POLL_MS = 250;

/** An owner with its table and relay, wired as in lambdas/ and lib/. */
export interface Owner {
  readonly table: OwnerTable;
  /** Number of records of the stream that are neither published nor diverted. */
  readonly waiting: number;
  /** Has the owner publish an entity again to all caches, as `freshet resync` does. */
  resync(entity: EntityRef, token: string): void;
}

/** Called with each message of the relay that the topic accepted and didn't drop. */
type OnPublished = (message: OutgoingMessage) => void;

/** @param batchSize most records of a batch */
export function createOwner(world: World, fanOut: FanOut, batchSize: number, onPublished: OnPublished): Owner {
  const { functions, faults, ledger, scheduler } = world;
  const draws = random(world.seed, 'partial');
  const stream = createStream(world, batchSize, async ({ Records }) => {
    const result = await functions.invoke(RELAY, (invocation) =>
      relay(
        deployed,
        publisher(world, invocation, draws, (message) => publish(deployed, message)),
        Records as DynamoDBRecord[],
      ),
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
  const deployed: Deployed = { world, table, fanOut, onPublished };
  return {
    table,
    get waiting() {
      return stream.waiting;
    },
    resync(entity, token) {
      world.pendingResyncs.add(messageGroupId(entity));
      if (world.wrong.isResyncedFromTable) publishFromTable(deployed, entity, token);
      else table.resync(entity, token);
    },
  };
}

/** The parts of an owner that its relay reaches. */
interface Deployed {
  readonly world: World;
  readonly table: OwnerTable;
  readonly fanOut: FanOut;
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
      // A heartbeat shows only what is in its own shard, so all records of a type are in one shard: see
      // docs/decisions/23-staleness.md, "A shard that is behind alone".
      const shard = TYPES.indexOf(typeOfGroup(groupId) as Type) % shards.length;
      shards[shard]?.push(record);
      waiting += 1;
      read(shard);
    },
  };
}

/** Publishes one message of the relay. */
function publish({ world, fanOut, onPublished }: Deployed, message: RelayedMessage): PublishResult {
  const { ledger } = world;
  const { isDuplicate, receivers } = fanOut.publish(message, undefined);
  const record = ledger.publications.publishedRecord(message.sequenceNumber, isDuplicate);
  if (record?.isResync) world.pendingResyncs.delete(message.groupId);
  if (isDuplicate) return { kind: 'published' };
  if (record !== undefined && !record.isResync) noteReceivers(world, receivers, record.version, message);
  if (!message.groupId.endsWith(HEARTBEAT_ID)) onPublished(message);
  return { kind: 'published' };
}

function noteReceivers(
  { ledger }: World,
  receivers: readonly CacheName[],
  version: number,
  { groupId, body }: OutgoingMessage,
): void {
  for (const cache of receivers) ledger.runs.changed(cache, groupId, version, body);
}

/** lambdas/relay.ts */
async function relay(
  { world, table }: Deployed,
  publish: (messages: readonly RelayedMessage[]) => Promise<readonly PublishResult[]>,
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

/** The planted bug of a resync that doesn't go through the stream. */
function publishFromTable({ world, table, fanOut, onPublished }: Deployed, entity: EntityRef, token: string): void {
  const owned = table.items.get(messageGroupId(entity));
  const publishedAt = new Date(world.scheduler.nowMs()).toISOString();
  const message = owned && outgoingMessage(table.boundary, owned, { publishedAt, again: { kind: 'resync', token } });
  if (owned === undefined || message === undefined || 'reason' in message) return;
  fanOut.publish(message, undefined);
  world.ledger.publications.publishedVersion(message.groupId, owned.version);
  onPublished(message);
}
