import canonicalize from 'canonicalize';
import type { State } from './state.ts';

/** What changed between two states, by top-level field. */
export interface Delta {
  /** Fields that are new or different, with their new values. */
  readonly changed: State;
  /** Fields that are gone, sorted. */
  readonly removed: readonly string[];
}

/** What changed from one state to the next. */
export function deltaOf(before: State, after: State): Delta {
  const changed = Object.entries(after).filter(
    ([field, value]) => !Object.hasOwn(before, field) || canonicalize(before[field]) !== canonicalize(value),
  );
  const removed = Object.keys(before).filter((field) => !Object.hasOwn(after, field));
  return { changed: Object.fromEntries(changed), removed: removed.sort() };
}

/** The state that a delta makes of its base. */
export function applyDelta(base: State, { changed, removed }: Delta): State {
  const gone = new Set(removed);
  return Object.fromEntries(Object.entries({ ...base, ...changed }).filter(([field]) => !gone.has(field)));
}
