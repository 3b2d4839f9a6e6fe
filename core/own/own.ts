import type { EntityContract } from '../contract/contract.ts';
import { upcast } from '../contract/upcast.ts';
import type { EntityRef } from '../entity.ts';
import { entityName, liftedVersion, MAX_VERSION } from '../entity.ts';
import { FreshetError, quoted } from '../errors.ts';
import { type State, TOMBSTONE_DIGEST } from '../state.ts';

/** An entity in its owner's table. A deleted entity stays as a tombstone, because its version counter never expires. */
export interface OwnedEntity {
  /** Type and id of the entity. */
  readonly entity: EntityRef;
  /** Integer from 1 that grows by one with each committed change. */
  readonly version: number;
  /** SHA-256 of the state's canonical JSON as base64url, 43 characters; all tombstones have the same digest. */
  readonly digest: string;
  /** The schema version with which the state was committed, an integer from 1. */
  readonly schemaVersion: number;
  /** When this version was committed, ISO 8601. */
  readonly changedAt: string;
  /**
   * The full state as canonical JSON; undefined if the entity is deleted. A state that is stored compressed is
   * decompressed when you first read it.
   */
  readonly stateJson: string | undefined;
  /** The compressed form of the state, if it is stored so. */
  readonly compressed?: Uint8Array | undefined;
  /** The trace in which this version was committed, as W3C `traceparent`; undefined if there was no trace. */
  readonly traceparent?: string | undefined;
}

/** An owned entity with its state. `S` is the type of the state. */
export interface EntityWithState<S extends State = State> extends OwnedEntity {
  /**
   * The full state in the contract's current schema version, after the upcasts; undefined if the entity is deleted. It
   * is computed when you read it, and reading it throws what an upcast throws.
   */
  readonly state: S | undefined;
}

/**
 * The result of a put or a delete.
 *
 * - `created`, `changed`, `deleted`: committed as `version` at `changedAt` (ISO 8601)
 * - `unchanged`: the entity already has this state; nothing was written, and `version` and `changedAt` are the stored
 *   ones
 * - `unknown`: the entity to delete never existed; nothing was written
 */
export type CommitResult =
  | {
      readonly outcome: 'created' | 'changed' | 'deleted';
      readonly entity: EntityRef;
      readonly version: number;
      readonly changedAt: string;
    }
  | { readonly outcome: 'unchanged'; readonly entity: EntityRef; readonly version: number; readonly changedAt: string }
  | { readonly outcome: 'unknown'; readonly entity: EntityRef; readonly version: 0 };

/**
 * Adds the state to an owned entity. The state is computed when it is read, so that a backfill or a resync, which sends
 * states as they are stored, succeeds even if an upcast throws.
 */
export function withState(contract: EntityContract, owned: OwnedEntity): EntityWithState {
  const { entity, version, digest, schemaVersion, changedAt, traceparent } = owned;
  return {
    ...{ entity, version, digest, schemaVersion, changedAt, traceparent },
    get stateJson() {
      return owned.stateJson;
    },
    get state() {
      const { stateJson } = owned;
      return stateJson === undefined ? undefined : upcast(contract, schemaVersion, JSON.parse(stateJson) as State);
    },
  };
}

/** Whether a stored entity is deleted. */
export function isTombstone(owned: { readonly digest: string }): boolean {
  return owned.digest === TOMBSTONE_DIGEST;
}

/**
 * Checks an expected version: an integer from 0, where 0 means that the entity never existed. Throws
 * `InvalidExpectedVersion`.
 */
export function assertExpectedVersion(expected: number | undefined): void {
  if (expected === undefined || (Number.isSafeInteger(expected) && expected >= 0)) return;
  throw new FreshetError(
    `expectedVersion: not a version: ${quoted(expected)}. ` +
      `Allowed: an integer from 0 (the entity must never have existed) to ${MAX_VERSION}.`,
    { code: 'InvalidExpectedVersion', field: 'expectedVersion' },
  );
}

/** Returns the next version. If the current version is of an earlier epoch, the next one is in the given epoch. */
export function nextVersion(version: number, epoch: number): number {
  return liftedVersion(version, epoch) + 1;
}

/** Returns the result of a change that the table accepted, from the item that the change replaced. */
export function committed(
  entity: EntityRef,
  previous: OwnedEntity | undefined,
  digest: string,
  changedAt: string,
  epoch = 0,
): CommitResult {
  const version = nextVersion(previous?.version ?? 0, epoch);
  if (isTombstone({ digest })) return { outcome: 'deleted', entity, version, changedAt };
  const outcome = previous === undefined || isTombstone(previous) ? 'created' : 'changed';
  return { outcome, entity, version, changedAt };
}

/** A change that the table refused, of which an earlier attempt may have been committed. */
export interface RetriedChange {
  readonly digest: string;
  readonly changedAt: string;
  readonly expectedVersion: number | undefined;
  /** The version of the entity's last deletion; undefined if it was never deleted. */
  readonly deletedVersion: number | undefined;
}

/**
 * Returns the result of a change that an earlier attempt committed and whose answer was lost; undefined if the current
 * item has another change. The item is the attempt's if it has its state and its time in milliseconds.
 */
export function committedBefore(
  entity: EntityRef,
  current: OwnedEntity | undefined,
  { digest, changedAt, expectedVersion, deletedVersion }: RetriedChange,
  epoch = 0,
): CommitResult | undefined {
  if (current === undefined || current.digest !== digest || current.changedAt !== changedAt) return undefined;
  const { version } = current;
  if (expectedVersion !== undefined && version !== nextVersion(expectedVersion, epoch)) return undefined;
  if (isTombstone({ digest })) return { outcome: 'deleted', entity, version, changedAt };
  const isNew = version === nextVersion(0, epoch);
  const wasDeleted = deletedVersion !== undefined && version === nextVersion(deletedVersion, epoch);
  return { outcome: isNew || wasDeleted ? 'created' : 'changed', entity, version, changedAt };
}

/**
 * Explains a change that the table refused, from the current item: the entity already has this state, or the expected
 * version isn't the current one. An equal state one version higher counts as unchanged, because it may be this change:
 * a caller whose earlier request failed can't know whether it was committed.
 *
 * @throws FreshetError `VersionConflict` if the expected version isn't the current one · `VersionsExhausted` if there
 *   is no higher version
 */
export function notCommitted(
  entity: EntityRef,
  current: OwnedEntity | undefined,
  digest: string,
  expectedVersion: number | undefined,
  epoch = 0,
): CommitResult {
  const version = current?.version ?? 0;
  const same = current?.digest === digest || (current === undefined && isTombstone({ digest }));
  const expected = expectedVersion ?? version;
  if (same && (version === expected || version === nextVersion(expected, epoch))) {
    return current === undefined
      ? { outcome: 'unknown', entity, version: 0 }
      : { outcome: 'unchanged', entity, version, changedAt: current.changedAt };
  }
  if (expectedVersion !== undefined && version !== expectedVersion) {
    throw new FreshetError(
      `expectedVersion: ${entityName(entity)} is at version ${version}, given: ${expectedVersion}. ` +
        'Read the entity again and repeat the change based on its current version.',
      { code: 'VersionConflict', field: 'expectedVersion', entity, expectedVersion, currentVersion: version },
    );
  }
  throw new FreshetError(
    `version: ${entityName(entity)} has no version left after ${version}. Allowed: at most ${MAX_VERSION}.`,
    { code: 'VersionsExhausted', field: 'version', entity, currentVersion: version },
  );
}
