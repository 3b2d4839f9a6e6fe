import type { Deployment, FoundCache } from '../deployment/deployment.ts';
import { compareType, describeDiffering } from './differences.ts';

/** How one cache compares with the owners of its types. */
export interface CacheComparison {
  readonly cache: string;
  /** Entities that are equal to their owner's, deleted ones included. */
  readonly equal: number;
  /** Entities that differ, each with its difference. */
  readonly differing: readonly string[];
}

/** Compares every entity of every cache with its owner's. */
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
