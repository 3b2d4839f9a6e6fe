import { type Boundary, ownedContract } from './contract.ts';
import { deduplicationId, messageGroupId, sha256, utf8Bytes } from './entity.ts';
import { serialiseEvent } from './event.ts';
import { isTombstone, type OwnedEntity } from './own.ts';

/** One record of the owner table's stream, as far as the relay cares. */
export type StreamChange = { readonly sequenceNumber: string } & (
  | { readonly kind: 'committed'; readonly owned: OwnedEntity }
  | { readonly kind: 'expired' }
  | { readonly kind: 'unpublishable'; readonly reason: UnpublishableReason; readonly message: string }
);

/**
 * Why a record can never become an event. `removed`: an item was removed past the owner's interface, and its version counter
 * with it · `unreadable`: not an item that the owner's interface wrote · `unknown-type`: not in the contracts ·
 * `too-large`: over what one message carries · `refused`: the topic calls the message invalid.
 */
export type UnpublishableReason = 'removed' | 'unreadable' | 'unknown-type' | 'too-large' | 'refused';

/** A message for the topic. */
export interface OutgoingMessage {
  readonly sequenceNumber: string;
  readonly groupId: string;
  readonly deduplicationId: string;
  /** Message attribute that subscriptions filter on. */
  readonly type: string;
  readonly body: string;
  readonly bytes: number;
}

