import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type EntityRef, entityName } from '../entity.ts';
import { FreshetError, quoted, shortened } from '../errors.ts';
import type { State } from '../state.ts';
import type { EntityContract } from './contract.ts';

/** The result of validating a value against a contract's schema. */
export type Validation =
  | { readonly valid: true; readonly state: State }
  | { readonly valid: false; readonly field: string; readonly problem: string };

/** Maximum length of a schema's issue in a message, in characters: the issue may quote the input. */
const MAX_PROBLEM_LENGTH = 300;

/**
 * Validates a value against the contract's schema and returns the schema's output, or the first issue. A value for
 * which the schema throws, such as JSON nested deeper than the stack, is invalid, because the schema would throw again
 * on every retry.
 */
export async function validateState(contract: EntityContract, value: unknown): Promise<Validation> {
  let result: StandardSchemaV1.Result<State>;
  try {
    result = await contract.schema['~standard'].validate(value);
  } catch (error) {
    return { valid: false, field: '', problem: shortened(`the schema failed on it: ${error}`, MAX_PROBLEM_LENGTH) };
  }
  if (result.issues === undefined) {
    const state: unknown = result.value;
    return typeof state === 'object' && state !== null
      ? { valid: true, state: result.value }
      : { valid: false, field: '', problem: `the schema's output isn't an object: ${quoted(state)}` };
  }
  const [first] = result.issues;
  const more = result.issues.length > 1 ? ` (and ${result.issues.length - 1} more)` : '';
  return {
    valid: false,
    field: shortened(fieldPath(first?.path ?? []), MAX_PROBLEM_LENGTH),
    problem: `${shortened(first?.message ?? 'invalid', MAX_PROBLEM_LENGTH)}${more}`,
  };
}

/** Like `validateState`, but throws `InvalidState` with the field and the schema's first issue. */
export async function checkedState(contract: EntityContract, entity: EntityRef, value: unknown): Promise<State> {
  const validation = await validateState(contract, value);
  if (validation.valid) return validation.state;
  const field = validation.field === '' ? 'state' : `state.${validation.field}`;
  throw new FreshetError(
    `${field}: ${entityName(entity)} doesn't meet the schema of ${contract.type} ` +
      `(version ${contract.schemaVersion}): ${validation.problem}.`,
    { code: 'InvalidState', field, entity },
  );
}

function fieldPath(path: readonly (PropertyKey | StandardSchemaV1.PathSegment)[]): string {
  return path
    .map((segment) => (typeof segment === 'object' ? segment.key : segment))
    .map((key, position) => (typeof key === 'number' ? `[${key}]` : `${position === 0 ? '' : '.'}${String(key)}`))
    .join('');
}
