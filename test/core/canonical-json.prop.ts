import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalText } from '../../core/canonical-json.ts';
import { anyCharacter } from '../support/characters.ts';

/** Keys and texts of any UTF-16 code units, except lone surrogates, which a state can't have. */
const json = fc.jsonValue({ maxDepth: 6, stringUnit: anyCharacter });

function isTheTextOfRfc8785(textOf: (value: unknown) => string) {
  return fc.property(json, (value) => {
    expect(textOf(value)).toBe(canonicalize(value));
  });
}

test('the canonical text of a JSON value is the text that the library of an author of RFC 8785 writes', () => {
  fc.assert(isTheTextOfRfc8785(canonicalText), { numRuns: 500 });
});

test('mutant: the property fails for keys in the order of JSON.stringify', () => {
  expect(fc.check(isTheTextOfRfc8785(JSON.stringify), { numRuns: 500, endOnFailure: true }).failed).toBe(true);
});

test('keys that look like integers are sorted as texts, as RFC 8785 demands', () => {
  // The example of section 3.2.3, with the order that it gives.
  const given = {
    '\u20ac': 1,
    '\r': 2,
    '\ufb33': 3,
    '1': 4,
    '\ud83d\ude00': 5,
    '\u0080': 6,
    '\u00f6': 7,
    '10': 8,
    '2': 9,
  };
  expect(canonicalText(given)).toBe(
    '{"\\r":2,"1":4,"10":8,"2":9,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}',
  );
});

test('numbers are written as ECMAScript writes them, and negative zero as 0', () => {
  // Some of the samples of appendix B.
  expect(
    [0, -0, 5e-324, 1.7976931348623157e308, 9007199254740992, 295147905179352830000, 1e21, 1e-7].map(canonicalText),
  ).toEqual([
    '0',
    '0',
    '5e-324',
    '1.7976931348623157e+308',
    '9007199254740992',
    '295147905179352830000',
    '1e+21',
    '1e-7',
  ]);
});

test('a key whose value is undefined is left out', () => {
  expect(canonicalText({ b: undefined, a: [{ c: undefined }] })).toBe('{"a":[{}]}');
});
