import { describe, expect, test } from 'vitest';
import { compressed } from '../../core/compression.ts';
import { utf8Bytes } from '../../core/entity.ts';
import {
  assertPlainState,
  canonicalJson,
  canonicalState,
  MAX_COMPRESSED_STATE_BYTES,
  MAX_PLAIN_STATE_BYTES,
  MAX_STATE_BYTES,
  MAX_STATE_DEPTH,
  TOMBSTONE_DIGEST,
} from '../../core/state.ts';
import { noise } from '../support/compressible.ts';
import { product } from '../support/events.ts';

const entity = product();

/** An object with the given number of nested levels. */
function nested(levels: number): object {
  return levels === 0 ? {} : { in: nested(levels - 1) };
}

/** A state whose canonical JSON has exactly the given number of bytes. */
function stateOfBytes(bytes: number): object {
  return { a: 'x'.repeat(bytes - '{"a":""}'.length) };
}

describe('the canonical form of a state', () => {
  test('canonical JSON sorts keys at every level and keeps the order of arrays', () => {
    expect(canonicalState(entity, { b: [3, { d: 1, c: null }], a: true }).json).toBe(
      '{"a":true,"b":[3,{"c":null,"d":1}]}',
    );
  });

  test('the digest stays the same if keys are written in another order', () => {
    const one = canonicalState(entity, JSON.parse('{"a":1,"b":{"c":2,"d":3}}'));
    const other = canonicalState(entity, JSON.parse('{"b":{"d":3.0,"c":2},"a":1e0}'));
    expect(other).toEqual(one);
  });

  test('the digest changes if the items of an array change places', () => {
    expect(canonicalState(entity, { a: [1, 2] }).digest).not.toBe(canonicalState(entity, { a: [2, 1] }).digest);
  });

  test('canonical JSON leaves out a key whose value is undefined', () => {
    expect(canonicalState(entity, { a: 1, b: undefined })).toEqual(canonicalState(entity, { a: 1 }));
  });

  test('canonical JSON keeps a __proto__ key as data', () => {
    const { json } = canonicalState(entity, JSON.parse('{"__proto__":{"admin":true},"a":1}'));
    expect(json).toBe('{"__proto__":{"admin":true},"a":1}');
  });

  test('an object without a prototype has the canonical form of an ordinary object', () => {
    expect(canonicalState(entity, Object.assign(Object.create(null), { a: 1 }))).toEqual(
      canonicalState(entity, { a: 1 }),
    );
  });

  test('an empty state does not have the digest of a tombstone', () => {
    expect(canonicalState(entity, {}).digest).not.toBe(TOMBSTONE_DIGEST);
  });
});

describe('a refused state', () => {
  test.each<[string, unknown, string]>([
    ['it is a text', 'text', 'state'],
    ['it is null', null, 'state'],
    ['it is an array', [{}], 'state'],
    ['it is an array with a BigInt', [1n], 'state'],
    ['it is a function', () => 1, 'state'],
    ['it is a Date', new Date(0), 'state'],
    ['a field is NaN', { a: Number.NaN }, 'state.a'],
    ['a field is Infinity', { a: { b: Number.POSITIVE_INFINITY } }, 'state.a.b'],
    ['a field is a Date', { a: [new Date(0)] }, 'state.a[0]'],
    ['a field is a BigInt', { a: 1n }, 'state.a'],
    ['a field is a function', { a: () => 1 }, 'state.a'],
    ['a field is a symbol', { a: Symbol('s') }, 'state.a'],
    ['a field is a Map', { a: new Map() }, 'state.a'],
    ['a field has no text form at all', { a: Object.create(Object.create(null)) }, 'state.a'],
    ['an item of an array is undefined', { a: [1, undefined] }, 'state.a[1]'],
    ['an array has a hole', { a: Array(2) }, 'state.a[0]'],
    ['it has a method to write itself as JSON', { toJSON: () => ({}) }, 'state.toJSON'],
    ['a text has a lone surrogate', { a: ['\ud800'] }, 'state.a[0]'],
    ['a key has a lone surrogate', { a: { '\udfff': 1 } }, 'state.a'],
    ['a text holds U+FFFF', { a: ['\uffff'] }, 'state.a[0]'],
    ['a key holds U+FFFE', { a: { '\ufffe': 1 } }, 'state.a'],
  ])('a state is refused with the path of the wrong field if %s', (_, state, field) => {
    expect(() => canonicalState(entity, state)).toThrowError(
      expect.objectContaining({ code: 'InvalidState', field, entity }),
    );
  });

  test('a state that contains itself is refused', () => {
    const state: Record<string, unknown> = {};
    state.self = state;
    expect(() => canonicalState(entity, state)).toThrowError(expect.objectContaining({ code: 'InvalidState' }));
  });

  test('a state with 64 nested levels is accepted and one with 65 is refused', () => {
    expect(() => canonicalState(entity, nested(MAX_STATE_DEPTH))).not.toThrow();
    expect(() => canonicalState(entity, nested(MAX_STATE_DEPTH + 1))).toThrowError(
      /nested deeper than the allowed 64 levels/,
    );
  });

  test('a state nested deeper than the stack is refused', () => {
    const deep: unknown = JSON.parse(`{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`);
    expect(() => canonicalState(entity, deep)).toThrowError(/nested deeper than the allowed 64 levels/);
  });

  test('a wrong field with a huge name is refused with a short message', () => {
    const refusal = () => canonicalState(entity, { ['k'.repeat(1_000_000)]: { in: 1n } });
    expect(refusal).toThrowError(/^.{1,600}$/);
  });
});

