import { type EntityRef, MAX_VERSION } from '../entity.ts';
import { type CommitResult, isTombstone, nextVersion, notCommitted, type OwnedEntity } from './own.ts';

/** The version that a change gets, or the result of a change that isn't committed. */
export type CommitDecision = { readonly version: number } | { readonly result: CommitResult };

/**
 * Decides on a change of an entity whose current version can't change until the change is written, because the writer
 * holds its lock. It follows the same rules as the conditional write of an owner's DynamoDB table.
 *
 * @param current undefined if the entity never existed
 * @throws FreshetError `VersionConflict` | `VersionsExhausted`
 */
export function decideCommit(
  entity: EntityRef,
  current: OwnedEntity | undefined,
  change: { readonly digest: string; readonly expectedVersion: number | undefined },
  epoch: number,
): CommitDecision {
  const { digest, expectedVersion } = change;
  const version = current?.version ?? 0;
  const isExpected = expectedVersion === undefined || expectedVersion === version;
  const isDifferent = current === undefined ? !isTombstone({ digest }) : current.digest !== digest;
  if (isExpected && isDifferent && version < MAX_VERSION) return { version: nextVersion(version, epoch) };
  return { result: notCommitted(entity, current, digest, expectedVersion, epoch) };
}
