import type { Boundary } from 'freshet-aws/internal/core/contract/contract';
import { defineBoundary, keep } from 'freshet-aws/internal/core/contract/define-boundary';
import owner from './owner-contracts.ts';

/**
 * The environment variable with the name of a function's cache. It is needed because all caches of a sample share this
 * module and the bundles.
 */
export const CACHE_NAME = 'FRESHET_COST_CACHE';

/** The name of the n-th cache, from 1. */
export function cacheName(n: number): string {
  return `cost-cache-${n}`;
}

/** A cache that keeps all entities of the sample's owner. */
export function cacheBoundary(name: string): Boundary {
  return defineBoundary(import.meta.url, { name, caches: { Item: keep(owner.owns.Item) } });
}

export default cacheBoundary(process.env[CACHE_NAME] ?? 'cost-cache');
