import { compressed, compressedIfSmaller, NotDecompressed } from '../compression.ts';
import type { Boundary } from '../contract/contract.ts';
import { ownedContract } from '../contract/define-boundary.ts';
import { deltaOf } from '../delta.ts';
import { deduplicationId, EPOCH_SIZE, messageGroupId, type SentAgain, sha256, utf8Bytes } from '../entity.ts';
import { serialiseEvent } from '../event.ts';
import { serialiseFact } from '../facts/event.ts';
import { type Fact, factData, factGroupId } from '../facts/fact.ts';
import { isTombstone, type OwnedEntity } from '../own/own.ts';
import { MAX_PLAIN_STATE_BYTES, type State } from '../state.ts';

/** One record of the owner table's stream. */
export type StreamChange = { readonly sequenceNumber: string } & (
  | {
      readonly kind: 'committed';
      readonly owned: OwnedEntity;
      /** The previous version; undefined for a new entity. */
      readonly previous?: OwnedEntity | undefined;
      /** The token of a resync, if the record requests one; undefined if the record is a new version. */
      readonly resync?: string | undefined;
    }
  /** A committed fact. It is never conflated, because it has no later version that could replace it. */
  | { readonly kind: 'fact'; readonly fact: Fact }
  | { readonly kind: 'expired' }
  | ({ readonly kind: 'unpublishable' } & Unpublishable)
);

/** A record that can never be published, with its reason. */
export interface Unpublishable {
  readonly reason: UnpublishableReason;
  readonly message: string;
}

/**
 * Why a record can never be published.
 *
 * - `removed`: the item, with its version counter, was removed directly in the table
 * - `unreadable`: the item wasn't written by the owner's interface
 * - `unknown-type`: the type isn't in the owner's contracts
 * - `too-large`: the event exceeds the size of one message
 * - `refused`: the topic refuses the message as invalid
 * - `before-epoch`: the version is from before a restore; the entity is published when it is lifted, so the record
 *   isn't parked
 */
export type UnpublishableReason = 'removed' | 'unreadable' | 'unknown-type' | 'too-large' | 'refused' | 'before-epoch';

/** A message for the topic. */
export interface OutgoingMessage {
  readonly groupId: string;
  readonly deduplicationId: string;
  /** The message attribute by which subscriptions select types of entities or facts, or pages (`PAGE_TYPE`). */
  readonly type: string;
  /** The one cache that receives the message, as a message attribute; undefined for all caches of the type. */
  readonly to?: string | undefined;
  readonly body: string;
  readonly bytes: number;
}

/**
 * Maximum size of a PublishBatch call with several messages in bytes, message attributes included: what every topic
 * accepts (sns/large-message-payloads).
 */
export const MAX_BATCH_BYTES = 256 * 1024;

/**
 * Maximum size of a message in bytes, message attributes included: the base64 of the largest compressed state (491 KiB)
 * and 21 KiB for the envelope and the attributes. The constructs set it as the limit of the topic and of the cache's
 * queue. Above MAX_BATCH_BYTES, a message is published alone.
 */
export const MAX_MESSAGE_BYTES = 512 * 1024;

/**
 * Maximum size of the filter attributes in bytes: their names, their data types, the longest entity type and the
 * longest name of a boundary.
 */
const ATTRIBUTE_BYTES = 'type'.length + 'to'.length + 2 * 'String'.length + 40 + 30;

/** How a version is sent. */
export interface Sending {
  /** ISO 8601. */
  readonly publishedAt: string;
  /** The previous version, on which a delta may build. */
  readonly previous?: OwnedEntity | undefined;
  /** Why the version is sent again, always as a whole state. */
  readonly again?: SentAgain | undefined;
  /** See `OutgoingMessage.to`. */
  readonly to?: string | undefined;
  /**
   * Whether everyone who receives the message reads compressed data. If not, data is compressed only if it is too large
   * for a message otherwise. Default false.
   */
  readonly readsCompressed?: boolean | undefined;
  /**
   * How many bytes of states may still be compared for deltas; comparing lowers it. Without room, the whole state is
   * sent. Default: no limit.
   */
  readonly deltaRoom?: { bytes: number } | undefined;
}

/** Returns the message of an entity's version, or why it can't be published. */
export function outgoingMessage(
  boundary: Boundary,
  owned: OwnedEntity,
  sending: Sending,
): OutgoingMessage | Unpublishable {
  const { entity, version, digest, schemaVersion, changedAt, traceparent } = owned;
  const { publishedAt, again, to } = sending;
  const { type } = entity;
  if (!Object.hasOwn(boundary.owns, type)) {
    return { reason: 'unknown-type', message: `${boundary.name} doesn't own ${type}` };
  }
  const previous = again === undefined && ownedContract(boundary, type).deltas ? sending.previous : undefined;
  const content = readContent(owned, previous, sending);
  if ('reason' in content) return content;
  if (version < boundary.epoch * EPOCH_SIZE) {
    return { reason: 'before-epoch', message: `version ${version} is from before epoch ${boundary.epoch}` };
  }
  if (!isTimestamp(changedAt)) return { reason: 'unreadable', message: "changedAt isn't an ISO 8601 time in UTC" };
  const { data, ...kind } = content;
  const event = { again, entity, version, digest, owner: boundary.name, schemaVersion, changedAt, publishedAt };
  return sized({
    groupId: messageGroupId(entity),
    deduplicationId: deduplicationId(entity, version, again),
    type,
    to,
    body: serialiseEvent({ ...event, traceparent, ...kind }, data),
  });
}

