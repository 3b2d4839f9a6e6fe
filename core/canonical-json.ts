/**
 * The canonical text of a JSON value by RFC 8785: equal values have equal texts. Keys are sorted by UTF-16 code units,
 * which is how `sort` compares texts; numbers and texts are written as `JSON.stringify` writes them. A key whose value
 * is `undefined` is left out.
 *
 * @param value JSON that was checked: no circles, and no values that JSON lacks. Nested at most 64 levels deep
 */
export function canonicalText(value: unknown): string {
  // An upcast adds a field to a state that is sorted: only the state's own keys need sorting.
  return isSorted(value) ? JSON.stringify(value) : sortedText(value, textIfSorted);
}

/** What Freshet stored or sent is sorted. Sorting it again would take several times as long. */
function textIfSorted(value: unknown): string {
  return isSorted(value) ? JSON.stringify(value) : sortedText(value);
}

/** Whether all keys of a value are in the order in which canonical JSON has them. */
function isSorted(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isSorted);
  const keys = Object.keys(value);
  for (let index = 1; index < keys.length; index += 1) {
    if ((keys[index - 1] as string) > (keys[index] as string)) return false;
  }
  return keys.every((key) => isSorted((value as Record<string, unknown>)[key]));
}

function sortedText(value: unknown, textOf: (part: unknown) => string = sortedText): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => textOf(item)).join(',')}]`;
  const members = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${members
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${JSON.stringify(key)}:${textOf(item)}`)
    .join(',')}}`;
}
