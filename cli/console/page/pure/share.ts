/**
 * Returns the new value with every part that equals the old one replaced by the old one. The old value itself is
 * returned if nothing changed, so that what shows an unchanged part can be left as it is.
 *
 * @param before the value of the last time; values are what `JSON.parse` returns
 */
export function shareUnchanged<Value>(before: unknown, after: Value): Value {
  return shared(before, after) as Value;
}

function shared(before: unknown, after: unknown): unknown {
  if (Object.is(before, after)) return before;
  if (Array.isArray(before) && Array.isArray(after)) {
    const items = after.map((item: unknown, index) => shared(before[index], item));
    return before.length === items.length && items.every((item, index) => item === before[index]) ? before : items;
  }
  if (!isRecord(before) || !isRecord(after)) return after;
  const old = new Map(Object.entries(before));
  const entries = Object.entries(after).map(([key, value]) => [key, shared(old.get(key), value)] as const);
  const isSame = old.size === entries.length && entries.every(([key, value]) => old.has(key) && old.get(key) === value);
  return isSame ? before : Object.fromEntries(entries);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