describe('the size of a state', () => {
  test.each([
    ['ASCII', stateOfBytes(MAX_STATE_BYTES)],
    [
      'characters of three bytes',
      {
        a: `${'漢'.repeat((MAX_STATE_BYTES - 8 - ((MAX_STATE_BYTES - 8) % 3)) / 3)}${'x'.repeat((MAX_STATE_BYTES - 8) % 3)}`,
      },
    ],
  ])('a state of %s may be exactly as large as the limit', (_, state) => {
    expect(utf8Bytes(canonicalState(entity, state).json)).toBe(MAX_STATE_BYTES);
  });

  test('a state one byte over the limit is refused', () => {
    expect(() => canonicalState(entity, stateOfBytes(MAX_STATE_BYTES + 1))).toThrowError(
      expect.objectContaining({
        code: 'StateTooLarge',
        field: 'state',
        message: expect.stringContaining(`${MAX_STATE_BYTES + 1} bytes of JSON. Allowed: at most ${MAX_STATE_BYTES}`),
      }),
    );
  });

  test('a large state is refused by its compressed form, with both sizes', () => {
    const fits = { a: noise(490_000) };
    expect(canonicalState(entity, fits).compressed?.length).toBeLessThanOrEqual(MAX_COMPRESSED_STATE_BYTES);
    const json = JSON.stringify({ a: noise(600_000) });
    expect(() => canonicalState(entity, JSON.parse(json))).toThrowError(
      expect.objectContaining({
        code: 'StateTooLarge',
        message: expect.stringContaining(
          `${json.length} bytes of JSON, which gzip compresses to ${compressed(json).length} bytes. Allowed: at most ` +
            `${MAX_STATE_BYTES} bytes of JSON that gzip compresses to at most ${MAX_COMPRESSED_STATE_BYTES} bytes`,
        ),
      }),
    );
  });

  test('a state that hardly compresses is allowed up to the size of a message', () => {
    const { json, compressed } = canonicalState(entity, { a: noise(MAX_PLAIN_STATE_BYTES - 8) });
    expect([utf8Bytes(json), compressed]).toEqual([MAX_PLAIN_STATE_BYTES, undefined]);
  });

  test('what is stored without compression has a limit of its own', () => {
    expect(() => assertPlainState(entity, stateOfBytes(MAX_PLAIN_STATE_BYTES))).not.toThrow();
    expect(() => assertPlainState(entity, stateOfBytes(MAX_PLAIN_STATE_BYTES + 1))).toThrowError(/too large/);
  });

  test('the size of a state is counted in bytes of JSON, not in characters', () => {
    expect(() => canonicalState(entity, { a: '\u0001'.repeat(MAX_STATE_BYTES / 6) })).toThrowError(/too large/);
  });

  test('the canonical text has no size limit', () => {
    expect(utf8Bytes(canonicalJson(entity, stateOfBytes(MAX_STATE_BYTES + 1)))).toBe(MAX_STATE_BYTES + 1);
  });
});
