import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compressed, decompressed, NotDecompressed } from '../../core/compression.ts';
import { parseEvent, serialiseEvent } from '../../core/event.ts';
import { canonicalState, MAX_STATE_BYTES } from '../../core/state.ts';
import { anyCharacter } from '../support/characters.ts';
import { CHANGED_AT, PUBLISHED_AT, product } from '../support/events.ts';

const text = fc.string({ unit: anyCharacter }).filter((one) => one.isWellFormed());
const state = fc
  .dictionary(text, fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.array(text), fc.boolean()))
  .map((one) => ({ ...one, padding: 'as long as it takes '.repeat(300) }));

type Form = (json: string) => Uint8Array;

function bothFormsAreTheSameState(form: Form) {
  return fc.property(state, (given) => {
    const { json, digest } = canonicalState(product(), given);
    expect(decompressed(form(json), MAX_STATE_BYTES)).toBe(json);
    const times = { changedAt: CHANGED_AT, publishedAt: PUBLISHED_AT };
    const event = { entity: product(), version: 3, digest, owner: 'catalogue', schemaVersion: 1, ...times };
    const [plain, packed] = [json, form(json)].map((data) => {
      const read = parseEvent(serialiseEvent({ ...event, kind: 'state' }, data));
      if ('reason' in read || read.kind !== 'state') throw new Error('not read as a state');
      return canonicalState(product(), read.data).digest;
    });
    expect([plain, packed]).toEqual([digest, digest]);
  });
}

test('any state is the same, with the same digest, as JSON and in its compressed form', () => {
  fc.assert(bothFormsAreTheSameState(compressed));
});

test('mutant: the property fails for a form that takes characters for bytes', () => {
  const mutant: Form = (json) => compressed(Buffer.from(json, 'latin1').toString('latin1'));
  expect(fc.check(bothFormsAreTheSameState(mutant)).failed).toBe(true);
});

function anyBytesAreReadOrRefused(read: typeof decompressed) {
  const damaged = fc
    .tuple(text, fc.nat(), fc.nat(255))
    .map(([json, at, byte]) => Uint8Array.from(compressed(json)).fill(byte, at % 60, (at % 60) + 1));
  return fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), (bytes) => {
    try {
      expect(Buffer.byteLength(read(bytes, 1_000))).toBeLessThanOrEqual(1_000);
    } catch (error) {
      expect(error).toBeInstanceOf(NotDecompressed);
    }
  });
}

test('any bytes are decompressed within the limit or refused', () => {
  fc.assert(anyBytesAreReadOrRefused(decompressed), { numRuns: 1_000 });
});

test('mutant: the property fails for a reader that lets the errors of zlib through', () => {
  const mutant: typeof decompressed = (bytes, maxBytes) => {
    try {
      return decompressed(bytes, maxBytes);
    } catch (error) {
      throw (error as NotDecompressed).cause;
    }
  };
  expect(fc.check(anyBytesAreReadOrRefused(mutant), { numRuns: 1_000 }).failed).toBe(true);
});