/** What an event says about a version, and its data in the form in which the event carries it. */
type EventContent =
  | { readonly kind: 'state'; readonly data: string | Uint8Array }
  | { readonly kind: 'delta'; readonly baseDigest: string; readonly data: string | Uint8Array }
  | { readonly kind: 'tombstone'; readonly data: undefined };

function readContent(
  owned: OwnedEntity,
  base: OwnedEntity | undefined,
  sending: Sending,
): EventContent | Unpublishable {
  try {
    return contentOf(owned, base, sending);
  } catch (error) {
    if (!(error instanceof NotDecompressed)) throw error;
    return { reason: 'unreadable', message: `the state can't be decompressed: ${error.message}` };
  }
}

/**
 * Returns the content of an event. A compressed state goes into the event as it is stored, without a look at its JSON:
 * base64 can't contain anything that changes the envelope, and each cache compares the state with its digest.
 */
function contentOf(
  owned: OwnedEntity,
  base: OwnedEntity | undefined,
  { readsCompressed = false, deltaRoom }: Sending,
): EventContent | Unpublishable {
  const isStoredCompressed = owned.compressed !== undefined;
  if (isTombstone(owned) !== (!isStoredCompressed && owned.stateJson === undefined)) {
    return { reason: 'unreadable', message: 'a state has the digest of a tombstone, or a tombstone has a state' };
  }
  if (isTombstone(owned)) return { kind: 'tombstone', data: undefined };
  const delta = base && deltaJson(base, owned, deltaRoom);
  if (base !== undefined && delta !== undefined) {
    return { kind: 'delta', baseDigest: base.digest, data: carried(delta, readsCompressed) };
  }
  if (owned.compressed !== undefined && readsCompressed) return { kind: 'state', data: owned.compressed };
  const json = owned.stateJson ?? '';
  // The text goes into the envelope unparsed, so it must be the text that the owner's interface checked and digested.
  if (sha256(json) !== owned.digest) {
    return { reason: 'unreadable', message: "the state doesn't have the stored digest" };
  }
  return { kind: 'state', data: carried(json, readsCompressed, owned.compressed) };
}

/**
 * Returns JSON in the form in which an event carries it.
 *
 * @param form its compressed form, if that is known
 */
function carried(json: string, readsCompressed: boolean, form?: Uint8Array): string | Uint8Array {
  if (utf8Bytes(json) > MAX_PLAIN_STATE_BYTES) return form ?? compressed(json);
  return (readsCompressed ? (form ?? compressedIfSmaller(json)) : undefined) ?? json;
}

/** Returns the message of a fact, or why it can't be published. */
export function outgoingFact(boundary: Boundary, fact: Fact, publishedAt: string): OutgoingMessage | Unpublishable {
  const contract = Object.hasOwn(boundary.publishes, fact.type) ? boundary.publishes[fact.type] : undefined;
  if (contract === undefined || fact.owner !== boundary.name) {
    return {
      reason: 'unknown-type',
      message: `${boundary.name} doesn't publish the fact ${fact.type} of ${fact.owner}`,
    };
  }
  const data = factData(contract, fact.data);
  if (typeof data === 'string') return { reason: 'unreadable', message: data };
  if (!isTimestamp(fact.occurredAt))
    return { reason: 'unreadable', message: "occurredAt isn't an ISO 8601 time in UTC" };
  const body = serialiseFact({ ...fact, data }, publishedAt);
  return sized({ groupId: factGroupId(contract, data), deduplicationId: fact.id, type: fact.type, body });
}

/** Adds the size to a message, or refuses it as too large. */
export function sized(message: Omit<OutgoingMessage, 'bytes'>): OutgoingMessage | Unpublishable {
  const bytes = utf8Bytes(message.body) + ATTRIBUTE_BYTES;
  if (bytes <= MAX_MESSAGE_BYTES) return { ...message, bytes };
  return { reason: 'too-large', message: `the message has ${bytes} bytes. Allowed: at most ${MAX_MESSAGE_BYTES}` };
}

/**
 * Returns the changes since the previous version as JSON, if that version is a state of the same schema version and the
 * changes are shorter than the whole state; else undefined.
 */
function deltaJson(base: OwnedEntity, owned: OwnedEntity, room: Sending['deltaRoom']): string | undefined {
  const follows = base.version + 1 === owned.version && base.schemaVersion === owned.schemaVersion;
  if (!follows || (room !== undefined && room.bytes <= 0)) return undefined;
  if (base.stateJson === undefined || owned.stateJson === undefined) return undefined;
  if (room !== undefined) room.bytes -= base.stateJson.length + owned.stateJson.length;
  const delta = deltaOf(JSON.parse(base.stateJson) as State, JSON.parse(owned.stateJson) as State);
  const json = JSON.stringify(delta);
  return json.length < owned.stateJson.length ? json : undefined;
}

function isTimestamp(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString() === text;
}
