import { roundedNumber } from '../exact-number.ts';

/** Keys that libraries skip in maps and open objects, because they have a meaning in JavaScript. */
const SPECIAL_KEYS: readonly string[] = ['__proto__', 'constructor', 'prototype'];

/**
 * Returns a part of a given state that a schema lost without an issue: a key with a special meaning in JavaScript, or
 * digits of a number that was given as a text. Undefined if there is none.
 *
 * @param stored the schema's output
 */
export function lostValue(
  given: unknown,
  stored: unknown,
): { readonly path: readonly PropertyKey[]; readonly problem: string } | undefined {
  return lostIn(given, stored, [], new Set());
}

function lostIn(
  given: unknown,
  stored: unknown,
  path: readonly PropertyKey[],
  seen: Set<unknown>,
): ReturnType<typeof lostValue> {
  if (typeof stored === 'number') {
    const rounded = typeof given === 'string' || typeof given === 'bigint' ? roundedNumber(String(given)) : undefined;
    return rounded === stored ? { path, problem: `the schema rounds ${given} to ${rounded}` } : undefined;
  }
  if (typeof given !== 'object' || given === null || seen.has(given)) return undefined;
  seen.add(given);
  for (const [name, value] of Object.entries(given)) {
    const key = Array.isArray(given) ? Number(name) : name;
    const isStored = typeof stored === 'object' && stored !== null && Object.hasOwn(stored, key);
    if (!isStored && SPECIAL_KEYS.includes(name)) {
      return { path: [...path, key], problem: 'the schema drops this key. Rename it' };
    }
    const lost = isStored && lostIn(value, (stored as Record<PropertyKey, unknown>)[key], [...path, key], seen);
    if (lost) return lost;
  }
  return undefined;
}
