import { roundedNumber } from '../exact-number.ts';

/**
 * Keys that schema libraries drop from maps and open objects, because they have a meaning in JavaScript: zod drops
 * `__proto__`, valibot all three.
 */
export const SPECIAL_KEYS: readonly string[] = ['__proto__', 'constructor', 'prototype'];

/** A part of a given state that a schema lost without an issue. */
export interface Lost {
  readonly path: readonly PropertyKey[];
  readonly problem: string;
}

/**
 * Returns the first special key that a schema dropped, or undefined if there is none.
 *
 * @param stored the schema's output
 */
export function droppedKey(given: unknown, stored: unknown): Lost | undefined {
  return find(given, stored, [], new Set(), ({ path, isStored }) =>
    !isStored && SPECIAL_KEYS.includes(String(path.at(-1)))
      ? { path, problem: 'the schema drops this key. Rename it' }
      : undefined,
  );
}

/** Returns the first number that was given as a text and that a schema rounded, or undefined if there is none. */
export function roundedText(given: unknown, stored: unknown): Lost | undefined {
  return find(given, stored, [], new Set(), ({ path, given: text, stored: number }) => {
    if (typeof number !== 'number' || (typeof text !== 'string' && typeof text !== 'bigint')) return undefined;
    return roundedNumber(String(text)) === number
      ? { path, problem: `the schema rounds ${text} to ${number}` }
      : undefined;
  });
}

/** A value inside a given state, and the value at the same place of the schema's output. */
interface Visited {
  readonly path: readonly PropertyKey[];
  readonly given: unknown;
  readonly stored: unknown;
  readonly isStored: boolean;
}

/** Visits the values inside a given state, and those inside them that are stored, until one of them is lost. */
function find(
  given: unknown,
  stored: unknown,
  path: readonly PropertyKey[],
  seen: Set<unknown>,
  lost: (visited: Visited) => Lost | undefined,
): Lost | undefined {
  if (typeof given !== 'object' || given === null || seen.has(given)) return undefined;
  seen.add(given);
  for (const [name, value] of Object.entries(given)) {
    const key = Array.isArray(given) ? Number(name) : name;
    const isStored = typeof stored === 'object' && stored !== null && Object.hasOwn(stored, key);
    const inside = isStored ? (stored as Record<PropertyKey, unknown>)[key] : undefined;
    const inner = [...path, key];
    const found =
      lost({ path: inner, given: value, stored: inside, isStored }) ??
      (isStored ? find(value, inside, inner, seen, lost) : undefined);
    if (found !== undefined) return found;
  }
  return undefined;
}
