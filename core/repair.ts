import type { CachedType } from './contract.ts';
import { isTombstone, type OwnedEntity } from './own.ts';
import { keptFields } from './project.ts';
import type { CachedEntity } from './read.ts';
import { canonicalState, type State } from './state.ts';

/** How a cached entity differs from its owner's; `equal` doesn't. */
export type Comparison = 'equal' | 'missing' | 'behind' | 'ahead' | 'different';

/** Compares what a cache knows of an entity with what its owner holds: version, deletion, and every field that the cache keeps. */
export function compare(owned: OwnedEntity, cached: CachedEntity, kept: CachedType): Comparison {
  if (cached.status === 'unknown') return 'missing';
  if (cached.version < owned.version) return 'behind';
  if (cached.version > owned.version) return 'ahead';
  if (isTombstone(owned) || cached.status === 'deleted') {
    return isTombstone(owned) && cached.status === 'deleted' ? 'equal' : 'different';
  }
  const expected = keptFields(JSON.parse(owned.stateJson ?? '{}') as State, kept);
  const digest = (state: State) => canonicalState(owned.entity, state).digest;
  return digest(expected) === digest(cached.value) ? 'equal' : 'different';
}
