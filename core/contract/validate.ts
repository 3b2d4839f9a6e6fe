import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type EntityRef, entityName } from '../entity.ts';
import { FreshetError, quoted, shortened } from '../errors.ts';
import { canonicalJson, type State } from '../state.ts';
import type { EntityContract } from './contract.ts';
import { firstDifference } from './difference.ts';
import { droppedKey, roundedText } from './lost-value.ts';

/** The result of validating a value against a contract's schema. */
export type Validation =
  | { readonly valid: true; readonly state: State }
  | { readonly valid: false; readonly field: string; readonly problem: string };

/** Maximum length of a schema's issue in a message, in characters: the issue may quote the input. */
const MAX_PROBLEM_LENGTH = 300;

/** The result of a schema: its output, or its issues. */
export type SchemaResult = { readonly state: State } | { readonly issues: readonly StandardSchemaV1.Issue[] };

/**
 * Runs the contract's schema on a value. If the schema throws, as on JSON that is nested deeper than the stack, the
 * error is an issue, because the schema would throw again on every retry.
 */
export async function runSchema(contract: EntityContract, value: unknown): Promise<SchemaResult> {
  let result: StandardSchemaV1.Result<State>;
  try {
    result = await contract.schema['~standard'].validate(value);
  } catch (error) {
    return { issues: [{ message: `the schema failed on it: ${error}` }] };
  }
  if (result.issues !== undefined) return { issues: result.issues };
  const state: unknown = result.value;
  return typeof state === 'object' && state !== null
    ? { state: result.value }
    : { issues: [{ message: `the schema's output isn't an object: ${quoted(state)}` }] };
}

/** The first issue of a schema, and the number of other issues. */
export function invalid(issues: readonly StandardSchemaV1.Issue[]): Extract<Validation, { valid: false }> {
  const [first] = issues;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  return {
    valid: false,
    field: shortened(fieldPath(first?.path ?? []), MAX_PROBLEM_LENGTH),
    problem: `${shortened(first?.message ?? 'invalid', MAX_PROBLEM_LENGTH)}${more}`,
  };
}

/** Validates a value against the contract's schema and returns the schema's output, or the first issue. */
export async function validateState(contract: EntityContract, value: unknown): Promise<Validation> {
  const result = await runSchema(contract, value);
  return 'issues' in result ? invalid(result.issues) : { valid: true, state: result.state };
}

/**
 * Why a schema's output isn't stable, or undefined if it is. The output is stable if the schema accepts it and returns
 * it unchanged. Throws `InvalidState` if the output isn't JSON.
 */
export async function unstableOutput(
  contract: EntityContract,
  entity: EntityRef,
  state: State,
): Promise<{ readonly field: string; readonly problem: string } | undefined> {
  const json = canonicalJson(entity, state);
  const again = await validateState(contract, JSON.parse(json));
  if (!again.valid) return { field: again.field, problem: `the schema refuses its own output: ${again.problem}` };
  const difference = firstDifference(JSON.parse(json), JSON.parse(canonicalJson(entity, again.state)));
  if (difference === undefined) return undefined;
  const { path, before: was, after: is } = difference;
  return {
    field: shortened(fieldPath(path), MAX_PROBLEM_LENGTH),
    problem: `the schema changes its own output: ${quoted(was)} becomes ${quoted(is)}`,
  };
}

/**
 * Validates a state at its owner and returns the schema's output, which the owner stores. Throws `InvalidState` with
 * the field and the first issue if the state doesn't meet the schema, if the schema loses a part of it, or if the
 * schema's output isn't stable.
 */
export async function checkedState(contract: EntityContract, entity: EntityRef, value: unknown): Promise<State> {
  const validation = await validateState(contract, value);
  if (!validation.valid) {
    throw invalidState(entity, validation.field, `doesn't meet the schema of ${described(contract)}`, validation);
  }
  const lost = droppedKey(value, validation.state) ?? roundedText(value, validation.state);
  if (lost !== undefined) {
    const path = shortened(fieldPath(lost.path), MAX_PROBLEM_LENGTH);
    throw invalidState(entity, path, `can't be stored with the schema of ${described(contract)}`, lost);
  }
  const unstable = await unstableOutput(contract, entity, validation.state);
  if (unstable === undefined) return validation.state;
  const problem =
    `${unstable.problem}. Allowed: a schema that accepts its own output and returns it unchanged. ` +
    'Transform the state before you put it, or write a transform that can run twice';
  throw invalidState(entity, unstable.field, `can't be stored with the schema of ${described(contract)}`, { problem });
}

function described({ type, schemaVersion }: EntityContract): string {
  return `${type} (version ${schemaVersion})`;
}

function invalidState(
  entity: EntityRef,
  path: string,
  what: string,
  { problem }: { readonly problem: string },
): FreshetError {
  const field = path === '' ? 'state' : `state.${path}`;
  return new FreshetError(`${field}: ${entityName(entity)} ${what}: ${problem}.`, {
    code: 'InvalidState',
    field,
    entity,
  });
}

function fieldPath(path: readonly (PropertyKey | StandardSchemaV1.PathSegment)[]): string {
  return path
    .map((segment) => (typeof segment === 'object' ? segment.key : segment))
    .map((key, position) => (typeof key === 'number' ? `[${key}]` : `${position === 0 ? '' : '.'}${String(key)}`))
    .join('');
}
