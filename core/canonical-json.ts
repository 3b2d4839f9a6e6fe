/**
 * The canonical text of a JSON value by RFC 8785: equal values have equal texts. Keys are sorted by UTF-16 code units,
 * which is how `sort` compares texts; numbers and texts are written as `JSON.stringify` writes them. A key whose value
 * is `undefined` is left out.
 *
 * @param value JSON that was checked: no circles, and no values that JSON lacks. Nested at most 64 levels deep
 */
export function canonicalText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  const members = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${members
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${JSON.stringify(key)}:${canonicalText(item)}`)
    .join(',')}}`;
}
