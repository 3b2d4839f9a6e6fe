import fc from 'fast-check';

const SURROGATES = 0x800;

/**
 * Any character of Unicode. `unit: 'binary'` of fast-check makes the same characters, but each worker first builds a
 * table of all of them, which takes seconds.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .nat({ max: 0x10ffff - SURROGATES })
  .map((code) => String.fromCodePoint(code < 0xd800 ? code : code + SURROGATES));
