import { type Boundary, ownedContract } from '../contract.ts';
import { deltaOf } from '../delta.ts';
import { deduplicationId, EPOCH_SIZE, messageGroupId, type SentAgain, sha256, utf8Bytes } from '../entity.ts';
import { serialiseEvent } from '../event.ts';
import { serialiseFact } from '../facts/event.ts';
import { type Fact, factData, factGroupId } from '../facts/fact.ts';
import { isTombstone, type OwnedEntity } from '../own/own.ts';
import type { State } from '../state.ts';

/** One record of the owner table's stream, as far as the relay cares. */
export type StreamChange = { readonly sequenceNumber: string } & (
  | {
      readonly kind: 'committed';
      readonly owned: OwnedEntity;
      /** The version before; undefined for a new entity. */
      readonly previous?: OwnedEntity | undefined;
      /** The token of the resync that this record is, rather than a new version. */
      readonly resync?: string | undefined;
    }
  /** A fact that was committed. Never conflated: it has no later version that could stand for it. */
  | { readonly kind: 'fact'; readonly fact: Fact }
  | { readonly kind: 'expired' }
  | ({ readonly kind: 'unpublishable' } & Unpublishable)
);

/** What can never become an event, and why. */
export interface Unpublishable {
  readonly reason: UnpublishableReason;
  readonly message: string;
}

/**
 * Why a record can never become an event. `removed`: an item was removed past the owner's interface, and its version counter
 * with it · `unreadable`: not an item that the owner's interface wrote · `unknown-type`: not in the contracts ·
 * `too-large`: over what one message carries · `refused`: the topic calls the message invalid · `before-epoch`: of the time before a
 * restore; its entity is published when it is lifted, so nothing is set aside.
 */
export type UnpublishableReason = 'removed' | 'unreadable' | 'unknown-type' | 'too-large' | 'refused' | 'before-epoch';

/** A message for the topic. */
export interface OutgoingMessage {
  readonly groupId: string;
  readonly deduplicationId: string;
  /** Message attribute that subscriptions filter on. */
  readonly type: string;
  readonly body: string;
  readonly bytes: number;
}

/** Bytes of all entries of a PublishBatch call, message attributes included (sns/large-message-payloads: 256 KiB by default). */
export const MAX_BATCH_BYTES = 256 * 1024;

/** What the filter attribute adds to a message: its name, data type and the longest entity type. */
const ATTRIBUTE_BYTES = 'type'.length + 'String'.length + 40;

/** How an entity's current version is sent. */
export interface Sending {
  /** ISO 8601. */
  readonly publishedAt: string;
  /** The version before, which a delta may start from. */
  readonly previous?: OwnedEntity | undefined;
  /** Why it is sent once more; always as a whole. */
  readonly again?: SentAgain | undefined;
}

/** The event of an entity's version, ready to be sent, or why there can be none. */
export function outgoingMessage(
  boundary: Boundary,
  owned: OwnedEntity,
  { publishedAt, previous, again }: Sending,
): OutgoingMessage | Unpublishable {
  const { entity, version, digest, schemaVersion, changedAt, stateJson, traceparent } = owned;
  const { type } = entity;
  if (!Object.hasOwn(boundary.owns, type)) {
    return { reason: 'unknown-type', message: `${boundary.name} doesn't own ${type}` };
  }
  if (isTombstone(owned) !== (stateJson === undefined)) {
    return { reason: 'unreadable', message: 'a state without its digest, or a tombstone with a state' };
  }
  // The text goes into the envelope as it is, so it must be the one that the owner's interface checked and digested.
  if (stateJson !== undefined && sha256(stateJson) !== digest) {
    return { reason: 'unreadable', message: "the state isn't the one that its digest was made of" };
  }
  if (version < boundary.epoch * EPOCH_SIZE) {
    return { reason: 'before-epoch', message: `version ${version} is of the time before epoch ${boundary.epoch}` };
  }
  if (!isTimestamp(changedAt)) return { reason: 'unreadable', message: 'changedAt is no ISO 8601 time' };
  const base = again === undefined && ownedContract(boundary, type).deltas ? previous : undefined;
  const delta = base && deltaJson(base, owned);
  const body = serialiseEvent(
    {
      ...{ again, entity, version, digest, owner: boundary.name, schemaVersion, changedAt, publishedAt, traceparent },
      ...(base && delta !== undefined
        ? { kind: 'delta', baseDigest: base.digest }
        : { kind: stateJson === undefined ? 'tombstone' : 'state' }),
    },
    delta ?? stateJson,
  );
  const bytes = utf8Bytes(body) + ATTRIBUTE_BYTES;
  if (bytes > MAX_BATCH_BYTES) {
    return { reason: 'too-large', message: `${bytes} bytes; a message carries ${MAX_BATCH_BYTES}` };
  }
  return {
    groupId: messageGroupId(entity),
    deduplicationId: deduplicationId(entity, version, again),
    type,
    body,
    bytes,
  };
}

/** The event of a fact, ready to be sent, or why there can be none. */
export function outgoingFact(boundary: Boundary, fact: Fact, publishedAt: string): OutgoingMessage | Unpublishable {
  const contract = Object.hasOwn(boundary.publishes, fact.type) ? boundary.publishes[fact.type] : undefined;
  if (contract === undefined || fact.owner !== boundary.name) {
    return { reason: 'unknown-type', message: `${boundary.name} doesn't publish ${fact.type} of ${fact.owner}` };
  }
  const data = factData(contract, fact.data);
  if (typeof data === 'string') return { reason: 'unreadable', message: data };
  if (!isTimestamp(fact.occurredAt)) return { reason: 'unreadable', message: 'occurredAt is no ISO 8601 time' };
  const body = serialiseFact({ ...fact, data }, publishedAt);
  const bytes = utf8Bytes(body) + ATTRIBUTE_BYTES;
  if (bytes > MAX_BATCH_BYTES) {
    return { reason: 'too-large', message: `${bytes} bytes; a message carries ${MAX_BATCH_BYTES}` };
  }
  return { groupId: factGroupId(contract, data), deduplicationId: fact.id, type: fact.type, body, bytes };
}

/** What changed from the version before, where that is a state of the same form and the change is shorter than the state; else undefined. */
function deltaJson(base: OwnedEntity, owned: OwnedEntity): string | undefined {
  const follows = base.version + 1 === owned.version && base.schemaVersion === owned.schemaVersion;
  if (!follows || base.stateJson === undefined || owned.stateJson === undefined) return undefined;
  const delta = deltaOf(JSON.parse(base.stateJson) as State, JSON.parse(owned.stateJson) as State);
  const json = JSON.stringify(delta);
  return json.length < owned.stateJson.length ? json : undefined;
}

function isTimestamp(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString() === text;
}
