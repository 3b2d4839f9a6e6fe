import type { Adoption } from '../contract/adopted.ts';
import { liftedVersion } from '../entity.ts';
import { type Copy, type Decision, maybeExpired, nextGeneration } from './decide.ts';

/** What an existing table holds of an entity when a survey reads it consistently. */
export interface Surveyed {
  /** The item's version. */
  readonly version: number;
  readonly digest: string;
  /** See `Copy.expiresAtSeconds`. */
  readonly expiresAtSeconds?: number | undefined;
}

/** Why the table has no item of an entity; `unknown` if that can't be told. */
export type Absence = 'deleted' | 'expired' | 'unknown';

/** What a survey does to a copy. `note-time`: only the time at which the item expires has changed. */
export type Mending = Decision | { readonly kind: 'note-time'; readonly expiresAtSeconds: number };

/**
 * Decides what a survey does to a copy that differs from the existing table. The table is right, whatever the versions
 * say: if the item's version isn't above the copy's, such as after an outage in which the item was deleted and created
 * again, or after a change of the mapping, the state becomes the copy's next version.
 */
export function mend(copy: Copy | undefined, item: Surveyed | Absence, epoch: number): Mending {
  const version = liftedVersion(copy?.version ?? 0, epoch);
  const base = liftedVersion(copy?.base ?? 0, epoch);
  if (typeof item === 'string') {
    if (copy === undefined || copy.isDeleted || copy.isExpired) return { kind: 'known' };
    if (item === 'unknown') return maybeExpired();
    return item === 'expired' ? { kind: 'note-expiry' } : { kind: 'commit', version: version + 1, base: version + 1 };
  }
  const isLive = copy !== undefined && !copy.isDeleted && !copy.isExpired;
  // A restore lifts the version alone, and both count from the same start. If the copy's version doesn't count from the
  // item's, the item's next change would be refused.
  if (isLive && copy.digest === item.digest && version - base === item.version) {
    const { expiresAtSeconds } = item;
    if (expiresAtSeconds === undefined || expiresAtSeconds === copy.expiresAtSeconds) return { kind: 'known' };
    return { kind: 'note-time', expiresAtSeconds };
  }
  const effective = base + item.version;
  if (copy === undefined || effective > version) return { kind: 'commit', version: effective, base };
  return nextGeneration(item.version, { version, epoch });
}

/**
 * Concludes why the table has no item of an entity.
 *
 * @param isReplaced whether the entity's item holds another entity now
 * @param atMs when the table was read, epoch milliseconds
 */
export function absenceOf(
  { deletedByExpiry, expiresBy }: Pick<Adoption, 'deletedByExpiry' | 'expiresBy'>,
  expiresAtSeconds: number | undefined,
  isReplaced: boolean,
  atMs: number,
): Absence {
  if (deletedByExpiry || expiresBy === false) return 'deleted';
  if (expiresBy === undefined || expiresAtSeconds === undefined) return isReplaced ? 'deleted' : 'unknown';
  return hasExpired(expiresAtSeconds, atMs) ? 'expired' : 'deleted';
}

/** DynamoDB doesn't remove items whose time is over by five years (ddb/time-to-live-ttl-before-you-start). */
const FIVE_YEARS_MS = 5 * 366 * 86_400_000;

/**
 * Whether DynamoDB removes an item at a time because its time to live is over.
 *
 * @param expiresAtSeconds see `Copy.expiresAtSeconds`
 */
export function hasExpired(expiresAtSeconds: number, atMs: number): boolean {
  const overMs = atMs - expiresAtSeconds * 1000;
  return expiresAtSeconds > 0 && overMs >= 0 && overMs < FIVE_YEARS_MS;
}
