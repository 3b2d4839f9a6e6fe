import { invalidParameter } from './errors.ts';
import type { MessageAttribute, MessageAttributes } from './message.ts';
import { parseObject } from './queue-attributes.ts';

/** Whether a message's attributes match the policy. */
export type Filter = (attributes: MessageAttributes) => boolean;

type Value = string | number | boolean | null;
type Test = (values: readonly Value[] | undefined) => boolean;

/**
 * Reads a filter policy on message attributes (sns/sns-subscription-filter-policies). Supported conditions: exact
 * values, `prefix`, `suffix`, `exists`, `numeric`, `anything-but`; others are refused. A message matches if, for every
 * name, at least one condition holds.
 */
export function readFilterPolicy(text: string): Filter {
  const policy = parseObject(text);
  if (policy === undefined) throw invalidParameter(`FilterPolicy: must be a JSON object. Given: ${text}`);
  const tests = Object.entries(policy).map(([name, conditions]) => {
    if (!Array.isArray(conditions) || conditions.length === 0 || name.startsWith('$'))
      throw invalidParameter(`FilterPolicy: "${name}" must be the name of an attribute, with a list of conditions.`);
    const anyOf = conditions.map((condition: unknown) => readCondition(name, condition));
    return { name, anyOf };
  });
  return (attributes) =>
    tests.every(({ name, anyOf }) => {
      const values = valuesOf(attributes[name]);
      return anyOf.some((test) => test(values));
    });
}

/** An attribute's values: the elements of a `String.Array`, a number, or the string itself. */
function valuesOf(attribute: MessageAttribute | undefined): readonly Value[] | undefined {
  if (attribute === undefined) return undefined;
  const text = attribute.StringValue ?? '';
  if (attribute.DataType === 'Number') return [Number(text)];
  if (attribute.DataType !== 'String.Array') return [text];
  const parsed = parseObject(`{"values":${text}}`)?.values;
  return Array.isArray(parsed) ? parsed.filter(isValue) : [text];
}

function isValue(value: unknown): value is Value {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

/** A test that holds if any of the values passes. */
function some(test: (value: Value) => boolean): Test {
  return (values) => values?.some(test) ?? false;
}

function readCondition(name: string, condition: unknown): Test {
  if (isValue(condition)) return some((value) => value === condition);
  const [operator, operand] = Object.entries(condition ?? {})[0] ?? [];
  if (typeof operand === 'boolean' && operator === 'exists') return (values) => (values !== undefined) === operand;
  if (typeof operand === 'string' && operator === 'prefix')
    return some((value) => typeof value === 'string' && value.startsWith(operand));
  if (typeof operand === 'string' && operator === 'suffix')
    return some((value) => typeof value === 'string' && value.endsWith(operand));
  if (Array.isArray(operand) && operator === 'numeric') return readNumeric(name, operand);
  if (operand !== undefined && operator === 'anything-but') {
    const refused = (Array.isArray(operand) ? operand : [operand]).map((item: unknown) => readCondition(name, item));
    return (values) => values !== undefined && !refused.some((test) => test(values));
  }
  const allowed = 'Allowed: a string, number, boolean or null, prefix, suffix, exists, numeric, anything-but.';
  throw invalidParameter(`FilterPolicy: ${name}: ${JSON.stringify(condition)} is not supported. ${allowed}`);
}

const COMPARISONS: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};

function readNumeric(name: string, operand: readonly unknown[]): Test {
  const comparisons: ((value: number) => boolean)[] = [];
  for (let at = 0; at < operand.length; at += 2) {
    const compare = COMPARISONS[String(operand[at])];
    const bound = operand[at + 1];
    if (compare === undefined || typeof bound !== 'number')
      throw invalidParameter(`FilterPolicy: ${name}: numeric takes pairs of =, <, <=, >, >= and a number.`);
    comparisons.push((value) => compare(value, bound));
  }
  return some((value) => typeof value === 'number' && comparisons.every((compare) => compare(value)));
}
