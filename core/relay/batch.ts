import type { Boundary } from '../contract.ts';
import { isHeartbeat } from '../entity.ts';
import {
  MAX_BATCH_BYTES,
  type OutgoingMessage,
  outgoingFact,
  outgoingMessage,
  type StreamChange,
  type Unpublishable,
  type UnpublishableReason,
} from './message.ts';

/** What the topic said of one message. `refused` will never be taken; `failed` may be later. */
export type PublishResult =
  | { readonly kind: 'published' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

/** The relay's ports. */
export interface RelayPorts {
  /** Publishes at most MAX_BATCH_ENTRIES messages of distinct groups and at most MAX_BATCH_BYTES; one result per message, in order. */
  publish(messages: readonly RelayedMessage[]): Promise<readonly PublishResult[]>;
  /** Sets a record aside with its reason. Throws when it can't: the record is then tried again. */
  divert(sequenceNumber: string, reason: UnpublishableReason, message: string): Promise<void>;
}

/** What became of a batch of records. */
export interface RelayReport {
  readonly published: number;
  /** Versions that left inside a newer one of the same entity. */
  readonly conflated: number;
  readonly expired: number;
  /** Versions of the time before a restore. */
  readonly beforeEpoch: number;
  readonly diverted: number;
  /** The records that are neither published nor diverted, in stream order; the first of them restarts the batch. */
  readonly failed: readonly string[];
  /** When the oldest version was committed, ISO 8601; undefined where nothing was, since all is sent once more, lifted or unpublishable. */
  readonly oldestChangedAt: string | undefined;
}

/** Entries a PublishBatch call takes (sns/API_PublishBatch, 2026-11-23). */
export const MAX_BATCH_ENTRIES = 10;

/** A message with the record that it came from. */
export interface RelayedMessage extends OutgoingMessage {
  readonly sequenceNumber: string;
}

/** The messages of one entity that wait for their turn. */
interface Group {
  /** In order of version; with conflation newest first, and the first that goes out covers those after it. */
  readonly messages: RelayedMessage[];
  /** Index of the message whose turn it is. */
  next: number;
}

/**
 * Publishes every committed version of a stream batch: in order within an entity, entities side by side. What can never be
 * published is diverted and the rest goes on; what failed holds back only what follows it in its own group. With conflation an entity's
 * newest version alone goes out, as a whole: every version is covered by an event at or above it. A heartbeat goes out after all the records
 * that precede it, so that it vouches for them.
 *
 * @param publishedAt ISO 8601
 * @param conflate whether several versions of one entity leave as one; default each by itself
 */
export async function relayBatch(
  boundary: Boundary,
  changes: readonly StreamChange[],
  publishedAt: string,
  ports: RelayPorts,
  conflate = false,
): Promise<RelayReport> {
  const count = { published: 0, conflated: 0, expired: 0, beforeEpoch: 0, diverted: 0 };
  const failed = new Set<string>();
  const groups = new Map<string, Group>();
  const heartbeats: RelayedMessage[] = [];
  const committedAt: string[] = [];

  const enqueue = (message: RelayedMessage): void => {
    const group = groups.get(message.groupId);
    if (group === undefined) groups.set(message.groupId, { messages: [message], next: 0 });
    else group.messages.push(message);
  };

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
    const next = change.kind === 'expired' ? change.kind : messageOf(boundary, change, publishedAt, conflate);
    if (next === 'expired') {
      count.expired += 1;
    } else if ('reason' in next && next.reason === 'before-epoch') {
      count.beforeEpoch += 1;
    } else if ('reason' in next) {
      if (!(await diverted(change.sequenceNumber, next.reason, next.message))) failed.add(change.sequenceNumber);
    } else {
      if (change.kind === 'fact') committedAt.push(change.fact.occurredAt);
      if (isCommit(change)) committedAt.push(change.owned.changedAt);
      if (change.kind === 'committed' && isHeartbeat(change.owned.entity)) heartbeats.push(next);
      else enqueue(next);
    }
  }

  const settle = async (message: RelayedMessage, result: PublishResult): Promise<void> => {
    if (result.kind === 'published') count.published += 1;
    const settled =
      result.kind === 'published' ||
      (result.kind === 'refused' && (await diverted(message.sequenceNumber, 'refused', result.message)));
    const group = groups.get(message.groupId);
    if (group === undefined) return;
    if (conflate && result.kind === 'published') {
      count.conflated += group.messages.length - group.next - 1;
      group.next = group.messages.length;
    } else if (settled) group.next += 1;
    else for (const { sequenceNumber } of group.messages.slice(group.next)) failed.add(sequenceNumber);
    if (!settled || group.next === group.messages.length) groups.delete(message.groupId);
  };

  const publishAll = async (): Promise<void> => {
    if (conflate) for (const group of groups.values()) group.messages.reverse();
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
  };

  await publishAll();
  const numbers = changes.map(({ sequenceNumber }) => sequenceNumber);
  const firstFailed = numbers.findIndex((number) => failed.has(number));
  for (const beat of heartbeats) {
    if (firstFailed === -1 || numbers.indexOf(beat.sequenceNumber) < firstFailed) enqueue(beat);
    else failed.add(beat.sequenceNumber);
  }
  await publishAll();
  return { ...count, failed: numbers.filter((number) => failed.has(number)), oldestChangedAt: committedAt.sort()[0] };
}

/** Whether a record was just committed. A resync and a lift into a new epoch keep the time of the commit, however long ago that was. */
function isCommit(change: StreamChange): change is StreamChange & { readonly kind: 'committed' } {
  if (change.kind !== 'committed' || change.resync !== undefined) return false;
  return change.previous?.changedAt !== change.owned.changedAt;
}

function messageOf(
  boundary: Boundary,
  change: Exclude<StreamChange, { kind: 'expired' }>,
  publishedAt: string,
  conflate: boolean,
): RelayedMessage | Unpublishable {
  if (change.kind === 'unpublishable') return change;
  if (change.kind === 'fact') {
    const message = outgoingFact(boundary, change.fact, publishedAt);
    return 'reason' in message ? message : { ...message, sequenceNumber: change.sequenceNumber };
  }
  const { owned, resync, sequenceNumber } = change;
  const again = resync === undefined ? undefined : ({ kind: 'resync', token: resync } as const);
  // What takes the place of others can't be told from the one before it.
  const previous = conflate ? undefined : change.previous;
  const message = outgoingMessage(boundary, owned, { publishedAt, previous, again });
  return 'reason' in message ? message : { ...message, sequenceNumber };
}

/** Splits messages by what one call takes, by count and by bytes. */
export function batches<M extends OutgoingMessage>(messages: readonly M[]): M[][] {
  const all: M[][] = [];
  let current: M[] = [];
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
