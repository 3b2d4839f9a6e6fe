import { type Boundary, type CachedType, validateState } from './contract.ts';
import { type EntityRef, messageGroupId, sha256, utf8Bytes } from './entity.ts';
import { FreshetError } from './errors.ts';
import { parseEvent, type VersionedEvent } from './event.ts';
import type { Outcome, ParkReason } from './outcome.ts';
import { canonicalJson, type Json, type State } from './state.ts';

/** A message as the queue delivered it. */
export interface ReceivedMessage {
  readonly messageId: string;
  readonly groupId: string;
  readonly body: string;
  /** Times this message was received, this time included. */
  readonly receiveCount: number;
}

/** An entity as a cache stores it. */
export interface CachedItem {
  readonly entity: EntityRef;
  readonly version: number;
  readonly digest: string;
  readonly changedAt: string;
  readonly fieldsRevision: number;
  /** Canonical JSON of the fields kept; undefined for a tombstone. */
  readonly dataJson: string | undefined;
  /** Index name to the value listed under. */
  readonly indexed: Readonly<Record<string, string>>;
  /** When a tombstone may be forgotten, epoch seconds; undefined for a state. */
  readonly expiresAtSeconds: number | undefined;
}

/** What the cache's table said of a conditional write. */
export type WriteResult =
  | { readonly kind: 'stored' }
  /** Not newer than what is stored. */
  | { readonly kind: 'refused'; readonly stored: { readonly version: number; readonly digest: string } }
  /** The table can never hold this item. */
  | { readonly kind: 'unstorable'; readonly message: string };

/** The projector's ports. Each throws only when infrastructure fails; the group's messages then go back to the queue. */
export interface ProjectPorts {
  /** Stores the item if it is newer than what is stored, or of the same version with an older fields revision. */
  write(item: CachedItem): Promise<WriteResult>;
  /** Sets a message aside with its reason. */
  park(message: ReceivedMessage, reason: ParkReason, explanation: string): Promise<void>;
  /** Hides a group's messages for a while before they are delivered again. Best effort. */
  postpone(messages: readonly ReceivedMessage[], seconds: number): Promise<void>;
}

/** How one message ended. */
export interface Settled {
  readonly message: ReceivedMessage;
  readonly outcome: Outcome;
  readonly entity: EntityRef | undefined;
  readonly version: number | undefined;
  /** Owner's commit to applied here, milliseconds; only for `applied`. */
  readonly leadTimeMs: number | undefined;
  /** Why it was parked; only for `parked`. */
  readonly reason: ParkReason | undefined;
}

/** What became of a batch. */
export interface ProjectReport {
  readonly settled: readonly Settled[];
  /** Messages to be delivered again: whole groups, so that a group's order is kept. */
  readonly returned: readonly { readonly message: ReceivedMessage; readonly error: unknown }[];
}

/** Longest a failing group is hidden before it is tried again; well under the retention of the queue. */
export const MAX_POSTPONE_SECONDS = 300;

/** Seconds that a group waits after its n-th failed attempt: 1, 2, 4, ... MAX_POSTPONE_SECONDS. */
export function postponeSeconds(receiveCount: number): number {
  return Math.min(MAX_POSTPONE_SECONDS, 2 ** Math.min(receiveCount - 1, 20));
}

/**
 * Applies a batch of messages to the boundary's cache: all are validated first, then each group folds its events and writes the
 * newest, groups side by side. A group that fails is returned whole and alone.
 *
 * @param nowMs the clock, epoch milliseconds
 * @param tombstoneLifeSeconds how long a tombstone is kept; longer than any way in which an older event can return
 */
export async function projectBatch(
  boundary: Boundary,
  messages: readonly ReceivedMessage[],
  ports: ProjectPorts,
  nowMs: () => number,
  tombstoneLifeSeconds: number,
): Promise<ProjectReport> {
  const read = await Promise.all(messages.map((message) => readMessage(boundary, message)));
  const groups = new Map<string, Reading[]>();
  for (const reading of read) {
    const group = groups.get(reading.message.groupId);
    if (group === undefined) groups.set(reading.message.groupId, [reading]);
    else group.push(reading);
  }
  const settled: Settled[] = [];
  const returned: { message: ReceivedMessage; error: unknown }[] = [];
  await Promise.all(
    [...groups.values()].map(async (group) => {
      try {
        settled.push(...(await projectGroup(group, ports, nowMs, tombstoneLifeSeconds)));
      } catch (error) {
        const back = group.map(({ message }) => message);
        returned.push(...back.map((message) => ({ message, error })));
        const attempts = Math.max(...back.map(({ receiveCount }) => receiveCount));
        // Failing to postpone costs nothing but an earlier or later retry: the queue's own visibility time-out holds.
        await ports.postpone(back, postponeSeconds(attempts)).catch(() => undefined);
      }
    }),
  );
  return { settled, returned };
}

/** A message that carries an applicable event. */
interface Applicable {
  readonly message: ReceivedMessage;
  readonly event: VersionedEvent;
  readonly cached: CachedType;
  /** What the cache keeps of the state; undefined for a tombstone. */
  readonly kept: Pick<CachedItem, 'dataJson' | 'indexed'> | undefined;
}

/** A message that can never be applied. */
interface Poison {
  readonly message: ReceivedMessage;
  readonly event: VersionedEvent | undefined;
  readonly reason: ParkReason;
  readonly explanation: string;
}

type Reading = Applicable | Poison;

