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

test('the digest of a state does not depend on the order of its keys', () => {
  fc.assert(orderOfKeysDoesNotMatter((state) => canonicalState(product(), state).digest));
});

test('mutant: the property fails for a digest of the text as it was given', () => {
  expect(fc.check(orderOfKeysDoesNotMatter((state) => JSON.stringify(state))).failed).toBe(true);
});

function stateReadsBackAsItWas(textOf: (state: unknown) => string) {
  return fc.property(json, (state) => {
    // JSON has no -0.
    expect(JSON.parse(textOf(state))).toEqual(JSON.parse(JSON.stringify(state)));
  });
}

test('parsing canonical JSON returns the same state', () => {
  fc.assert(stateReadsBackAsItWas((state) => canonicalState(product(), state).json));
});

test('mutant: the property fails for a text without nulls', () => {
  const mutant = stateReadsBackAsItWas((state) => JSON.stringify(state, (_, value) => value ?? undefined));
  expect(fc.check(mutant).failed).toBe(true);
});
