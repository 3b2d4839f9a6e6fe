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
  return find(given, stored, new Set(), ({ key, isStored }) =>
    !isStored && SPECIAL_KEYS.includes(String(key)) ? 'the schema drops this key. Rename it' : undefined,
  );
}

/** Returns the first number that was given as a text and that a schema rounded, or undefined if there is none. */
export function roundedText(given: unknown, stored: unknown): Lost | undefined {
  return find(given, stored, new Set(), ({ given: text, stored: number }) => {
    if (typeof number !== 'number' || (typeof text !== 'string' && typeof text !== 'bigint')) return undefined;
    return roundedNumber(String(text)) === number ? `the schema rounds ${text} to ${number}` : undefined;
  });
}

/** A value inside a given state, and the value at the same place of the schema's output. */
interface Visited {
  readonly key: PropertyKey;
  readonly given: unknown;
  readonly stored: unknown;
  readonly isStored: boolean;
}

/**
 * Visits the values inside a given state, and those inside them that are stored, until one of them is lost. The path is
 * made on the way back: a state may have millions of values, and hardly any is lost.
 *
 * @param lost returns the problem of a value that was lost
 */
function find(
  given: unknown,
  stored: unknown,
  seen: Set<unknown>,
  lost: (visited: Visited) => string | undefined,
): Lost | undefined {
  if (typeof given !== 'object' || given === null || seen.has(given)) return undefined;
  seen.add(given);
  for (const key of Array.isArray(given) ? given.keys() : Object.keys(given)) {
    const value = (given as Record<PropertyKey, unknown>)[key];
    const isStored = typeof stored === 'object' && stored !== null && Object.hasOwn(stored, key);
    const inside = isStored ? (stored as Record<PropertyKey, unknown>)[key] : undefined;
    const problem = lost({ key, given: value, stored: inside, isStored });
    if (problem !== undefined) return { path: [key], problem };
    const found = isStored ? find(value, inside, seen, lost) : undefined;
    if (found !== undefined) return { path: [key, ...found.path], problem: found.problem };
  }
  return undefined;
}
