import { cachedType } from 'freshet-aws/internal/core/contract/define-boundary';
import { type EntityRef, entityName } from 'freshet-aws/internal/core/entity';
import type { OwnedEntity } from 'freshet-aws/internal/core/own/own';
import { eachOf } from 'freshet-aws/internal/core/read/pages';
import { MAX_PAGE_SIZE } from 'freshet-aws/internal/core/read/read';
import { type CachedRecord, compare, type Difference, pairs } from 'freshet-aws/internal/core/repair/compare';
import type { Deployment, OpenCache } from '../deployment/deployment.ts';
import { pause } from '../interrupt.ts';
import { sideBySide } from './side-by-side.ts';

/** An entity that differs between a cache and its owner. */
export interface Differing {
  readonly entity: EntityRef;
  readonly difference: Difference;
  readonly ownerVersion: number | undefined;
  readonly cacheVersion: number | undefined;
  /** The cache holds the state that the owner committed, but other fields of it than it should keep. */
  readonly sameDigest: boolean;
  /** The entity is stopped in the cache: the cache stores nothing of it until an operator releases it. */
  readonly stopped: boolean;
}

/** How a cache compares with the owner of one type. */
export interface TypeComparison {
  readonly equal: number;
  readonly differing: readonly Differing[];
}

/** How a comparison is made. */
export interface Comparing {
  readonly signal: AbortSignal;
  /** How long a recent change may take to arrive before it counts as a difference. */
  readonly graceMs: number;
  readonly onProgress?: (compared: number) => void;
}

/** Reads at once while differences are looked at again. */
const READS_AT_ONCE = 16;

/**
 * The age up to which a commit counts as recent. Its event may still be on the way, so the entity is looked at again.
 */
const RECENT_MS = 60_000;

/**
 * Compares the entities of a type in both directions, in one pass over both tables. The tables may change in the
 * meantime. So a difference of an entity that changed recently, or that depends on the order of reading, counts only if
 * a second look finds it as well.
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

/** The entities that still differ at a second look. */
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

/** A difference as text: `Country/FR is behind: version 2, its owner has 3`. */
export function describeDiffering({ entity, difference, ownerVersion, cacheVersion, stopped }: Differing): string {
  const versions = {
    missing: `its owner has version ${ownerVersion}`,
    behind: `version ${cacheVersion}, its owner has ${ownerVersion}`,
    ahead: `version ${cacheVersion}, its owner has only ${ownerVersion}`,
    different: `at the same version ${ownerVersion}`,
    unowned: `version ${cacheVersion}, its owner doesn't have it`,
  }[difference];
  return `${entityName(entity)} is ${difference}: ${versions}${stopped ? '; it is stopped in the cache' : ''}`;
}