/** What the topic said of one message. `refused` will never be taken; `failed` may be later. */
export type PublishResult =
  | { readonly kind: 'published' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

/** The relay's ports. */
export interface RelayPorts {
  /** Publishes at most MAX_BATCH_ENTRIES messages of distinct groups and at most MAX_BATCH_BYTES; one result per message, in order. */
  publish(messages: readonly OutgoingMessage[]): Promise<readonly PublishResult[]>;
  /** Sets a record aside with its reason. Throws when it can't: the record is then tried again. */
  divert(sequenceNumber: string, reason: UnpublishableReason, message: string): Promise<void>;
}

/** What became of a batch of records. */
export interface RelayReport {
  readonly published: number;
  readonly expired: number;
  readonly diverted: number;
  /** The records that are neither published nor diverted, in stream order; the first of them restarts the batch. */
  readonly failed: readonly string[];
}

/** Entries a PublishBatch call takes (sns/API_PublishBatch, 2026-11-23). */
export const MAX_BATCH_ENTRIES = 10;

/** Bytes of all entries of a PublishBatch call, message attributes included (sns/large-message-payloads: 256 KiB by default). */
export const MAX_BATCH_BYTES = 256 * 1024;

/** What the filter attribute adds to a message: its name, data type and the longest entity type. */
const ATTRIBUTE_BYTES = 'type'.length + 'String'.length + 40;

/** The messages of one entity that wait for their turn, in order of version. */
interface Group {
  readonly messages: OutgoingMessage[];
  /** Index of the message whose turn it is. */
  next: number;
}

/**
 * Publishes every committed version of a stream batch: in order within an entity, entities side by side. What can never be
 * published is diverted and the rest goes on; what failed holds back only what follows it in its own group.
 */
export async function relayBatch(
  boundary: Boundary,
  changes: readonly StreamChange[],
  publishedAt: string,
  ports: RelayPorts,
): Promise<RelayReport> {
  const count = { published: 0, expired: 0, diverted: 0 };
  const failed = new Set<string>();
  const groups = new Map<string, Group>();

  const diverted = async (sequenceNumber: string, reason: UnpublishableReason, message: string): Promise<boolean> => {
    try {
      await ports.divert(sequenceNumber, reason, message);
      count.diverted += 1;
      return true;
    } catch {
      return false;
    }
  };

  for (const change of changes) {
    const next = outgoing(boundary, change, publishedAt);
    if (next === 'expired') {
      count.expired += 1;
    } else if ('reason' in next) {
      if (!(await diverted(change.sequenceNumber, next.reason, next.message))) failed.add(change.sequenceNumber);
    } else {
      const group = groups.get(next.groupId);
      if (group === undefined) groups.set(next.groupId, { messages: [next], next: 0 });
      else group.messages.push(next);
    }
  }

  const settle = async (message: OutgoingMessage, result: PublishResult): Promise<void> => {
    if (result.kind === 'published') count.published += 1;
    const settled =
      result.kind === 'published' ||
      (result.kind === 'refused' && (await diverted(message.sequenceNumber, 'refused', result.message)));
    const group = groups.get(message.groupId);
    if (group === undefined) return;
    if (settled) group.next += 1;
    else for (const { sequenceNumber } of group.messages.slice(group.next)) failed.add(sequenceNumber);
    if (!settled || group.next === group.messages.length) groups.delete(message.groupId);
  };

  while (groups.size > 0) {
    const heads = [...groups.values()].flatMap(({ messages, next }) => messages.slice(next, next + 1));
    await Promise.all(
      batches(heads).map(async (batch) => {
        const results = await ports.publish(batch);
        for (const [index, message] of batch.entries()) {
          await settle(message, results[index] ?? { kind: 'failed', message: 'no answer' });
        }
      }),
    );
  }
  const inOrder = changes.map(({ sequenceNumber }) => sequenceNumber).filter((number) => failed.has(number));
  return { ...count, failed: inOrder };
}

function outgoing(
  boundary: Boundary,
  change: StreamChange,
  publishedAt: string,
): OutgoingMessage | 'expired' | { reason: UnpublishableReason; message: string } {
  if (change.kind === 'expired') return 'expired';
  if (change.kind === 'unpublishable') return change;
  const { owned } = change;
  const { type } = owned.entity;
  if (!Object.hasOwn(boundary.owns, type)) {
    return { reason: 'unknown-type', message: `${boundary.name} doesn't own ${type}` };
  }
  if (isTombstone(owned) !== (owned.stateJson === undefined)) {
    return { reason: 'unreadable', message: 'a state without its digest, or a tombstone with a state' };
  }
  // The text goes into the envelope as it is, so it must be the one that the owner's interface checked and digested.
  if (owned.stateJson !== undefined && sha256(owned.stateJson) !== owned.digest) {
    return { reason: 'unreadable', message: "the state isn't the one that its digest was made of" };
  }
  if (!isTimestamp(owned.changedAt)) return { reason: 'unreadable', message: 'changedAt is no ISO 8601 time' };
  const body = serialiseEvent(
    {
      kind: isTombstone(owned) ? 'tombstone' : 'state',
      entity: owned.entity,
      version: owned.version,
      digest: owned.digest,
      owner: boundary.name,
      schemaVersion: ownedContract(boundary, type).schemaVersion,
      changedAt: owned.changedAt,
      publishedAt,
    },
    owned.stateJson,
  );
  const bytes = utf8Bytes(body) + ATTRIBUTE_BYTES;
  if (bytes > MAX_BATCH_BYTES) {
    return { reason: 'too-large', message: `${bytes} bytes; a message carries ${MAX_BATCH_BYTES}` };
  }
  return {
    sequenceNumber: change.sequenceNumber,
    groupId: messageGroupId(owned.entity),
    deduplicationId: deduplicationId(owned.entity, owned.version),
    type,
    body,
    bytes,
  };
}

function isTimestamp(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString() === text;
}

/** Splits messages by count and by bytes. */
function batches(messages: readonly OutgoingMessage[]): OutgoingMessage[][] {
  const all: OutgoingMessage[][] = [];
  let current: OutgoingMessage[] = [];
  let bytes = 0;
  for (const message of messages) {
    if (current.length === MAX_BATCH_ENTRIES || (current.length > 0 && bytes + message.bytes > MAX_BATCH_BYTES)) {
      all.push(current);
      current = [];
      bytes = 0;
    }
    current.push(message);
    bytes += message.bytes;
  }
  if (current.length > 0) all.push(current);
  return all;
}
