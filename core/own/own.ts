import type { EntityRef } from '../entity.ts';
import { entityName, liftedVersion, MAX_VERSION } from '../entity.ts';
import { FreshetError, quoted } from '../errors.ts';
import { TOMBSTONE_DIGEST } from '../state.ts';

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
  /** The full state as canonical JSON; undefined if the entity is deleted. */
  readonly stateJson: string | undefined;
  /** The trace in which this version was committed, as W3C `traceparent`; undefined if there was no trace. */
  readonly traceparent?: string | undefined;
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

/**
 * Explains a change that the table refused, from the current item: the entity already has this state, or the expected
 * version isn't the current one. An equal state one version higher counts as unchanged, because it is this write, whose
 * response was lost.
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
