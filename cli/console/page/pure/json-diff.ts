import { childrenOf, compactJson, type JsonNode, type JsonPath, pathText } from './exact-json.ts';

/** A difference between two JSON values. */
export interface Difference {
  readonly path: string;
  readonly kind: 'added' | 'removed' | 'changed';
  /** The value as JSON on one line; undefined if it was added. */
  readonly before: string | undefined;
  /** The value as JSON on one line; undefined if it was removed. */
  readonly after: string | undefined;
}

/** The differences from one value to another, field by field. The order of keys doesn't count. */
export function differences(before: JsonNode | undefined, after: JsonNode | undefined): Difference[] {
  const found: Difference[] = [];
  compare(before, after, [], found);
  return found;
}

/**
 * The differences of a cache's copy from the owner's state.
 *
 * @param fields the fields that the cache keeps; null if it keeps the whole state
 */
export function differencesOfCopy(
  owner: JsonNode | undefined,
  copy: JsonNode | undefined,
  fields: readonly string[] | null,
): Difference[] {
  return differences(owner === undefined ? undefined : onlyFields(owner, fields), copy);
}

function onlyFields(node: JsonNode, fields: readonly string[] | null): JsonNode {
  if (fields === null || node.kind !== 'object') return node;
  return { kind: 'object', entries: node.entries.filter(([key]) => fields.includes(key)) };
}

function compare(before: JsonNode | undefined, after: JsonNode | undefined, path: JsonPath, found: Difference[]): void {
  if (before !== undefined && after !== undefined) {
    if (before.kind === 'object' && after.kind === 'object') {
      compareObjects(before, after, path, found);
      return;
    }
    if (before.kind === 'list' && after.kind === 'list') {
      compareLists(before.items, after.items, path, found);
      return;
    }
  }
  const [was, is] = [before, after].map((node) => (node === undefined ? undefined : compactJson(node)));
  if (was === is) return;
  const kind = was === undefined ? 'added' : is === undefined ? 'removed' : 'changed';
  found.push({ path: pathText(path), kind, before: was, after: is });
}

function compareObjects(before: JsonNode, after: JsonNode, path: JsonPath, found: Difference[]): void {
  // A map, because a key may be `__proto__`.
  const [was, is] = [new Map(childrenOf(before)), new Map(childrenOf(after))];
  for (const key of new Set([...was.keys(), ...is.keys()])) compare(was.get(key), is.get(key), [...path, key], found);
}

/** Compares lists without their equal ends, so that an item in the middle counts as one difference. */
function compareLists(
  before: readonly JsonNode[],
  after: readonly JsonNode[],
  path: JsonPath,
  found: Difference[],
): void {
  const [was, is] = [before.map(compactJson), after.map(compactJson)];
  const shorter = Math.min(was.length, is.length);
  let start = 0;
  while (start < shorter && was[start] === is[start]) start += 1;
  let end = 0;
  while (end < shorter - start && was.at(-1 - end) === is.at(-1 - end)) end += 1;
  const [wasEnd, isEnd] = [was.length - end, is.length - end];
  for (let index = start; index < Math.max(wasEnd, isEnd); index += 1) {
    const one = index < wasEnd ? before[index] : undefined;
    const other = index < isEnd ? after[index] : undefined;
    compare(one, other, [...path, index], found);
  }
}
