import type { EntityContract } from './contract.ts';
import { quoted, shortened } from './errors.ts';
import type { State } from './state.ts';

/** Turns a state of one schema version into one of the next. Pure: no clock, no calls, and it doesn't change what it is given. */
export type Upcast = (state: State) => State;

/** Upcasts by the schema version that they start from. */
export type Upcasts = Readonly<Record<number, Upcast>>;

/** What is wrong with a contract's upcasts; undefined if nothing is. */
export function upcastsProblem(upcasts: Upcasts, schemaVersion: number): string | undefined {
  const stray = Object.keys(upcasts).find((from) => !(Number(from) >= 1 && Number(from) < schemaVersion));
  if (stray === undefined) return undefined;
  return `one starts from ${quoted(stray)}. Allowed: the schema versions before the current one, ${schemaVersion}`;
}

/** A state as the contract's current schema version has it. Throws what an upcast throws. */
export function upcast({ upcasts, schemaVersion }: EntityContract, from: number, state: State): State {
  let current = state;
  for (let version = from; version < schemaVersion; version += 1) current = upcasts[version]?.(current) ?? current;
  return current;
}

/**
 * For an owner's tests: runs the contract's upcasts over sample states of every past schema version and holds each result against the
 * current schema. Returns the problems, one text each; none if all is well.
 *
 * @param samples states as they were committed, by their schema version; each past version needs at least one
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
    const result = await contract.schema['~standard'].validate(upcast(contract, version, state));
    if (JSON.stringify(state) !== before) return 'an upcast changed the state that it was given';
    const [issue] = result.issues ?? [];
    return issue && `the result doesn't meet the schema: ${shortened(issue.message, 200)}`;
  } catch (error) {
    return `failed: ${shortened(String(error), 200)}`;
  }
}
