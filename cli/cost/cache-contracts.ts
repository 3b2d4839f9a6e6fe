import { type Boundary, defineBoundary, keep } from 'freshet-aws/internal/core/contract';
import owner from './owner-contracts.ts';

/** The variable by which a cache's functions know which cache they are: all caches of a sample share this module, and so their bundles. */
export const CACHE_NAME = 'FRESHET_COST_CACHE';

/** A cache that keeps all that the sample's owner has. */
export function cacheBoundary(name: string): Boundary {
  return defineBoundary(import.meta.url, { name, caches: { Item: keep(owner.owns.Item) } });
}

export default cacheBoundary(process.env[CACHE_NAME] ?? 'cost-cache');
