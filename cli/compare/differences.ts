import { cachedType } from 'freshet-aws/internal/core/contract/define-boundary';
import { type EntityRef, entityName } from 'freshet-aws/internal/core/entity';
import type { OwnedEntity } from 'freshet-aws/internal/core/own/own';
import { eachOf } from 'freshet-aws/internal/core/read/pages';
import { MAX_PAGE_SIZE } from 'freshet-aws/internal/core/read/read';
import { type CachedRecord, compare, type Difference, pairs } from 'freshet-aws/internal/core/repair/compare';
import { sideBySide } from 'freshet-aws/internal/core/side-by-side';
import type { Deployment, OpenCache } from '../deployment/deployment.ts';
import { pause } from '../interrupt.ts';

/** An entity that differs between a cache and its owner. */
export interface Differing {
  readonly entity: EntityRef;
  readonly difference: Difference;
  readonly ownerVersion: number | undefined;
  readonly cacheVersion: number | undefined;
  /** The cache and the owner have the same state. If they still differ, the cache keeps the wrong fields of it. */
  readonly sameDigest: boolean;
  /** The entity is stopped in the cache: the cache stores no event of the entity until an operator releases it. */
  readonly stopped: boolean;
}

/** The result of comparing a cache with the owner of one type. */
export interface TypeComparison {
  readonly equal: number;
  readonly differing: readonly Differing[];
}

/** The settings of a comparison. */
export interface Comparing {
  readonly signal: AbortSignal;
  /** How long a recent change may take to arrive before it counts as a difference. */
  readonly graceMs: number;
  readonly onProgress?: (compared: number) => void;
}

/** Concurrent reads while differences are checked again. */
const READS_AT_ONCE = 16;

/**
 * The age up to which a commit counts as recent. Its event may still be on the way, so the entity is checked again.
 */
const RECENT_MS = 60_000;

/**
 * Compares the entities of a type in both directions, in one pass over both tables. The tables may change during the
 * pass. If an entity changed recently, or if the order of the two reads could explain its difference, the entity is
 * checked a second time, and only a difference that is found again counts.
 */
export async function compareType(
  deployment: Deployment,
  cache: OpenCache,
  type: string,
  { signal, graceMs, onProgress }: Comparing,
): Promise<TypeComparison> {
  const kept = cachedType(cache.boundary, type);
  const { owner } = await deployment.ownerOf(type);
  const recentSince = Date.now() - RECENT_MS;
  const owned = owner.listAll(type, { pageSize: MAX_PAGE_SIZE });
  const cached = eachOf((cursor) => cache.records.list(type, { cursor, limit: MAX_PAGE_SIZE }));
  let equal = 0;
  let compared = 0;
  const differing: Differing[] = [];
  const inDoubt: Differing[] = [];
  for await (const pair of pairs(type, owned, cached)) {
    if (signal.aborted) break;
    const difference = compare(pair.owned, pair.cached, kept);
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
  const still = await stillDiffering(deployment, cache, inDoubt, signal);
  return { equal: equal + inDoubt.length - still.length, differing: [...differing, ...still] };
}

/** Reads the entities again, and returns those that still differ. */
export async function stillDiffering(
  deployment: Deployment,
  cache: OpenCache,
  differing: readonly Differing[],
  signal?: AbortSignal,
): Promise<Differing[]> {
  const looked = await sideBySide(
    differing,
    READS_AT_ONCE,
    async ({ entity }) => {
      const { owner } = await deployment.ownerOf(entity.type);
      const [owned, cached] = await Promise.all([owner.get(entity.type, entity.id), cache.records.get(entity)]);
      const difference = compare(owned, cached, cachedType(cache.boundary, entity.type));
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

/** A difference as text: `Country/FR is behind: the cache has version 2, its owner has version 3`. */
export function describeDiffering({ entity, difference, ownerVersion, cacheVersion, stopped }: Differing): string {
  const versions = {
    missing: `its owner has version ${ownerVersion}`,
    behind: `the cache has version ${cacheVersion}, its owner has version ${ownerVersion}`,
    ahead: `the cache has version ${cacheVersion}, its owner has only version ${ownerVersion}`,
    different: `the cache and its owner both have version ${ownerVersion}, but with different content`,
    unowned: `the cache has version ${cacheVersion}, its owner doesn't have the entity`,
  }[difference];
  return `${entityName(entity)} is ${difference}: ${versions}${stopped ? '; the entity is stopped in the cache' : ''}`;
}
