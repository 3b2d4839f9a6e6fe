import type { EntityRef } from '../entity.ts';
import { entityName, liftedVersion, MAX_VERSION } from '../entity.ts';
import { FreshetError, quoted } from '../errors.ts';
import { TOMBSTONE_DIGEST } from '../state.ts';

/** An entity as its owner's table holds it; a deleted one stays as a tombstone, since its version counter never expires. */
export interface OwnedEntity {
  readonly entity: EntityRef;
  readonly version: number;
  readonly digest: string;
  /** The schema version that the state was committed under. */
  readonly schemaVersion: number;
  /** When this version was committed, ISO 8601. */
  readonly changedAt: string;
  /** The full state's canonical JSON; undefined when deleted. */
  readonly stateJson: string | undefined;
  /** The trace in which this version was committed, as W3C's `traceparent`; undefined outside of one. */
  readonly traceparent?: string | undefined;
}

/** What a put or a delete did. `unchanged` wrote nothing and kept the version. */
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

/** Checks an expected version: an integer from 0 (never existed). Throws `InvalidExpectedVersion`. */
export function assertExpectedVersion(expected: number | undefined): void {
  if (expected === undefined || (Number.isSafeInteger(expected) && expected >= 0)) return;
  throw new FreshetError(
    `expectedVersion: not a version: ${quoted(expected)}. Allowed: an integer from 0 (the entity must never have existed) to ${MAX_VERSION}.`,
    { code: 'InvalidExpectedVersion', field: 'expectedVersion' },
  );
}

/** The version that follows; the first of its epoch where the current one is of an earlier epoch. */
export function nextVersion(version: number, epoch: number): number {
  return liftedVersion(version, epoch) + 1;
}

/** A change that the table accepted, told from the item it replaced. */
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
 * A change that the table refused, explained by the item in the way: the state is already so, or the expected version
 * isn't the current one. An equal state one version further counts as unchanged: it is our own write whose answer was lost.
 * Throws `VersionConflict` | `VersionsExhausted`.
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
      `expectedVersion: ${entityName(entity)} is at version ${version}, given: ${expectedVersion}. Read it again and decide on what it says now.`,
      { code: 'VersionConflict', field: 'expectedVersion', entity, expectedVersion, currentVersion: version },
    );
  }
  throw new FreshetError(
    `version: ${entityName(entity)} has used up its versions at ${version}; ${MAX_VERSION} is the last.`,
    {
      code: 'VersionsExhausted',
      field: 'version',
      entity,
      currentVersion: version,
    },
  );
}
