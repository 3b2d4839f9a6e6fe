import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { State } from '../state.ts';
import type { EntityContract } from './contract.ts';
import { droppedKey, SPECIAL_KEYS } from './lost-value.ts';
import { invalid, runSchema, type Validation } from './validate.ts';

/** Most runs of a schema on one state. A schema may report one unknown field a run. */
const MAX_RUNS = 20;

/** A value that JSON can't contain and that a schema therefore refuses. */
const NO_JSON = Symbol('a value that is not JSON');

/**
 * Validates a state in a cache, without the fields that the cache's schema doesn't know. The owner may have added such
 * a field since the cache was deployed, and a strict schema would refuse it. Returns the first issue, or undefined if
 * there is none. The schema's output isn't used: a cache stores what the owner committed.
 */
export async function stateProblem(
  contract: EntityContract,
  state: unknown,
): Promise<Extract<Validation, { valid: false }> | undefined> {
  const issues = await issuesOf(contract, state);
  return issues.length === 0 ? undefined : invalid(issues);
}

/**
 * Validates the fields of a state that a cache keeps, after a change of some of them. `unchecked`: the schema can't
 * check a changed field without the fields that the cache doesn't keep, or refuses one by a rule that may have looked
 * at those fields.
 *
 * @param kept the names of all fields that the cache keeps
 * @param changed the names of the kept fields that were changed or removed
 */
export async function partProblem(
  contract: EntityContract,
  part: State,
  { kept, changed }: { readonly kept: readonly string[]; readonly changed: readonly string[] },
): Promise<Extract<Validation, { valid: false }> | 'unchecked' | undefined> {
  if (changed.length === 0) return undefined;
  const issues = await issuesOf(contract, part);
  if (issues.length === 0) return undefined;
  const ofKept = issues.filter((issue) => kept.includes(fieldOf(issue) ?? ''));
  // A rule about several fields runs only after each field is valid by itself.
  const isByItself = issues.some((issue) => fieldOf(issue) !== undefined && !isOfRule(issue));
  if (ofKept.length > 0) return isByItself ? invalid(ofKept) : 'unchecked';
  // All issues are about fields that the cache doesn't keep, or about the whole state. The schema may have stopped at
  // one of them, so make sure that it looks at the changed fields.
  const probe = { ...part, ...Object.fromEntries(changed.map((field) => [field, NO_JSON])) };
  const checked = new Set((await issuesOf(contract, probe)).map(fieldOf));
  const isChecked = issues.every((issue) => fieldOf(issue) !== undefined) && changed.every((one) => checked.has(one));
  return isChecked ? undefined : 'unchecked';
}

/** The issues of a schema with a state, except for fields that the schema doesn't know. A dropped key is an issue. */
async function issuesOf(contract: EntityContract, state: unknown): Promise<readonly StandardSchemaV1.Issue[]> {
  let known = state;
  let issues: readonly StandardSchemaV1.Issue[] = [];
  for (let run = 1; run <= MAX_RUNS; run += 1) {
    const result = await runSchema(contract, known);
    if (!('issues' in result)) {
      const dropped = droppedKey(known, result.state);
      return dropped === undefined ? [] : [{ message: dropped.problem, path: dropped.path }];
    }
    ({ issues } = result);
    // A special key stays an issue: no owner stores one that its schema doesn't know.
    const unknown = issues.flatMap(unknownFields).filter((path) => !SPECIAL_KEYS.includes(String(path.at(-1))));
    if (unknown.length === 0) break;
    known = unknown.reduce(without, known);
  }
  return issues;
}

/**
 * The paths of the fields that an issue reports as unknown. Standard Schema doesn't define such an issue, so this
 * function knows the issues of the libraries.
 */
function unknownFields(issue: StandardSchemaV1.Issue): PropertyKey[][] {
  const { code, keys, expected } = issue as { code?: unknown; keys?: unknown; expected?: unknown };
  const path = keysOf(issue);
  // zod reports the object and the names of its unknown fields.
  if (code === 'unrecognized_keys' && Array.isArray(keys)) return keys.map((key) => [...path, String(key)]);
  // valibot expects `never`, and arktype that the field is removed. Both report the field's own path.
  return path.length > 0 && (expected === 'never' || expected === 'removed') ? [path] : [];
}

/**
 * Whether an issue comes from a function of the contract, such as one of zod's `refine`. Its path names the field that
 * the function was told to report, and the function may have looked at others.
 */
function isOfRule(issue: StandardSchemaV1.Issue): boolean {
  const { code, kind, type } = issue as { code?: unknown; kind?: unknown; type?: unknown };
  // zod · arktype · valibot
  return code === 'custom' || code === 'predicate' || (kind === 'validation' && /check/.test(String(type)));
}

function keysOf({ path = [] }: StandardSchemaV1.Issue): PropertyKey[] {
  return [...path].map((segment) => (typeof segment === 'object' ? segment.key : segment));
}

/** The top-level field that an issue is about; undefined if it is about the whole state. */
function fieldOf(issue: StandardSchemaV1.Issue): string | undefined {
  const [first] = keysOf(issue);
  return first === undefined ? undefined : String(first);
}

/** A copy of a value without the field at a path. */
function without(value: unknown, [key, ...rest]: readonly PropertyKey[]): unknown {
  if (key === undefined || typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return value;
  const inner = (value as Record<PropertyKey, unknown>)[key];
  if (Array.isArray(value)) return value.with(Number(key), without(inner, rest));
  const entries = Object.entries(value).filter(([name]) => name !== key);
  return Object.fromEntries(rest.length === 0 ? entries : [...entries, [key, without(inner, rest)]]);
}
