import { assertEntityId, type EntityRef, entityName, isVersion, PARTITIONS_PER_TYPE } from '../entity.ts';
import { FreshetError, quoted } from '../errors.ts';
import type { State } from '../state.ts';

/** What a cache's table holds of one entity. */
export type StoredEntity =
  | {
      readonly status: 'found';
      readonly id: string;
      readonly version: number;
      /** When the owner committed this version, ISO 8601. */
      readonly changedAt: string;
      readonly value: State;
    }
  | { readonly status: 'deleted'; readonly id: string; readonly version: number; readonly changedAt: string }
  | { readonly status: 'unknown'; readonly id: string };

/** How stale an answer may be, as far as can be seen. */
export interface Staleness {
  /**
   * Since the cache was last known to be complete with this type, milliseconds: what the owner committed longer ago is in the answer, but for
   * what can't be seen, above all what one shard's relay holds back alone (docs/decisions/23-staleness.md, "What it doesn't see").
   * `Infinity` while nothing is known, as before the first heartbeat; JSON has no infinity and writes null.
   */
  readonly stalenessMs: number;
}

/** What a cache knows of one entity, and how stale that may be. */
export type CachedEntity = StoredEntity & Staleness;

/** How stale an answer may be for its reader. */
export interface FreshnessOptions {
  /** The most that the type's staleness may be, milliseconds, from 0; beyond it the read is refused with `TooStale`. Default: any. */
  readonly maxStalenessMs?: number | undefined;
}

/** What one entity's answer must be like. */
export interface GetOptions extends FreshnessOptions {
  /**
   * The version, deletions too, that the entity must have reached, such as the one that its owner answered a put with; below it the read is
   * refused with `VersionNotReached`. Default: any, or none.
   */
  readonly atLeastVersion?: number | undefined;
}

/** Checks what a caller asks for. Throws `InvalidMaxStaleness` | `InvalidVersion`. */
export function checkFreshness({ maxStalenessMs, atLeastVersion }: GetOptions): void {
  if (maxStalenessMs !== undefined && !(typeof maxStalenessMs === 'number' && maxStalenessMs >= 0)) {
    throw new FreshetError(`maxStalenessMs: given: ${quoted(maxStalenessMs)}. Allowed: milliseconds, from 0.`, {
      code: 'InvalidMaxStaleness',
      field: 'maxStalenessMs',
    });
  }
  if (atLeastVersion !== undefined && !isVersion(atLeastVersion)) {
    throw new FreshetError(`atLeastVersion: given: ${quoted(atLeastVersion)}. Allowed: an integer from 1.`, {
      code: 'InvalidVersion',
      field: 'atLeastVersion',
    });
  }
}

/** Refuses an answer that is staler than its reader takes. Throws `TooStale`. */
export function assertFresh(type: string, stalenessMs: number, { maxStalenessMs }: FreshnessOptions): void {
  if (maxStalenessMs === undefined || stalenessMs <= maxStalenessMs) return;
  const may = Number.isFinite(stalenessMs) ? `may lag by ${Math.ceil(stalenessMs)} ms` : 'may lag by any time';
  const why = Number.isFinite(stalenessMs) ? '' : ': its owner has not been heard of yet';
  throw new FreshetError(
    `maxStalenessMs: the cache ${may} with ${type}${why}. Asked for: at most ${maxStalenessMs} ms. Read without maxStalenessMs to get what ` +
      'there is, or again later.',
    { code: 'TooStale', field: 'maxStalenessMs', stalenessMs, maxStalenessMs },
  );
}

/** The version that a cache has of an entity; 0 for none. */
export function versionOf(entity: StoredEntity): number {
  return entity.status === 'unknown' ? 0 : entity.version;
}

/** Refuses an answer of an older version than its reader takes. Throws `VersionNotReached`. */
export function assertReached(entity: EntityRef, version: number, { atLeastVersion }: GetOptions): void {
  if (atLeastVersion === undefined || version >= atLeastVersion) return;
  const has = version === 0 ? 'no version' : `version ${version}`;
  throw new FreshetError(
    `atLeastVersion: the cache has ${has} of ${entityName(entity)}. Asked for: at least ${atLeastVersion}. It comes once the change has passed ` +
      'through: try again, or read without atLeastVersion to get what there is.',
    {
      ...{ code: 'VersionNotReached', field: 'atLeastVersion', entity },
      ...{ expectedVersion: atLeastVersion, currentVersion: version },
    },
  );
}

/** One page of a list. `cursor` is undefined on the last page. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly cursor: string | undefined;
}

/** Items a page holds when nothing is asked for, and at most. */
export const DEFAULT_PAGE_SIZE = 100;
export const MAX_PAGE_SIZE = 1000;

/** Checks a page size: an integer from 1 to MAX_PAGE_SIZE. Throws `InvalidLimit`. */
export function checkedLimit(limit: number | undefined): number {
  const size = limit ?? DEFAULT_PAGE_SIZE;
  if (Number.isInteger(size) && size >= 1 && size <= MAX_PAGE_SIZE) return size;
  throw new FreshetError(`limit: not a page size: ${quoted(limit)}. Allowed: an integer from 1 to ${MAX_PAGE_SIZE}.`, {
    code: 'InvalidLimit',
    field: 'limit',
  });
}

/** Where a list goes on: the partition of the type, and the last id read in it. */
export interface ListPosition {
  readonly partition: number;
  readonly afterId: string | undefined;
}

export function encodeCursor({ partition, afterId }: ListPosition): string {
  return Buffer.from(JSON.stringify(afterId === undefined ? [partition] : [partition, afterId])).toString('base64url');
}

/** Reads a cursor that `encodeCursor` made; undefined is the beginning. Throws `InvalidCursor`. */
export function decodeCursor(cursor: string | undefined): ListPosition {
  if (cursor === undefined) return { partition: 0, afterId: undefined };
  try {
    const [partition, afterId, ...rest] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (afterId !== undefined) assertEntityId(afterId);
    const known =
      typeof partition === 'number' &&
      Number.isInteger(partition) &&
      partition >= 0 &&
      partition < PARTITIONS_PER_TYPE &&
      rest.length === 0;
    if (known) return { partition, afterId };
  } catch {
    // Not JSON, or not an id: refused below like any other text that isn't a cursor.
  }
  throw new FreshetError(`cursor: not one that a page returned: ${quoted(cursor)}. Leave it out to begin anew.`, {
    code: 'InvalidCursor',
    field: 'cursor',
  });
}
