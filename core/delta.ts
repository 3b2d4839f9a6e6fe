import { canonicalText } from './canonical-json.ts';
import type { State } from './state.ts';

/** The changes from one state to another, by top-level field. */
export interface Delta {
  /** Fields that are new or different, with their new values. */
  readonly changed: State;
  /** Names of removed fields, sorted. */
  readonly removed: readonly string[];
}

/** Returns the changes from one state to another. */
export function deltaOf(before: State, after: State): Delta {
  const changed = Object.entries(after).filter(
    ([field, value]) => !Object.hasOwn(before, field) || canonicalText(before[field]) !== canonicalText(value),
  );
  const removed = Object.keys(before).filter((field) => !Object.hasOwn(after, field));
  return { changed: Object.fromEntries(changed), removed: removed.sort() };
}

/** Returns the state that results from applying a delta to its base. */
export function applyDelta(base: State, { changed, removed }: Delta): State {
  const removedFields = new Set(removed);
  return Object.fromEntries(Object.entries({ ...base, ...changed }).filter(([field]) => !removedFields.has(field)));
}
