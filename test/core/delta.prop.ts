import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyDelta, deltaOf } from '../../core/delta.ts';
import type { State } from '../../core/state.ts';

const field = fc.oneof(fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor'), fc.string());
const states = fc.dictionary(field, fc.jsonValue(), { maxKeys: 6, noNullPrototype: true }) as fc.Arbitrary<State>;

/** Two states; the second is often the first with a few changes. */
const pairs = fc
  .tuple(states, states, fc.boolean())
  .map(([before, other, isNext]): [State, State] => [before, isNext ? { ...before, ...other } : other]);

/** A copy through JSON, in which `__proto__` is an ordinary field. */
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

function theDeltaLeadsFromOneToTheOther(apply: typeof applyDelta) {
  return fc.property(pairs, ([before, after]) => {
    const delta = copy(deltaOf(copy(before), copy(after)));
    expect(apply(copy(before), delta)).toEqual(copy(after));
    expect(deltaOf(copy(after), copy(after))).toEqual({ changed: {}, removed: [] });
  });
}

test('applying the delta between two states to the first gives the second', () => {
  fc.assert(theDeltaLeadsFromOneToTheOther(applyDelta), { numRuns: 500 });
});

test.each<[string, typeof applyDelta]>([
  ['keeps removed fields', (base, { changed }) => ({ ...base, ...changed })],
  ['assigns field by field', (base, { changed }) => Object.assign({}, base, changed)],
  ['drops unchanged fields', (_, { changed }) => changed],
])('mutant: the property fails for an implementation that %s', (_, mutant) => {
  expect(fc.check(theDeltaLeadsFromOneToTheOther(mutant), { numRuns: 500, endOnFailure: true }).failed).toBe(true);
});
