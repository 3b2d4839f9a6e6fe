import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyDelta, deltaOf } from '../../core/delta.ts';
import type { State } from '../../core/state.ts';

const field = fc.oneof(fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor'), fc.string());
const states = fc.dictionary(field, fc.jsonValue(), { maxKeys: 6, noNullPrototype: true }) as fc.Arbitrary<State>;

/** Two states, of which the second often is the first with a few changes. */
const pairs = fc
  .tuple(states, states, fc.boolean())
  .map(([before, other, isNext]): [State, State] => [before, isNext ? { ...before, ...other } : other]);

/** As JSON carries it: what has a prototype's name is a field like any other. */
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

function theDeltaLeadsFromOneToTheOther(apply: typeof applyDelta) {
  return fc.property(pairs, ([before, after]) => {
    const delta = copy(deltaOf(copy(before), copy(after)));
    expect(apply(copy(before), delta)).toEqual(copy(after));
    expect(deltaOf(copy(after), copy(after))).toEqual({ changed: {}, removed: [] });
  });
}

test('what changed between any two states, applied to the first, gives the second', () => {
  fc.assert(theDeltaLeadsFromOneToTheOther(applyDelta), { numRuns: 500 });
});

test.each<[string, typeof applyDelta]>([
  ['that keeps removed fields', (base, { changed }) => ({ ...base, ...changed })],
  ['that assigns field by field', (base, { changed }) => Object.assign({}, base, changed)],
  ['that forgets what did not change', (_, { changed }) => changed],
])('mutant: one %s is found', (_, mutant) => {
  expect(fc.check(theDeltaLeadsFromOneToTheOther(mutant), { numRuns: 500 }).failed).toBe(true);
});
