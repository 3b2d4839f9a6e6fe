import type { Json } from '../state.ts';

/** Where two JSON values differ, and the values there. A value is undefined if only the other one exists. */
export interface ValueDifference {
  readonly path: readonly (string | number)[];
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/**
 * Returns the first place where two JSON values differ, or undefined if they are equal. The order of keys is ignored.
 *
 * @param dropped whether a value that only `before` has is a difference
 */
export function firstDifference(
  before: Json | undefined,
  after: Json | undefined,
  dropped: 'differs' | 'is ignored' = 'differs',
  path: readonly (string | number)[] = [],
): ValueDifference | undefined {
  if (before === after || (after === undefined && dropped === 'is ignored')) return undefined;
  const keys = keysOfBoth(before, after);
  if (keys === undefined) return { path, before, after };
  for (const key of keys) {
    const found = firstDifference(valueAt(before, key), valueAt(after, key), dropped, [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** All keys of two objects, or all indexes of two lists; undefined for any other pair of values. */
function keysOfBoth(before: Json | undefined, after: Json | undefined): readonly (string | number)[] | undefined {
  if (Array.isArray(before) && Array.isArray(after)) {
    return Array.from({ length: Math.max(before.length, after.length) }, (_, index) => index);
  }
  if (!isObject(before) || !isObject(after)) return undefined;
  return [...new Set([...Object.keys(before), ...Object.keys(after)])];
}

function valueAt(value: unknown, key: string | number): Json | undefined {
  const values = value as Readonly<Record<string | number, Json>>;
  return Object.hasOwn(values, key) ? values[key] : undefined;
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
