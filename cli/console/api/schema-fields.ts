import { isObject, referred } from 'freshet-aws/internal/core/contract/schema-fields';

/** A field that a JSON Schema describes. */
export interface DescribedField {
  /** Such as `name.common`. */
  readonly path: string;
  /** The names in the path. */
  readonly keys: readonly string[];
  /** Such as `string`, `integer`, `array of string`. */
  readonly type: string;
  readonly isRequired: boolean;
  readonly description: string | null;
}

type Node = Readonly<Record<string, unknown>>;

/** The deepest level of fields that is listed. A schema may refer to itself. */
const MAX_LEVELS = 8;

/** Most fields of a type that are listed. */
const MAX_FIELDS = 1_000;

/** The fields of a JSON Schema by path, each before those inside it; empty if the schema is undefined. */
export function describedFields(schema: unknown): DescribedField[] {
  if (!isObject(schema)) return [];
  const found: DescribedField[] = [];
  const visit = (node: Node, keys: readonly string[], seen: ReadonlySet<Node>): void => {
    if (keys.length >= MAX_LEVELS) return;
    const required = new Set(Array.isArray(node.required) ? node.required : []);
    for (const [name, given] of Object.entries(isObject(node.properties) ? node.properties : {})) {
      if (found.length >= MAX_FIELDS) return;
      const field = resolved(schema, given);
      const path = [...keys, name];
      const { description } = field;
      found.push({
        path: path.join('.'),
        keys: path,
        type: typeText(schema, field),
        isRequired: required.has(name),
        description: typeof description === 'string' ? description : null,
      });
      for (const inner of insideOf(schema, field)) if (!seen.has(inner)) visit(inner, path, new Set([...seen, inner]));
    }
  };
  for (const node of [resolved(schema, schema), ...alternatives(schema, schema)]) visit(node, [], new Set([node]));
  const paths = new Set<string>();
  // Alternatives may have fields of the same name.
  return found.filter(({ path }) => !paths.has(path) && paths.add(path));
}

/** The nodes with the fields inside a field: the field's own, its alternatives, its list's items, its map's values. */
function insideOf(root: Node, field: Node): Node[] {
  const others = field.additionalProperties;
  const inner = [field.items, others].filter(isObject).map((one) => resolved(root, one));
  return [field, ...alternatives(root, field), ...inner, ...inner.flatMap((one) => alternatives(root, one))];
}

function alternatives(root: Node, { anyOf, oneOf, allOf }: Node): Node[] {
  return [anyOf, oneOf, allOf].flatMap((some) => (Array.isArray(some) ? some.map((one) => resolved(root, one)) : []));
}

function resolved(root: Node, given: unknown): Node {
  if (!isObject(given)) return {};
  const { $ref, ...rest } = given;
  if ($ref === undefined) return given;
  const target = referred(root, $ref);
  return isObject(target) && target !== given && target.$ref === undefined ? { ...target, ...rest } : rest;
}

/** The type of a field as text. */
function typeText(root: Node, field: Node): string {
  const { type, const: fixed, enum: values, items, additionalProperties: others } = field;
  if (fixed !== undefined) return JSON.stringify(fixed);
  if (Array.isArray(values)) return values.map((one) => JSON.stringify(one)).join(' or ');
  const choices = [field.anyOf, field.oneOf].find(Array.isArray);
  if (choices !== undefined) {
    const texts = choices.map((one) => typeText(root, resolved(root, one)));
    return [...new Set(texts)].join(' or ');
  }
  if (Array.isArray(type)) return type.join(' or ');
  if (type === 'array') return isObject(items) ? `array of ${typeText(root, resolved(root, items))}` : 'array';
  if (type === 'object' && field.properties === undefined && isObject(others))
    return `map of ${typeText(root, resolved(root, others))}`;
  return typeof type === 'string' ? type : 'any';
}
