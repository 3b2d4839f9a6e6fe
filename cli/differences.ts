import type { PageOptions } from 'freshet-aws/internal/adapters/aws/list';
import { cachedType } from 'freshet-aws/internal/core/contract';
import { type EntityRef, entityName } from 'freshet-aws/internal/core/entity';
import type { OwnedEntity } from 'freshet-aws/internal/core/own/own';
import { MAX_PAGE_SIZE, type Page } from 'freshet-aws/internal/core/read/read';
import { type CachedRecord, compare, type Difference, pairs } from 'freshet-aws/internal/core/repair/compare';
import { pause } from './in-session.ts';
import { type CacheSession, ownerOf, type Session } from './session.ts';
import { sideBySide } from './side-by-side.ts';

/** An entity in which a cache differs from the owner. */
export interface Differing {
  readonly entity: EntityRef;
  readonly difference: Difference;
  readonly ownerVersion: number | undefined;
  readonly cacheVersion: number | undefined;
  /** The cache holds the very state that the owner committed, only not the fields that it is to keep of it. */
  readonly sameDigest: boolean;
  /** The cache has stopped it: nothing is stored of it until it is released. */
  readonly stopped: boolean;
}

/** How a cache stands to the owner in one type. */
export interface TypeComparison {
  readonly equal: number;
  readonly differing: readonly Differing[];
}

/** How a comparison is made. */
export interface Comparing {
  readonly signal: AbortSignal;
  /** How long what was changed just now is given to arrive before it counts. */
  readonly graceMs: number;
  readonly onProgress?: (compared: number) => void;
}

/** Reads at once while differences are looked at again. */
const READS_AT_ONCE = 16;

/** What the owner committed less long ago than this before the comparison may be under way still; it is looked at again. */
const RECENT_MS = 60_000;

/**
 * Compares a type entity by entity, both ways, in one pass over both tables. They are read while they may change, so a difference of an
 * entity that was changed lately, or that depends on the order of reading, counts only if it is still there when looked at once more.
 */
export async function compareType(
  session: Session,
  cache: CacheSession,
  type: string,
  { signal, graceMs, onProgress }: Comparing,
): Promise<TypeComparison> {
  const kept = cachedType(cache.boundary, type);
  const { owner } = ownerOf(session, type);
  const recentSince = Date.now() - RECENT_MS;
  const owned = eachOf((page) => owner.list(type, page));
  const cached = eachOf((page) => cache.records.list(type, page));
  let equal = 0;
  let compared = 0;
  const differing: Differing[] = [];
  const inDoubt: Differing[] = [];
  for await (const pair of pairs(type, owned, cached)) {
    if (signal.aborted) break;
    const difference = await compare(pair.owned, pair.cached, kept);
    if (difference === 'equal') equal += 1;
    else {
      const one = differingOf({ type, id: pair.id }, difference, pair);
      const recent = pair.owned === undefined || Date.parse(pair.owned.changedAt) > recentSince;
      if (recent || difference === 'ahead') inDoubt.push(one);
      else differing.push(one);
    }
    compared += 1;
    onProgress?.(compared);
  }
  if (inDoubt.length > 0) await pause(graceMs, signal);
  const still = await stillDiffering(session, cache, inDoubt, signal);
  return { equal: equal + inDoubt.length - still.length, differing: [...differing, ...still] };
}

/** Those that still differ when looked at now. */
export async function stillDiffering(
  session: Session,
  cache: CacheSession,
  differing: readonly Differing[],
  signal?: AbortSignal,
): Promise<Differing[]> {
  const looked = await sideBySide(
    differing,
    READS_AT_ONCE,
    async ({ entity }) => {
      const { owner } = ownerOf(session, entity.type);
      const [owned, cached] = await Promise.all([owner.get(entity.type, entity.id), cache.records.get(entity)]);
      const difference = await compare(owned, cached, cachedType(cache.boundary, entity.type));
      return difference === 'equal' ? [] : [differingOf(entity, difference, { owned, cached })];
    },
    signal,
  );
  return looked.flat();
}

function differingOf(
  entity: EntityRef,
  difference: Difference,
  { owned, cached }: { readonly owned: OwnedEntity | undefined; readonly cached: CachedRecord | undefined },
): Differing {
  return {
    entity,
    difference,
    ownerVersion: owned?.version,
    cacheVersion: cached?.version,
    sameDigest: owned !== undefined && owned.digest === cached?.digest,
    stopped: cached?.stopMarker !== undefined,
  };
}

/** `Country/FR is behind: version 2, its owner has 3`. */
export function describeDiffering({ entity, difference, ownerVersion, cacheVersion, stopped }: Differing): string {
  const versions = {
    missing: `its owner has version ${ownerVersion}`,
    behind: `version ${cacheVersion}, its owner has ${ownerVersion}`,
    ahead: `version ${cacheVersion}, its owner has only ${ownerVersion}`,
    different: `at the same version ${ownerVersion}`,
    unowned: `version ${cacheVersion}, its owner doesn't know it`,
  }[difference];
  return `${entityName(entity)} is ${difference}: ${versions}${stopped ? '; it is stopped here' : ''}`;
}

/** Everything that a list has, page by page. */
export async function* eachOf<T>(list: (page: PageOptions) => Promise<Page<T>>): AsyncGenerator<T> {
  let cursor: string | undefined;
  do {
    const page = await list({ cursor, limit: MAX_PAGE_SIZE });
    yield* page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}
