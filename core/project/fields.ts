import type { CachedType } from '../contract/contract.ts';
import { sha256, utf8Bytes } from '../entity.ts';
import type { Json, State } from '../state.ts';

/** The part of a state that a cache keeps. */
export function keptFields(state: State, cached: CachedType): State {
  if (cached.fields === undefined) return state;
  const entries = cached.fields.flatMap((field) => {
    const value = Object.hasOwn(state, field) ? state[field] : undefined;
    return value === undefined ? [] : [[field, value] as const];
  });
  return Object.fromEntries(entries);
}

/** The values under which the cache's indexes list a state. */
export function indexedValues(type: string, state: State, cached: CachedType): Record<string, string> {
  const entries = Object.entries(cached.indexes).flatMap(([index, field]) => {
    const value = indexValue(type, Object.hasOwn(state, field) ? state[field] : undefined);
    return value === undefined ? [] : [[index, value] as const];
  });
  return Object.fromEntries(entries);
}

/**
 * Longest index value that is stored as plain text. DynamoDB allows 2,048 bytes for a partition key, with type and
 * separator (ddb/Constraints).
 */
const MAX_INDEX_VALUE_BYTES = 1024;

/**
 * The key under which an index lists a value: `Type=value`, or `Type#` and a hash when the value is long. Only texts,
 * finite numbers and booleans are indexed; for any other value the result is undefined, and the entity isn't in the
 * index.
 */
export function indexValue(type: string, value: Json | undefined): string | undefined {
  const listed = typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
  if (!listed) return undefined;
  const text = String(value);
  return utf8Bytes(text) <= MAX_INDEX_VALUE_BYTES ? `${type}=${text}` : `${type}#${sha256(text)}`;
}
