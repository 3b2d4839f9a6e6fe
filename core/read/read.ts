import { assertEntityId, type EntityRef, entityName, isVersion, MAX_VERSION, PARTITIONS_PER_TYPE } from '../entity.ts';
import { FreshetError, quoted } from '../errors.ts';
import type { State } from '../state.ts';

/**
 * One entity in a cache's table.
 *
 * - `found`: the cache has the entity's state
 * - `deleted`: the owner deleted the entity
 * - `unknown`: the cache has never stored the entity
 *
 * `Value` is the type of the state, or of the part of it that the cache keeps.
 */
export type StoredEntity<Value = State> =
  | {
      readonly status: 'found';
      /** Id of the entity. */
      readonly id: string;
      /** Integer from 1, assigned by the owner. */
      readonly version: number;
      /** When the owner committed this version, ISO 8601. */
      readonly changedAt: string;
      /** The state of the entity, or the part of it that the cache keeps. */
      readonly value: Value;
    }
  | {
      readonly status: 'deleted';
      /** Id of the entity. */
      readonly id: string;
      /** Version of the deletion, an integer from 1. */
      readonly version: number;
      /** When the owner committed the deletion, ISO 8601. */
      readonly changedAt: string;
    }
  | {
      readonly status: 'unknown';
      /** Id of the entity. */
      readonly id: string;
    };

/** How stale an answer may be. */
export interface Staleness {
  /**
   * Milliseconds since the cache was last known to be complete with this type. The answer includes every change that
   * the owner committed earlier, except for changes that the cache can't know of, mainly those that the relay of a
   * single shard holds back (docs/decisions/23-staleness.md, "What it doesn't see"). `Infinity` while the staleness
   * isn't known: before the first heartbeat, and for about 15 minutes after an existing cache began to keep the type,
   * because SNS takes that long to change a filter. JSON writes `Infinity` as null.
   */
  readonly stalenessMs: number;
}

/** One entity in a cache, and how stale this answer may be. */
export type CachedEntity<Value = State> = StoredEntity<Value> & Staleness;

/** A limit on the staleness of an answer. */
export interface FreshnessOptions {
  /**
   * Maximum staleness of the type in milliseconds, from 0. A read beyond it is refused with `TooStale`. Default: no
   * limit.
   */
  readonly maxStalenessMs?: number | undefined;
}

/** Limits on the answer about one entity. */
export interface GetOptions extends FreshnessOptions {
  /**
   * Lowest acceptable version, an integer from 1, such as the version in the owner's result of a put. A deletion counts
   * as a version. A read below it is refused with `VersionNotReached`. Default: no limit.
   */
  readonly atLeastVersion?: number | undefined;
}

/** Checks the limits of a read. Throws `InvalidMaxStaleness` | `InvalidVersion`. */
export function checkFreshness({ maxStalenessMs, atLeastVersion }: GetOptions): void {
  if (maxStalenessMs !== undefined && !(typeof maxStalenessMs === 'number' && maxStalenessMs >= 0)) {
    throw new FreshetError(
      `maxStalenessMs: not a number of milliseconds: ${quoted(maxStalenessMs)}. Allowed: a number from 0.`,
      { code: 'InvalidMaxStaleness', field: 'maxStalenessMs' },
    );
  }
  if (atLeastVersion !== undefined && !isVersion(atLeastVersion)) {
    throw new FreshetError(
      `atLeastVersion: not a version: ${quoted(atLeastVersion)}. Allowed: an integer from 1 to ${MAX_VERSION}.`,
      { code: 'InvalidVersion', field: 'atLeastVersion' },
    );
  }
}

/** Refuses an answer whose staleness exceeds the limit of its reader. Throws `TooStale`. */
export function assertFresh(type: string, stalenessMs: number, { maxStalenessMs }: FreshnessOptions): void {
  if (maxStalenessMs === undefined || stalenessMs <= maxStalenessMs) return;
  const given = Number.isFinite(stalenessMs)
    ? `may be ${Math.ceil(stalenessMs)} ms stale`
    : 'has an unknown staleness (no heartbeat of its owner has been found yet, or the cache has kept the type for ' +
      'less than 15 minutes)';
  throw new FreshetError(
    `maxStalenessMs: ${type} in the cache ${given}. Allowed: at most ${maxStalenessMs} ms. ` +
      'Read again later, or without maxStalenessMs to accept any staleness.',
    { code: 'TooStale', field: 'maxStalenessMs', stalenessMs, maxStalenessMs },
  );
}

/** Returns the version that a cache has of an entity; 0 if it has none. */
export function versionOf(entity: StoredEntity): number {
  return entity.status === 'unknown' ? 0 : entity.version;
}

/** Refuses an answer whose version is below the limit of its reader. Throws `VersionNotReached`. */
export function assertReached(entity: EntityRef, version: number, { atLeastVersion }: GetOptions): void {
  if (atLeastVersion === undefined || version >= atLeastVersion) return;
  const has = version === 0 ? 'no version' : `version ${version}`;
  throw new FreshetError(
    `atLeastVersion: the cache has ${has} of ${entityName(entity)}. Required: at least ${atLeastVersion}. ` +
      'Read again later, when the change has reached the cache, or without atLeastVersion to accept any version.',
    {
      code: 'VersionNotReached',
      field: 'atLeastVersion',
      entity,
      expectedVersion: atLeastVersion,
      currentVersion: version,
    },
  );
}

/** One page of a list. */
export interface Page<T> {
  /** The items of the page; the last page may be empty. */
  readonly items: readonly T[];
  /** Pass it to the next call to read the next page; undefined on the last page. */
  readonly cursor: string | undefined;
}

/** Number of items in a page by default, and at most. */
export const DEFAULT_PAGE_SIZE = 100;
export const MAX_PAGE_SIZE = 1000;

/**
 * Returns the page size to use: the given one, an integer from 1 to MAX_PAGE_SIZE, or the default. Throws
 * `InvalidLimit`.
 */
export function checkedLimit(limit: number | undefined): number {
  const size = limit ?? DEFAULT_PAGE_SIZE;
  if (Number.isInteger(size) && size >= 1 && size <= MAX_PAGE_SIZE) return size;
  throw new FreshetError(`limit: not a page size: ${quoted(limit)}. Allowed: an integer from 1 to ${MAX_PAGE_SIZE}.`, {
    code: 'InvalidLimit',
    field: 'limit',
  });
}

/** Where the next page of a list begins. */
export interface ListPosition {
  /** Partition of the type, 0 to PARTITIONS_PER_TYPE - 1. */
  readonly partition: number;
  /** The last id that was read in the partition; undefined at its beginning. */
  readonly afterId: string | undefined;
}

/** Returns the cursor for a position. */
export function encodeCursor({ partition, afterId }: ListPosition): string {
  return Buffer.from(JSON.stringify(afterId === undefined ? [partition] : [partition, afterId])).toString('base64url');
}

/** Returns the position of a cursor from `encodeCursor`; undefined is the beginning. Throws `InvalidCursor`. */
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
    // Not JSON, or an invalid id: refused below.
  }
  throw new FreshetError(
    `cursor: not a valid cursor: ${quoted(cursor)}. ` +
      'Allowed: the cursor of a page of the same list. Leave it out to start from the first page.',
    { code: 'InvalidCursor', field: 'cursor' },
  );
}
