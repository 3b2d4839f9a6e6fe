import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { EntityContract } from '../../../core/contract/contract.ts';
import { defineBoundary } from '../../../core/contract/define-boundary.ts';
import { checkedState } from '../../../core/contract/validate.ts';
import type { State } from '../../../core/state.ts';
import { schemaOf } from '../../support/boundaries.ts';
import { product } from '../../support/events.ts';

function contractOf(schema: unknown): EntityContract {
  const owner = defineBoundary('file:///owner.ts', {
    name: 'catalogue',
    owns: { Product: { schema: schema as EntityContract['schema'] } },
  });
  return owner.owns.Product;
}

/** A map of texts, as valibot reads it. */
const map = schemaOf((given) => {
  const kept = Object.entries(given as State).filter(
    ([key]) => !['__proto__', 'constructor', 'prototype'].includes(key),
  );
  return { value: Object.fromEntries(kept) };
});

describe('a key with a special meaning in JavaScript', () => {
  test.each<[string, unknown, string, string]>([
    ['a map of zod', z.record(z.string(), z.unknown()), '{"a":1,"__proto__":{"b":2}}', 'state.__proto__'],
    ['an open object of zod', z.looseObject({}), '{"__proto__":1}', 'state.__proto__'],
    ['an object of zod', z.object({}), '{"__proto__":1}', 'state.__proto__'],
    [
      'a map inside a list',
      z.object({ list: z.array(z.record(z.string(), z.number())) }),
      '{"list":[{"a":1},{"__proto__":1}]}',
      'state.list[1].__proto__',
    ],
    ['a map of valibot', map, '{"constructor":1}', 'state.constructor'],
    ['a map of valibot', map, '{"prototype":1}', 'state.prototype'],
  ])('in %s it is refused instead of being lost', async (_, schema, json, field) => {
    await expect(checkedState(contractOf(schema), product(), JSON.parse(json))).rejects.toMatchObject({
      code: 'InvalidState',
      field,
      message: expect.stringContaining('the schema drops this key'),
    });
  });

  test('a key that the schema keeps is stored', async () => {
    const schema = z.object({ constructor: z.string(), prototype: z.record(z.string(), z.string()) });
    const state = { constructor: 'Lotus', prototype: { constructor: 'Chapman' } };
    expect(await checkedState(contractOf(schema), product(), state)).toEqual(state);
  });

  test('a state that contains itself is refused and not searched forever', async () => {
    const state: Record<string, unknown> = {};
    state.a = state;
    state.b = state;
    await expect(checkedState(contractOf(z.looseObject({})), product(), state)).rejects.toMatchObject({
      code: 'InvalidState',
    });
  });
});

describe('a number that is given as a text', () => {
  const schema = contractOf(z.object({ n: z.coerce.number() }));

  test.each([
    '12345678901234567890',
    '0.1234567890123456789012',
    12345678901234567890n,
    ' 12345678901234567890\t',
    '+12345678901234567890',
    '12345678901234567890.',
    '.1234567890123456789012',
    '0x1FFFFFFFFFFFFFFF',
    '0b111111111111111111111111111111111111111111111111111111',
    '0o777777777777777777',
  ])('the coercion of %s is refused, because the schema rounds it', async (n) => {
    await expect(checkedState(schema, product(), { n })).rejects.toMatchObject({
      code: 'InvalidState',
      field: 'state.n',
      message: expect.stringContaining(`the schema rounds ${n} to ${Number(n)}`),
    });
  });

  test.each([
    '12',
    '1.0',
    '1e2',
    7n,
    ' 12 ',
    '+12',
    '.5',
    '5.',
    '0x1F',
    '',
    '007',
  ])('the coercion of %s is stored', async (n) => {
    expect(await checkedState(schema, product(), { n })).toEqual({ n: Number(n) });
  });
});
