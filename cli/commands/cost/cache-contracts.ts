import type { Boundary } from 'freshet-aws/internal/core/contract/contract';
import { defineBoundary, keep } from 'freshet-aws/internal/core/contract/define-boundary';
import owner from './owner-contracts.ts';

/** The name of the n-th cache, from 1. */
export function cacheName(n: number): string {
  return `cost-cache-${n}`;
}

/** A cache that keeps all entities of the sample's owner. */
export function cacheBoundary(name: string): Boundary {
  return defineBoundary(import.meta.url, { name, caches: { Item: keep(owner.owns.Item) } });
}

// All caches of a sample share this module and the bundles. The constructs name a function's definition in DEFINITION.
export default cacheBoundary(process.env.DEFINITION ?? 'cost-cache');
