import { compareType, describeDiffering } from './differences.ts';
import type { CacheSession, Session } from './session.ts';

/** How one cache stands against the owners of what it keeps. */
export interface CacheComparison {
  readonly cache: string;
  /** Entities that are as their owner has them, deleted ones included. */
  readonly equal: number;
  /** Entities that differ, each named with how. */
  readonly differing: readonly string[];
}

/** Compares every entity of every cache with its owner's. */
export function compareCaches(session: Session): Promise<CacheComparison[]> {
  return Promise.all(session.caches.map((cache) => compareCache(session, cache)));
}

async function compareCache(session: Session, cache: CacheSession): Promise<CacheComparison> {
  const differing: string[] = [];
  let equal = 0;
  for (const type of Object.keys(cache.boundary.caches)) {
    const result = await compareType(session, cache, type, { signal: new AbortController().signal, graceMs: 0 });
    equal += result.equal;
    differing.push(...result.differing.map(describeDiffering));
  }
  return { cache: cache.boundary.name, equal, differing };
}
