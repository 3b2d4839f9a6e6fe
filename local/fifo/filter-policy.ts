import { invalidParameter, NotEmulatedParameter } from './errors.ts';
import * as limits from './limits.ts';
import type { MessageAttribute, MessageAttributes } from './message.ts';
import { parseObject } from './queue-attributes.ts';

/** Whether a message's attributes match the policy. */
export type Filter = (attributes: MessageAttributes) => boolean;

type Value = string | number | boolean | null;
type Test = (values: readonly Value[] | undefined) => boolean;

/**
 * Reads a filter policy on message attributes (sns/sns-subscription-filter-policies). Supported conditions: exact
 * values, `prefix`, `suffix`, `exists`, `numeric`, `anything-but`. Throws for other conditions. A message matches if,
 * for each name in the policy, at least one condition holds.
 */
export function readFilterPolicy(text: string): Filter {
  if (Buffer.byteLength(text) > limits.MAX_FILTER_BYTES)
    throw invalidParameter(`FilterPolicy: more than ${limits.MAX_FILTER_BYTES} bytes`);
  const policy = parseObject(text);
  if (policy === undefined) throw invalidParameter(`FilterPolicy: must be a JSON object. Given: ${text}`);
  checkComplexity(policy);
  const tests = Object.entries(policy).map(([name, conditions]) => {
    if (name === '$or') throw new NotEmulatedParameter('FilterPolicy: $or is not emulated');
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

/**
 * Throws SNS's errors for a policy with too many keys or combinations of values. The number of combinations is the
 * product, over all keys, of the number of values.
 */
function checkComplexity(policy: Readonly<Record<string, unknown>>): void {
  const lists = Object.values(policy);
  if (lists.length > limits.MAX_FILTER_KEYS)
    throw invalidParameter(`FilterPolicy: Filter policy can not have more than ${limits.MAX_FILTER_KEYS} keys`);
  const combinations = lists.reduce<number>((product, each) => product * (Array.isArray(each) ? each.length : 1), 1);
  if (combinations > limits.MAX_FILTER_COMBINATIONS) {
    const allowed = `${combinations} combinations of values. Allowed: ${limits.MAX_FILTER_COMBINATIONS}`;
    throw invalidParameter(`FilterPolicy: Filter policy is too complex: ${allowed}`);
  }
}

function checkNumber(name: string, value: number): void {
  if (Math.abs(value) <= limits.MAX_FILTER_NUMBER) return;
  const most = limits.MAX_FILTER_NUMBER;
  throw invalidParameter(`FilterPolicy: ${name}: ${value} is out of range. Allowed: ${-most} to ${most}`);
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

/** Operators of SNS that the local cloud doesn't have. */
const NOT_EMULATED = ['cidr', 'equals-ignore-case', 'wildcard'];

function readCondition(name: string, condition: unknown): Test {
  if (typeof condition === 'number') checkNumber(name, condition);
  if (isValue(condition)) return some((value) => value === condition);
  const [first = [], ...others] = Object.entries(condition ?? {});
  const [operator, operand] = first;
  if (others.length > 0) throw invalidParameter(`FilterPolicy: ${name}: Only one key allowed in match expression`);
  if (typeof operand === 'boolean' && operator === 'exists') return (values) => (values !== undefined) === operand;
  if (typeof operand === 'string' && operator === 'prefix')
    return some((value) => typeof value === 'string' && value.startsWith(operand));
  if (typeof operand === 'string' && operator === 'suffix')
    return some((value) => typeof value === 'string' && value.endsWith(operand));
  if (Array.isArray(operand) && operator === 'numeric') return readNumeric(name, operand);
  const isEmpty = Array.isArray(operand) && operand.length === 0;
  if (operand !== undefined && operator === 'anything-but' && !isEmpty) {
    const refused = (Array.isArray(operand) ? operand : [operand]).map((item: unknown) => readCondition(name, item));
    return (values) => values !== undefined && !refused.some((test) => test(values));
  }
  if (NOT_EMULATED.includes(operator ?? ''))
    throw new NotEmulatedParameter(`FilterPolicy: ${name}: ${operator} is not emulated`);
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
  checkRange(name, operand);
  for (let at = 0; at < operand.length; at += 2) {
    const compare = COMPARISONS[String(operand[at])];
    const bound = operand[at + 1];
    if (compare === undefined || typeof bound !== 'number')
      throw invalidParameter(`FilterPolicy: ${name}: numeric takes pairs of =, <, <=, >, >= and a number.`);
    checkNumber(name, bound);
    comparisons.push((value) => compare(value, bound));
  }
  return some((value) => typeof value === 'number' && comparisons.every((compare) => compare(value)));
}

/** A condition on numbers has one comparison, or a lower and an upper end (sns/numeric-value-matching). */
function checkRange(name: string, [lowerBy, lower, upperBy, upper, ...rest]: readonly unknown[]): void {
  if (upperBy === undefined && lowerBy !== undefined) return;
  const isRange = ['>', '>='].includes(String(lowerBy)) && ['<', '<='].includes(String(upperBy)) && rest.length === 0;
  if (!isRange)
    throw invalidParameter(`FilterPolicy: ${name}: numeric takes one comparison, or > or >= followed by < or <=.`);
  if (Number(lower) >= Number(upper)) throw invalidParameter(`FilterPolicy: ${name}: Bottom must be less than top`);
}
