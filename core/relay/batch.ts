import type { Boundary } from '../contract/contract.ts';
import { isHeartbeat } from '../entity.ts';
import { heartbeatCommittedAt } from '../own/heartbeat.ts';
import type { OwnedEntity } from '../own/own.ts';
import { MAX_STATE_BYTES } from '../state.ts';
import {
  MAX_BATCH_BYTES,
  type OutgoingMessage,
  outgoingFact,
  outgoingMessage,
  type Sending,
  type StreamChange,
  type Unpublishable,
  type UnpublishableReason,
} from './message.ts';

/**
 * The topic's response to one message. A `refused` message is invalid and never accepted; a `failed` one may be
 * accepted later.
 */
export type PublishResult =
  | { readonly kind: 'published' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

/** The relay's ports. */
export interface RelayPorts {
  /**
   * Publishes messages of distinct groups: at most MAX_BATCH_ENTRIES with at most MAX_BATCH_BYTES, or one larger
   * message. Returns one result per message, in order.
   */
  publish(messages: readonly RelayedMessage[]): Promise<readonly PublishResult[]>;
  /** Parks a record with its reason. If it throws, the record is retried. */
  divert(sequenceNumber: string, reason: UnpublishableReason, message: string): Promise<void>;
}

/** How a batch is relayed. */
export interface RelayOptions {
  /** Whether several versions of an entity are published as one. Default false. */
  readonly conflate?: boolean | undefined;
  /** See `Sending.readsCompressed`. */
  readonly readsCompressed?: boolean | undefined;
}

/** The result of relaying a batch of records. */
export interface RelayReport {
  /** Versions that were published, without heartbeats. */
  readonly published: number;
  /** Heartbeats that were published, or replaced by a newer heartbeat of the same type. */
  readonly heartbeats: number;
  /** Versions that weren't published because a newer version of the same entity was published instead. */
  readonly conflated: number;
  readonly expired: number;
  /** Versions from before a restore. */
  readonly beforeEpoch: number;
  readonly diverted: number;
  /**
   * Sequence numbers of the records that are neither published nor diverted, in stream order. Lambda retries the batch
   * from the first one.
   */
  readonly failed: readonly string[];
  /**
   * When the oldest new version was committed, ISO 8601; undefined if the batch has none, but only repeated, lifted or
   * unpublishable ones.
   */
  readonly oldestChangedAt: string | undefined;
}

/** Maximum number of entries in a PublishBatch call (sns/API_PublishBatch, 2026-11-23). */
export const MAX_BATCH_ENTRIES = 10;

/**
 * Most bytes of JSON that a batch compares for deltas, beyond which whole states are sent: a batch of Lambda's 6 MB can
 * hold hundreds of MB of compressed states, which would take the relay's memory and time.
 */
const MAX_DELTA_BYTES = 2 * MAX_STATE_BYTES;

/** A message with the sequence number of its record. */
export interface RelayedMessage extends OutgoingMessage {
  readonly sequenceNumber: string;
}

/** The messages of one entity that wait to be published. */
interface Group {
  /** In order of version; with conflation newest first, so that the first published message replaces the rest. */
  readonly messages: RelayedMessage[];
  /** Index of the next message to publish. */
  next: number;
}

const NONE = { published: 0, conflated: 0, expired: 0, beforeEpoch: 0, diverted: 0 };

/** A batch while it is relayed. */
interface Relaying {
  readonly ports: RelayPorts;
  readonly conflate: boolean;
  /** By message group. */
  readonly groups: Map<string, Group>;
  readonly count: Record<keyof typeof NONE, number>;
  /** Sequence numbers of the records that are neither published nor diverted. */
  readonly failed: Set<string>;
}

/**
 * Publishes every committed version of a stream batch, in order within an entity and concurrently across entities. A
 * record that can never be published is diverted. A failure holds back only the later records of the same group. With
 * conflation only the newest version of an entity is published, as a whole state, so every version is covered by an
 * event at or above it. A heartbeat is published after all records that precede it, because it proves that they have
 * been published.
 *
 * @param publishedAt ISO 8601
 */
export async function relayBatch(
  boundary: Boundary,
  changes: readonly StreamChange[],
  publishedAt: string,
  ports: RelayPorts,
  options: RelayOptions = {},
): Promise<RelayReport> {
  const { conflate = false } = options;
  const relaying: Relaying = {
    ports,
    conflate,
    groups: new Map(),
    count: { ...NONE },
    failed: new Set(),
  };
  const { count, failed } = relaying;
  const deltaRoom = { bytes: MAX_DELTA_BYTES };
  const heartbeats: RelayedMessage[] = [];
  const commits: string[] = [];
  for (const change of changes) {
    const next =
      change.kind === 'expired' ? change.kind : messageOf(boundary, change, publishedAt, { ...options, deltaRoom });
    if (next === 'expired') {
      count.expired += 1;
    } else if ('reason' in next) {
      if (next.reason === 'before-epoch') count.beforeEpoch += 1;
      else if (!(await divert(relaying, change.sequenceNumber, next))) failed.add(change.sequenceNumber);
    } else {
      commits.push(...commitTime(change));
      if (change.kind === 'committed' && isHeartbeat(change.owned.entity)) heartbeats.push(next);
      else enqueue(relaying, next);
    }
  }
  await publishAll(relaying);
  const numbers = changes.map(({ sequenceNumber }) => sequenceNumber);
  const firstFailed = numbers.findIndex((number) => failed.has(number));
  // Heartbeats have counts of their own, because nobody commits them.
  const beats: Relaying = { ...relaying, count: { ...NONE } };
  for (const heartbeat of heartbeats) {
    if (firstFailed === -1 || numbers.indexOf(heartbeat.sequenceNumber) < firstFailed) enqueue(beats, heartbeat);
    else failed.add(heartbeat.sequenceNumber);
  }
  await publishAll(beats);
  return {
    ...count,
    heartbeats: beats.count.published + beats.count.conflated,
    diverted: count.diverted + beats.count.diverted,
    failed: numbers.filter((number) => failed.has(number)),
    oldestChangedAt: commits.sort()[0],
  };
}

/**
 * Whether the oldest new commit of a batch is older than the given time. The relay then falls behind, for example
 * because one entity changes faster than its versions can be published one after the other: SNS accepts 300 messages a
 * second of one message group (sns/fifo-high-throughput), and each call takes its time.
 *
 * @param afterSeconds undefined: a batch is never late
 */
export function isLate(changes: readonly StreamChange[], nowMs: number, afterSeconds: number | undefined): boolean {
  if (afterSeconds === undefined) return false;
  const [oldest] = changes.flatMap(commitTime).sort();
  return oldest !== undefined && nowMs - Date.parse(oldest) > afterSeconds * 1000;
}

/** Returns whether the record could be diverted. */
async function divert(
  { ports, count }: Relaying,
  sequenceNumber: string,
  { reason, message }: Unpublishable,
): Promise<boolean> {
  try {
    await ports.divert(sequenceNumber, reason, message);
    count.diverted += 1;
    return true;
  } catch {
    return false;
  }
}

function enqueue({ groups }: Relaying, message: RelayedMessage): void {
  const group = groups.get(message.groupId);
  if (group === undefined) groups.set(message.groupId, { messages: [message], next: 0 });
  else group.messages.push(message);
}

/** Publishes all queued messages in rounds: one message per group, the next one after its success. */
async function publishAll(relaying: Relaying): Promise<void> {
  const { groups, ports } = relaying;
  if (relaying.conflate) for (const group of groups.values()) group.messages.reverse();
  while (groups.size > 0) {
    const heads = [...groups.values()].flatMap(({ messages, next }) => messages.slice(next, next + 1));
    await Promise.all(
      batches(heads).map(async (batch) => {
        const results = await ports.publish(batch);
        for (const [index, message] of batch.entries()) {
          await settle(relaying, message, results[index] ?? { kind: 'failed', message: 'no answer' });
        }
      }),
    );
  }
}

/** Takes the result of a message into account: its group proceeds to the next message, or ends. */
async function settle(relaying: Relaying, message: RelayedMessage, result: PublishResult): Promise<void> {
  const { groups, count, failed } = relaying;
  if (result.kind === 'published') count.published += 1;
  const isSettled =
    result.kind === 'published' ||
    (result.kind === 'refused' &&
      (await divert(relaying, message.sequenceNumber, { reason: 'refused', message: result.message })));
  const group = groups.get(message.groupId);
  if (group === undefined) return;
  if (relaying.conflate && result.kind === 'published') {
    count.conflated += group.messages.length - group.next - 1;
    group.next = group.messages.length;
  } else if (isSettled) group.next += 1;
  else for (const { sequenceNumber } of group.messages.slice(group.next)) failed.add(sequenceNumber);
  if (!isSettled || group.next === group.messages.length) groups.delete(message.groupId);
}

/**
 * Returns when a record was committed, or nothing if the record isn't a new commit. A resync and a lift into a new
 * epoch keep the time of the original commit, which may be long ago.
 */
function commitTime(change: StreamChange): string[] {
  if (change.kind === 'fact') return [change.fact.occurredAt];
  if (change.kind !== 'committed' || change.resync !== undefined) return [];
  const at = committedAt(change.owned);
  return at === undefined || (change.previous && committedAt(change.previous)) === at ? [] : [at];
}

/** A heartbeat's `changedAt` is the time that it vouches for, which is earlier than its commit for an adopted type. */
function committedAt(owned: OwnedEntity): string | undefined {
  return isHeartbeat(owned.entity) ? heartbeatCommittedAt(owned) : owned.changedAt;
}

function messageOf(
  boundary: Boundary,
  change: Exclude<StreamChange, { kind: 'expired' }>,
  publishedAt: string,
  { conflate, readsCompressed, deltaRoom }: RelayOptions & Pick<Sending, 'deltaRoom'>,
): RelayedMessage | Unpublishable {
  if (change.kind === 'unpublishable') return change;
  if (change.kind === 'fact') {
    const message = outgoingFact(boundary, change.fact, publishedAt);
    return 'reason' in message ? message : { ...message, sequenceNumber: change.sequenceNumber };
  }
  const { owned, resync, sequenceNumber } = change;
  const again = resync === undefined ? undefined : ({ kind: 'resync', token: resync } as const);
  // With conflation the previous version may not be published, so a delta can't build on it.
  const previous = conflate ? undefined : change.previous;
  const message = outgoingMessage(boundary, owned, {
    publishedAt,
    previous,
    again,
    readsCompressed,
    deltaRoom,
  });
  return 'reason' in message ? message : { ...message, sequenceNumber };
}

/** Splits messages into batches that one PublishBatch call accepts, by count and by bytes. A large message is alone. */
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
