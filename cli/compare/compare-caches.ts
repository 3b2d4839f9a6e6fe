import type { Deployment, FoundCache } from '../deployment/deployment.ts';
import { compareType, describeDiffering } from './differences.ts';

/** The result of comparing one cache with the owners of its types. */
export interface CacheComparison {
  readonly cache: string;
  /** The number of entities, deleted ones included, that are equal in the cache and at the owner. */
  readonly equal: number;
  /** One line of text for each entity that differs. */
  readonly differing: readonly string[];
}

/** Compares every entity of every cache with the entity at its owner. */
export function compareCaches(deployment: Deployment): Promise<CacheComparison[]> {
  return Promise.all(deployment.caches.map((cache) => compareCache(deployment, cache)));
}

async function compareCache(deployment: Deployment, found: FoundCache): Promise<CacheComparison> {
  const cache = await found.open();
  const differing: string[] = [];
  let equal = 0;
  for (const type of Object.keys(cache.boundary.caches)) {
    const result = await compareType(deployment, cache, type, { signal: new AbortController().signal, graceMs: 0 });
    equal += result.equal;
    differing.push(...result.differing.map(describeDiffering));
  }
  return { cache: cache.name, equal, differing };
}
