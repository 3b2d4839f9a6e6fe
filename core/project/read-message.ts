import type { Boundary, CachedType } from '../contract/contract.ts';
import { stateProblem } from '../contract/own-fields.ts';
import { upcast } from '../contract/upcast.ts';
import type { Delta } from '../delta.ts';
import { isHeartbeat, messageGroupId, sha256 } from '../entity.ts';
import { FreshetError, shortened } from '../errors.ts';
import { type EventAttributes, parseEvent, type ReadEvent, type VersionedEvent } from '../event.ts';
import type { PoisonReason } from '../outcome.ts';
import { canonicalJson, type State } from '../state.ts';
import { indexedValues, keptFields } from './fields.ts';
import type { CachedItem, ProjectSettings, ReceivedMessage } from './ports.ts';

/** An event without its data. A batch may have ten large states: their data is in memory only while it is read. */
export type EventHead = EventAttributes & Pick<ReadEvent, 'kind' | 'sentAgain'>;

/** A message with an event that can be applied. */
export interface Applicable {
  readonly message: ReceivedMessage;
  readonly event: EventHead;
  readonly cached: CachedType;
  readonly content: Content;
}

/** The part of an event that the cache keeps. */
export type Content =
  | { readonly kind: 'state'; readonly kept: Kept }
  | { readonly kind: 'tombstone' }
  /** The change of the fields that the cache keeps, and the digest that its base must have. */
  | { readonly kind: 'delta'; readonly delta: Delta; readonly baseDigest: string };

/** A state as it is stored. */
export type Kept = { readonly dataJson: string } & Pick<CachedItem, 'indexed' | 'compressed'>;

/** A message that can never be applied, and why. */
export interface Poison {
  readonly message: ReceivedMessage;
  readonly event: EventHead | undefined;
  readonly reason: PoisonReason;
  readonly explanation: string;
}

export type Reading = Applicable | Poison;

export function isPoison(reading: Reading): reading is Poison {
  return 'reason' in reading;
}

/**
 * Reads a message and checks it against the contracts. The result can be applied, or says why it never can.
 *
 * @param opened called with the bytes of JSON that are parsed, in the same turn in which reading begins
 */
export async function readMessage(
  boundary: Boundary,
  message: ReceivedMessage,
  nowMs: number,
  { maxEventAgeSeconds }: Pick<ProjectSettings, 'maxEventAgeSeconds'>,
  opened: (bytes: number) => void = () => {},
): Promise<Reading> {
  const event = parseEvent(message.body);
  if ('reason' in event) return { message, event: undefined, reason: event.reason, explanation: event.message };
  opened(event.carried?.json.length ?? message.body.length);
  const head = headOf(event);
  const poison = (reason: PoisonReason, explanation: string): Poison => ({ message, event: head, reason, explanation });
  const { type } = event.entity;
  const cached = Object.hasOwn(boundary.caches, type) ? boundary.caches[type] : undefined;
  if (cached === undefined) return poison('unknown-type', `cache ${boundary.name} doesn't keep this type`);
  const { contract } = cached;
  if (event.owner !== contract.owner) {
    return poison('wrong-owner', `published by ${event.owner}; ${type} is owned by ${contract.owner}`);
  }
  if (message.groupId !== messageGroupId(event.entity)) {
    return poison(
      'wrong-group',
      `in message group ${message.groupId}; its own group is ${messageGroupId(event.entity)}`,
    );
  }
  // A heartbeat has no schema, and it shows the cache's state during an upgrade too.
  const isSchemaFree = event.kind === 'state' && isHeartbeat(event.entity);
  if (event.schemaVersion > contract.schemaVersion && !isSchemaFree) {
    return poison(
      'newer-schema',
      `schema version ${event.schemaVersion}; this cache knows up to ${contract.schemaVersion}`,
    );
  }
  if (nowMs - Date.parse(event.publishedAt) > maxEventAgeSeconds * 1000) {
    return poison('too-old', `published ${event.publishedAt}; deletions of that time may be forgotten`);
  }
  if (event.kind === 'tombstone') return { message, event: head, cached, content: { kind: 'tombstone' } };
  try {
    if (event.kind === 'delta') return { message, event: head, cached, content: keptDelta(event, cached) };
    const committed = canonicalJson(event.entity, event.data);
    if (sha256(committed) !== event.digest) return poison('invalid', "digest: isn't that of data");
    const isKeptAsCommitted = cached.fields === undefined && event.schemaVersion === contract.schemaVersion;
    const kept = isHeartbeat(event.entity)
      ? { dataJson: committed, indexed: {} }
      : await keptState(
          event,
          cached,
          upcast(contract, event.schemaVersion, event.data as State),
          isKeptAsCommitted ? committed : undefined,
        );
    if ('problem' in kept) return poison('invalid', kept.problem);
    // Whoever keeps all that the owner committed stores it in the form in which it came.
    const { carried } = event;
    const asItCame = carried?.json === kept.dataJson ? { compressed: carried.compressed } : {};
    return { message, event: head, cached, content: { kind: 'state', kept: { ...kept, ...asItCame } } };
  } catch (error) {
    // The data isn't JSON, or no table could return it unchanged, or an upcast failed on a state that it didn't expect.
    const explanation =
      error instanceof FreshetError ? error.message : `the upcast failed: ${shortened(String(error), 200)}`;
    return poison('invalid', explanation);
  }
}

function headOf(event: ReadEvent): EventHead {
  const { entity, version, digest, owner, schemaVersion, changedAt, publishedAt, traceparent, kind, sentAgain } = event;
  return { entity, version, digest, owner, schemaVersion, changedAt, publishedAt, traceparent, kind, sentAgain };
}

/**
 * Validates a state and keeps the fields that the cache keeps, as the owner committed them. The schema only checks the
 * state: its output isn't stored. Throws `InvalidState` when the state isn't JSON.
 *
 * @param keptJson the canonical JSON of these fields, if it is known
 */
export async function keptState(
  { entity }: Pick<VersionedEvent, 'entity'>,
  cached: CachedType,
  state: State,
  keptJson?: string,
): Promise<Kept | { readonly problem: string }> {
  // Before the schema runs, in case it changes the state that it checks.
  const kept = keptOf(entity, cached, state, keptJson);
  const invalid = await stateProblem(cached.contract, state);
  return invalid === undefined ? kept : { problem: dataProblem(invalid) };
}

/** A problem of the data, with the field that it is about. */
export function dataProblem({ field, problem }: { readonly field: string; readonly problem: string }): string {
  return `data${field && `.${field}`}: ${problem}`;
}

/** A state, or the fields of it that a cache keeps, in stored form. */
export function keptOf(entity: VersionedEvent['entity'], cached: CachedType, state: State, keptJson?: string): Kept {
  const dataJson = keptJson ?? canonicalJson(entity, keptFields(state, cached));
  return { dataJson, indexed: indexedValues(entity.type, state, cached) };
}

function keptDelta({ entity, data, baseDigest }: VersionedEvent & { kind: 'delta' }, cached: CachedType): Content {
  canonicalJson(entity, data.changed);
  const { fields } = cached;
  if (fields === undefined) return { kind: 'delta', delta: data, baseDigest };
  const delta = {
    changed: keptFields(data.changed, cached),
    removed: data.removed.filter((field) => fields.includes(field)),
  };
  return { kind: 'delta', delta, baseDigest };
}
