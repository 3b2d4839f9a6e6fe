import { quoted } from './errors.ts';

/** A JSON Schema's object; what it says isn't known before it is looked at. */
type Described = Readonly<Record<string, unknown>>;

/** Names of a schema's fields that a message lists at most. */
const MAX_LISTED = 20;

/**
 * What is wrong with a field's name, held against the schema that is to have it; undefined for nothing. Only what the schema rules out is
 * wrong: one that doesn't describe itself (Standard JSON Schema; zod does, zod/mini doesn't), or that lets through what it doesn't describe, may
 * have any field.
 *
 * @param schema unknown: of a boundary that is put together by hand it may be anything
 * @param path `address.street`; what is in a list or a map is named without its place: `contacts.email`
 */
export function unknownField(schema: unknown, path: string): string | undefined {
  const root = describedBy(schema);
  return root === undefined ? undefined : unknownIn(root, [root], path, '');
}

/** The JSON Schema of what a schema lets through; undefined where it has none to give. */
function describedBy(schema: unknown): Described | undefined {
  const { jsonSchema } = objectOr(objectOr(schema)['~standard']);
  const { output } = objectOr(jsonSchema);
  if (typeof output !== 'function') return undefined;
  try {
    // zod refuses to describe a transformed value by default; here it need not be looked into.
    const described: unknown = output({ target: 'draft-2020-12', libraryOptions: { unrepresentable: 'any' } });
    return isObject(described) ? described : undefined;
  } catch {
    return undefined;
  }
}

/** @param where the path to `nodes`; empty at the top */
function unknownIn(root: Described, nodes: readonly unknown[], path: string, where: string): string | undefined {
  const parts = nodes.flatMap((node) => partsOf(root, node, new Set()));
  if (parts.some(isOpen)) return undefined;
  const fields = parts.flatMap(({ properties }) => Object.entries(objectOr(properties)));
  if (fields.some(([name]) => name === path)) return undefined;
  const [name = '', ...rest] = path.split('.');
  const inside = fields.flatMap(([field, node]) => (field === name ? [node] : []));
  if (inside.length > 0) return unknownIn(root, inside, rest.join('.'), where === '' ? name : `${where}.${name}`);
  const names = [...new Set(fields.map(([field]) => field))].slice(0, MAX_LISTED).join(', ');
  return `the schema has no field ${quoted(name)}${where === '' ? '' : ` in ${where}`}. It has: ${names || 'none'}`;
}

/** The schemas that a value may have to meet: through references, alternatives, a list's items and a map's values. */
function partsOf(root: Described, node: unknown, seen: Set<unknown>): Described[] {
  if (node === true) return [{}];
  if (!isObject(node) || seen.has(node)) return [];
  seen.add(node);
  const { $ref, anyOf, oneOf, allOf, items, prefixItems, properties, additionalProperties: others } = node;
  const inner: unknown[] = [anyOf, oneOf, allOf, items, prefixItems].filter((some) => some !== undefined).flat();
  if ($ref !== undefined) inner.push(referred(root, $ref));
  if (properties === undefined && isObject(others)) inner.push(others);
  const parts = inner.flatMap((one) => partsOf(root, one, seen));
  return inner.length === 0 || properties !== undefined ? [node, ...parts] : parts;
}

/** Whether fields that it doesn't name may be there as well: a list of which no items are described may hold anything. */
function isOpen({ type, properties, additionalProperties, patternProperties }: Described): boolean {
  const mayHaveFields = type === undefined || properties !== undefined || /object|array/.test(String(type));
  return mayHaveFields && (additionalProperties !== false || patternProperties !== undefined);
}

/** What `#` or `#/$defs/Name` refers to; anything where it refers to something else. */
function referred(root: Described, ref: unknown): unknown {
  if (typeof ref !== 'string' || !ref.startsWith('#')) return true;
  const keys = ref.slice(1).split('/').slice(1);
  return keys.reduce<unknown>((node, key) => objectOr(node)[key.replaceAll('~1', '/').replaceAll('~0', '~')], root);
}

function isObject(given: unknown): given is Described {
  return typeof given === 'function' || (typeof given === 'object' && given !== null);
}

function objectOr(given: unknown): Described {
  return isObject(given) ? given : {};
}
