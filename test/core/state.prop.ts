import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalState } from '../../core/state.ts';
import { product } from '../support/events.ts';

const json = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 }), { maxKeys: 6 }).filter(isWellFormed);

function isWellFormed(value: unknown): boolean {
  return !/\\ud[89a-f]/i.test(JSON.stringify(value));
}

/** The same value with the keys of every object written in the opposite order. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reordered(item)]),
  );
}

function orderOfKeysDoesNotMatter(digestOf: (state: unknown) => string) {
  return fc.property(json, (state) => {
    expect(digestOf(reordered(state))).toBe(digestOf(state));
  });
}

test('a digest is the same in whatever order the keys are written', () => {
  fc.assert(orderOfKeysDoesNotMatter((state) => canonicalState(product(), state).digest));
});

test('mutant: the digest of the text as it was given is found', () => {
  expect(fc.check(orderOfKeysDoesNotMatter((state) => JSON.stringify(state))).failed).toBe(true);
});

function stateReadsBackAsItWas(textOf: (state: unknown) => string) {
  return fc.property(json, (state) => {
    // JSON has one zero.
    expect(JSON.parse(textOf(state))).toEqual(JSON.parse(JSON.stringify(state)));
  });
}

test('a state reads back as it was', () => {
  fc.assert(stateReadsBackAsItWas((state) => canonicalState(product(), state).json));
});

test('mutant: a text that leaves out nulls is found', () => {
  const mutant = stateReadsBackAsItWas((state) => JSON.stringify(state, (_, value) => value ?? undefined));
  expect(fc.check(mutant).failed).toBe(true);
});
