import { quoted } from '../errors.ts';

/** A node of a JSON Schema. The types of its keywords aren't known until they are checked. */
type Described = Readonly<Record<string, unknown>>;

/** Maximum number of a schema's field names in a message. */
const MAX_LISTED = 20;

/**
 * Returns a problem if the schema rules out a field with this path, else undefined. A schema that can't describe itself
 * (Standard JSON Schema; zod can, zod/mini can't) or that allows undeclared fields may have any field.
 *
 * @param schema `unknown`, because a boundary that wasn't made by `defineBoundary` may contain any value
 * @param path such as `address.street`; without list indexes and map keys: `contacts.email`
 */
export function unknownField(schema: unknown, path: string): string | undefined {
  const root = describedBy(schema);
  return root === undefined ? undefined : unknownIn(root, [root], path, '');
}

/** Returns the JSON Schema of a schema's output, or undefined if the schema can't describe itself. */
export function describedBy(schema: unknown): Described | undefined {
  const { jsonSchema } = objectOr(objectOr(schema)['~standard']);
  const { output } = objectOr(jsonSchema);
  if (typeof output !== 'function') return undefined;
  try {
    // By default zod throws on a transformed value. Its fields aren't known, so any field is allowed there.
    const described: unknown = output({ target: 'draft-2020-12', libraryOptions: { unrepresentable: 'any' } });
    return isObject(described) ? described : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Looks a path up in the nodes of a schema.
 *
 * @param where the path to `nodes`; empty at the top
 */
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

/**
 * Returns a node with all schemas inside it that describe the same level: references, alternatives, list items, map
 * values.
 */
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

/**
 * Whether a value may have fields that the node doesn't declare. A list without described items may contain anything.
 */
function isOpen({ type, properties, additionalProperties, patternProperties }: Described): boolean {
  const mayHaveFields = type === undefined || properties !== undefined || /object|array/.test(String(type));
  return mayHaveFields && (additionalProperties !== false || patternProperties !== undefined);
}

/** Returns the node that `#` or `#/$defs/Name` refers to; `true` (any value) for another kind of reference. */
export function referred(root: Described, ref: unknown): unknown {
  if (typeof ref !== 'string' || !ref.startsWith('#')) return true;
  const keys = ref.slice(1).split('/').slice(1);
  return keys.reduce<unknown>((node, key) => objectOr(node)[key.replaceAll('~1', '/').replaceAll('~0', '~')], root);
}

/** Whether a value has properties. */
export function isObject(given: unknown): given is Described {
  return typeof given === 'function' || (typeof given === 'object' && given !== null);
}

function objectOr(given: unknown): Described {
  return isObject(given) ? given : {};
}