async function readMessage(boundary: Boundary, message: ReceivedMessage): Promise<Reading> {
  const event = parseEvent(message.body);
  if ('reason' in event) return { message, event: undefined, reason: event.reason, explanation: event.message };
  const poison = (reason: ParkReason, explanation: string): Poison => ({ message, event, reason, explanation });
  const { type } = event.entity;
  const cached = Object.hasOwn(boundary.caches, type) ? boundary.caches[type] : undefined;
  if (cached === undefined) return poison('unknown-type', `cache ${boundary.name} doesn't keep this type`);
  const { contract } = cached;
  if (event.owner !== contract.owner) {
    return poison('wrong-owner', `published by ${event.owner}; ${type} is owned by ${contract.owner}`);
  }
  if (message.groupId !== messageGroupId(event.entity)) {
    return poison('wrong-group', `in message group ${message.groupId}; its own is ${messageGroupId(event.entity)}`);
  }
  if (event.schemaVersion > contract.schemaVersion) {
    return poison(
      'newer-schema',
      `schema version ${event.schemaVersion}; this cache knows up to ${contract.schemaVersion}`,
    );
  }
  if (event.kind === 'tombstone') return { message, event, cached, kept: undefined };
  const validation = await validateState(contract, event.data);
  if (!validation.valid) {
    return poison('invalid', `data${validation.field && `.${validation.field}`}: ${validation.problem}`);
  }
  try {
    if (sha256(canonicalJson(event.entity, event.data)) !== event.digest) {
      return poison('invalid', "digest: isn't that of data");
    }
    const dataJson = canonicalJson(event.entity, keptFields(validation.state, cached));
    return { message, event, cached, kept: { dataJson, indexed: indexedValues(type, validation.state, cached) } };
  } catch (error) {
    // A schema may let through what no owner commits: values that aren't JSON, or that no table could give back as they were.
    if (error instanceof FreshetError) return poison('invalid', error.message);
    throw error;
  }
}

/** One group, which is one entity: poison is parked, the newest event is written, what it overtakes is counted after that. */
async function projectGroup(
  group: readonly Reading[],
  ports: ProjectPorts,
  nowMs: () => number,
  tombstoneLifeSeconds: number,
): Promise<Settled[]> {
  const settled: Settled[] = [];
  const settle = (reading: Reading, outcome: Outcome, reason?: ParkReason): void => {
    const { message, event } = reading;
    const leadTimeMs = outcome === 'applied' && event ? Math.max(0, nowMs() - Date.parse(event.changedAt)) : undefined;
    settled.push({ message, outcome, entity: event?.entity, version: event?.version, leadTimeMs, reason });
  };
  const park = async (reading: Reading, reason: ParkReason, explanation: string): Promise<void> => {
    await ports.park(reading.message, reason, explanation);
    settle(reading, 'parked', reason);
  };

  for (const reading of group) {
    if ('reason' in reading) await park(reading, reading.reason, reading.explanation);
  }
  const newestFirst = group
    .filter((reading): reading is Applicable => !('reason' in reading))
    .sort((a, b) => b.event.version - a.event.version);

  /** What the cache is known to hold, from what it stored or from what was in the way. */
  let held: { readonly version: number; readonly digest: string; readonly storedNow: boolean } | undefined;
  for (const reading of newestFirst) {
    const { event } = reading;
    if (held === undefined) {
      const result = await ports.write(cachedItem(reading, nowMs(), tombstoneLifeSeconds));
      if (result.kind === 'unstorable') {
        await park(reading, 'unstorable', result.message);
        continue;
      }
      if (result.kind === 'stored') {
        held = { version: event.version, digest: event.digest, storedNow: true };
        settle(reading, 'applied');
        continue;
      }
      held = { ...result.stored, storedNow: false };
    }
    if (event.version < held.version) settle(reading, held.storedNow ? 'superseded' : 'outdated');
    else if (event.digest === held.digest) settle(reading, 'duplicate');
    else
      await park(
        reading,
        'conflict',
        `version ${event.version} is stored with digest ${held.digest}, not ${event.digest}`,
      );
  }
  return settled;
}

function cachedItem({ event, cached, kept }: Applicable, nowMs: number, tombstoneLifeSeconds: number): CachedItem {
  const { entity, version, digest, changedAt } = event;
  const { fieldsRevision } = cached;
  const common = { entity, version, digest, changedAt, fieldsRevision };
  if (kept !== undefined) return { ...common, ...kept, expiresAtSeconds: undefined };
  const expiresAtSeconds = Math.ceil(nowMs / 1000) + tombstoneLifeSeconds;
  return { ...common, dataJson: undefined, indexed: {}, expiresAtSeconds };
}

/** The part of a state that a cache keeps. */
export function keptFields(state: State, cached: CachedType): State {
  if (cached.fields === undefined) return state;
  const entries = cached.fields.flatMap((field) => {
    const value = Object.hasOwn(state, field) ? state[field] : undefined;
    return value === undefined ? [] : [[field, value] as const];
  });
  return Object.fromEntries(entries);
}

function indexedValues(type: string, state: State, cached: CachedType): Record<string, string> {
  const entries = Object.entries(cached.indexes).flatMap(([index, field]) => {
    const value = indexValue(type, Object.hasOwn(state, field) ? state[field] : undefined);
    return value === undefined ? [] : [[index, value] as const];
  });
  return Object.fromEntries(entries);
}

/** Longest index value kept readable; DynamoDB allows 2,048 bytes for a partition key, type and separator included (ddb/Constraints). */
const MAX_INDEX_VALUE_BYTES = 1024;

/**
 * The key under which an index lists a value: `Type=value`, or `Type#` and a hash when the value is long. Only texts, finite
 * numbers and booleans are listed; undefined means that the entity isn't in the index.
 */
export function indexValue(type: string, value: Json | undefined): string | undefined {
  const listed = typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
  if (!listed) return undefined;
  const text = String(value);
  return utf8Bytes(text) <= MAX_INDEX_VALUE_BYTES ? `${type}=${text}` : `${type}#${sha256(text)}`;
}
