import { quoted, shortened } from '../errors.ts';
import { isAsync, isUnawaited } from '../promises.ts';
import type { State } from '../state.ts';
import type { EntityContract, Upcasts } from './contract.ts';
import { firstDifference } from './difference.ts';

/** Maximum length of a schema's issue or an error in a problem, in characters. */
const MAX_PROBLEM_LENGTH = 200;

/** Returns the problem of a contract's upcasts, or undefined if there is none. */
export function upcastsProblem(upcasts: Upcasts, schemaVersion: number): string | undefined {
  const stray = Object.keys(upcasts).find((from) => !(Number(from) >= 1 && Number(from) < schemaVersion));
  if (stray !== undefined) {
    const allowed = `an integer from 1, below the current schema version ${schemaVersion}`;
    return `an upcast starts from version ${quoted(stray)}. Allowed: ${allowed}`;
  }
  const promised = Object.entries(upcasts).find(([, one]) => isAsync(one));
  if (promised === undefined) return undefined;
  return `the upcast from version ${promised[0]} is an async function. Allowed: a function that returns the state itself`;
}

/**
 * Returns a state in the contract's current schema version. Throws whatever an upcast throws.
 *
 * @param from the schema version of `state`
 */
export function upcast({ upcasts, schemaVersion }: EntityContract, from: number, state: State): State {
  let current = state;
  for (let version = from; version < schemaVersion; version += 1) {
    const next: unknown = upcasts[version]?.(current) ?? current;
    if (isUnawaited(next)) throw new Error(`the upcast from version ${version} returned a promise`);
    current = next as State;
  }
  return current;
}

/**
 * Tests a contract's upcasts in the owner's test suite: runs them on sample states of every past schema version and
 * validates each result against the current schema. A cache stores the result of the upcasts and not the schema's
 * output, so a value that only the schema gives, such as a default, is a problem too: give it in an upcast. Returns one
 * text per problem, and an empty list if there are none.
 *
 * @param contract the contract, such as `geography.owns.Country`
 * @param samples states as they were committed, by schema version; each past version needs at least one sample
 */
export async function upcastProblems(
  contract: EntityContract,
  samples: Readonly<Record<number, readonly State[]>>,
): Promise<string[]> {
  const problems: string[] = [];
  for (let version = 1; version < contract.schemaVersion; version += 1) {
    const states = samples[version] ?? [];
    if (states.length === 0) problems.push(`${contract.type} schema version ${version}: no sample`);
    for (const [index, state] of states.entries()) {
      const problem = await problemOf(contract, version, state);
      if (problem !== undefined)
        problems.push(`${contract.type} schema version ${version}, sample ${index}: ${problem}`);
    }
  }
  return problems;
}

async function problemOf(contract: EntityContract, version: number, state: State): Promise<string | undefined> {
  const before = JSON.stringify(state);
  try {
    const upcasted = upcast(contract, version, state);
    const stored = JSON.stringify(upcasted);
    const result = await contract.schema['~standard'].validate(upcasted);
    if (JSON.stringify(state) !== before) return 'an upcast changed the state that was passed to it';
    const [issue] = result.issues ?? [];
    if (issue !== undefined) {
      return `the result doesn't meet the schema: ${shortened(issue.message, MAX_PROBLEM_LENGTH)}`;
    }
    return 'value' in result ? onlyOfSchema(JSON.parse(stored), result.value) : undefined;
  } catch (error) {
    return `failed: ${shortened(String(error), MAX_PROBLEM_LENGTH)}`;
  }
}

/** The first value that only the schema gives; undefined if there is none. The schema may drop values. */
function onlyOfSchema(upcasted: State, output: State): string | undefined {
  const difference = firstDifference(upcasted, JSON.parse(JSON.stringify(output)) as State, 'is ignored');
  if (difference === undefined) return undefined;
  const was = difference.before === undefined ? 'nothing' : quoted(difference.before);
  const path = shortened(difference.path.join('.'), MAX_PROBLEM_LENGTH);
  return `only the schema gives a value: ${path}: ${was} becomes ${quoted(difference.after)}. Give it in an upcast`;
}
