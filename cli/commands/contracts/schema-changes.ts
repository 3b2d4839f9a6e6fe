import { isDeepStrictEqual } from 'node:util';

/** A JSON Schema, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A difference between two versions of a contract. */
export interface Change {
  /** Where, such as `owns.Country.schema: address.street`. */
  readonly where: string;
  /** What, such as `field removed`. */
  readonly what: string;
  /**
   * What makes the change safe: a new schema version, another remedy that a sentence names, or nothing (the change is
   * compatible, and only the snapshot is older).
   */
  readonly needs?: string;
  /** Whether code that reads states of the earlier contract may fail with states of the later one. */
  readonly breaksReaders?: boolean;
}

/** Keywords that say nothing about which values are valid. */
const REMARKS = ['$schema', '$id', '$comment', 'title', 'description', 'examples', 'default', 'deprecated'];

/** Keywords that are compared one by one; all others must be equal. */
const COMPARED = ['properties', 'required', 'items', 'anyOf', 'oneOf', '$defs', 'enum', 'type', 'additionalProperties'];

const NEW_VERSION = 'a new schema version';

/**
 * Compares two JSON Schemas of a state. A change needs a new schema version if a state that one of them accepts may be
 * refused by the other, or may lack what the other promises: caches of both schemas read the same events. An optional
 * field may be added, because caches don't check fields that they don't know.
 *
 * @param path the path of the field; empty for the state
 */
export function schemaChanges(before: JsonSchema, after: JsonSchema, path: string): Change[] {
  const changes: Change[] = [];
  const change = (what: string, needs?: string, breaksReaders = false) =>
    changes.push({ where: path, what, ...(needs && { needs }), ...(breaksReaders && { breaksReaders }) });
  if (!same(before.type, after.type)) change(`type ${show(before.type)} became ${show(after.type)}`, NEW_VERSION, true);
  changes.push(...valueChanges(before, after, path), ...fieldChanges(before, after, path));
  if (isClosed(after) && !isClosed(before)) change('fields that the schema does not know are now refused', NEW_VERSION);
  else if (isClosed(before) !== isClosed(after)) change('fields that the schema does not know are now accepted');
  for (const keyword of ['items', 'additionalProperties']) {
    const [old, now] = [before[keyword], after[keyword]];
    const inner = keyword === 'items' ? `${path}[]` : `${path}.*`;
    if (isSchema(old) && isSchema(now)) changes.push(...schemaChanges(old, now, inner));
    else if (isSchema(old) !== isSchema(now))
      changes.push({ where: inner, what: 'changed', needs: NEW_VERSION, breaksReaders: true });
  }
  changes.push(...alternativeChanges(before, after, path));
  const others = new Set([...Object.keys(before), ...Object.keys(after)]);
  for (const keyword of others) {
    if (REMARKS.includes(keyword)) {
      if (!same(before[keyword], after[keyword])) change(`${keyword} changed`);
    } else if (!COMPARED.includes(keyword) && !same(before[keyword], after[keyword])) {
      change(`${keyword} ${show(before[keyword])} became ${show(after[keyword])}`, NEW_VERSION, true);
    }
  }
  return changes;
}

function valueChanges(before: JsonSchema, after: JsonSchema, where: string): Change[] {
  const [old, now] = [before.enum, after.enum];
  if (!Array.isArray(old) || !Array.isArray(now)) {
    const what = `enum ${show(old)} became ${show(now)}`;
    return same(old, now) ? [] : [{ where, what, needs: NEW_VERSION, breaksReaders: true }];
  }
  const only = (some: readonly unknown[], others: readonly unknown[]) => some.filter((one) => !others.includes(one));
  const change = (what: string, values: readonly unknown[], breaksReaders: boolean) =>
    values.length === 0
      ? []
      : [{ where, what: `${what} ${values.map(show).join(', ')}`, needs: NEW_VERSION, breaksReaders }];
  return [...change('values removed:', only(old, now), false), ...change('values added:', only(now, old), true)];
}

function fieldChanges(before: JsonSchema, after: JsonSchema, path: string): Change[] {
  const [old, now] = [schemasIn(before.properties), schemasIn(after.properties)];
  const isRequired = (schema: JsonSchema, field: string) =>
    Array.isArray(schema.required) && schema.required.includes(field);
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].sort().flatMap((field): Change[] => {
    const where = path === '' ? field : `${path}.${field}`;
    const [was, is] = [own(old, field), own(now, field)];
    if (is === undefined) return [{ where, what: 'field removed', needs: NEW_VERSION, breaksReaders: true }];
    if (was === undefined) {
      return isRequired(after, field)
        ? [{ where, what: 'required field added', needs: NEW_VERSION }]
        : [{ where, what: 'optional field added' }];
    }
    const [wasRequired, nowRequired] = [isRequired(before, field), isRequired(after, field)];
    const what = nowRequired ? 'optional field became required' : 'required field became optional';
    const changed =
      wasRequired === nowRequired ? [] : [{ where, what, needs: NEW_VERSION, breaksReaders: wasRequired }];
    return [...changed, ...schemaChanges(was, is, where)];
  });
}

/** Compares alternatives, such as those of a field that may be null, and definitions. */
function alternativeChanges(before: JsonSchema, after: JsonSchema, where: string): Change[] {
  const lists = ['anyOf', 'oneOf'].flatMap((keyword): Change[] => {
    const [old, now] = [before[keyword], after[keyword]];
    const isComparable = Array.isArray(old) && Array.isArray(now) && old.length === now.length;
    const what = 'alternatives changed';
    if (!isComparable) return same(old, now) ? [] : [{ where, what, needs: NEW_VERSION, breaksReaders: true }];
    return old.flatMap((one, index) => schemaChanges(one, now[index], where));
  });
  const [old, now] = [schemasIn(before.$defs), schemasIn(after.$defs)];
  const definitions = [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((name) => {
    const [was, is] = [own(old, name), own(now, name)];
    return was && is ? schemaChanges(was, is, `${where}#${name}`) : [];
  });
  return [...lists, ...definitions];
}

function isClosed({ additionalProperties }: JsonSchema): boolean {
  return additionalProperties === false;
}

function isSchema(given: unknown): given is JsonSchema {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}

function schemasIn(given: unknown): Readonly<Record<string, JsonSchema>> {
  return isSchema(given) ? (given as Readonly<Record<string, JsonSchema>>) : {};
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Whether two values are the same JSON, whatever the order of their keys is. */
export function same(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(one, other);
}

function show(value: unknown): string {
  return value === undefined ? 'any' : JSON.stringify(value);
}
