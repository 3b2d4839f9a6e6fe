import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { EntityContract } from '../../../core/contract/contract.ts';
import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import { upcastProblems } from '../../../core/contract/upcast.ts';
import { checkedState } from '../../../core/contract/validate.ts';
import { projectBatch } from '../../../core/project/batch.ts';
import { compare } from '../../../core/repair/compare.ts';
import type { State } from '../../../core/state.ts';
import { schemaOf } from '../../support/boundaries.ts';
import { message, owned, product } from '../../support/events.ts';
import { inMemoryCache, projectionOf } from '../../support/in-memory-cache.ts';

const slashed = z.string().transform((text) => `/${text}`);

function contractOf(schema: unknown, changes: Partial<EntityContract> = {}): EntityContract {
  const owner = defineBoundary('file:///owner.ts', {
    name: 'catalogue',
    owns: { Product: { schema: schema as EntityContract['schema'] } },
  });
  return { ...owner.owns.Product, ...changes };
}

describe('a schema at its owner', () => {
  test.each<[string, unknown, unknown, string, string]>([
    ['a transform', z.object({ slug: slashed }), { slug: 'a' }, 'state.slug', '"/a" becomes "//a"'],
    [
      'a transform inside a list',
      z.object({ pages: z.array(z.object({ slug: slashed })) }),
      { pages: [{ slug: 'a' }] },
      'state.pages[0].slug',
      '"/a" becomes "//a"',
    ],
    [
      'a transform that adds a field',
      z.looseObject({ n: z.number() }).transform((state) => ({ ...state, n: state.n + 1, [`was${state.n}`]: true })),
      { n: 1 },
      'state.n',
      '2 becomes 3',
    ],
    [
      'a preprocess step',
      z.object({ n: z.preprocess((given) => Number(given) * 2, z.number()) }),
      { n: '1' },
      'state.n',
      '2 becomes 4',
    ],
    [
      'a coercion of a transformed value',
      z.object({
        n: z.coerce
          .number()
          .transform(String)
          .pipe(z.string().transform((text) => `${text}0`)),
      }),
      { n: 1 },
      'state.n',
      '"10" becomes "100"',
    ],
    [
      'a transform to the current time',
      schemaOf(
        (() => {
          let now = 0;
          return () => ({ value: { at: ++now } });
        })(),
      ),
      {},
      'state.at',
      '1 becomes 2',
    ],
  ])('%s that changes its own output is refused with the field and both values', async (_, schema, state, field, how) => {
    await expect(checkedState(contractOf(schema), product(), state)).rejects.toMatchObject({
      code: 'InvalidState',
      field,
      message: expect.stringContaining(`the schema changes its own output: ${how}`),
    });
  });

  test('a schema that refuses its own output is refused with the field and the reason', async () => {
    const length = z.object({ name: z.string().transform((text) => text.length) });
    await expect(checkedState(contractOf(length), product(), { name: 'bolt' })).rejects.toMatchObject({
      code: 'InvalidState',
      field: 'state.name',
      message: expect.stringContaining('the schema refuses its own output: Invalid input: expected string'),
    });
  });

  test.each<[string, unknown, unknown, unknown]>([
    ['trims a text', z.object({ name: z.string().trim() }), { name: ' bolt ' }, { name: 'bolt' }],
    ['has a default', z.object({ tags: z.array(z.string()).default([]) }), {}, { tags: [] }],
    ['coerces to a number', z.object({ n: z.coerce.number() }), { n: '2' }, { n: 2 }],
    ['drops unknown fields', z.object({ n: z.number() }), { n: 2, m: 3 }, { n: 2 }],
    [
      'orders its keys differently',
      schemaOf((given) => ({ value: Object.fromEntries(Object.entries(given as State).reverse()) })),
      { a: 1, b: 2 },
      { a: 1, b: 2 },
    ],
  ])('a schema that %s and accepts its own output unchanged is allowed', async (_, schema, state, stored) => {
    expect(await checkedState(contractOf(schema), product(), state)).toEqual(stored);
  });
});

describe('a schema in a cache', () => {
  const cacheOf = (contract: EntityContract, options: Parameters<typeof keep>[1] = {}) =>
    defineBoundary('file:///shop.ts', { name: 'shop', caches: { Product: keep(contract, options) } });

  test.each<[string, unknown, State]>([
    ['has a transform', z.object({ slug: slashed }), { slug: '/a' }],
    ['has a default', z.object({ slug: z.string(), tags: z.array(z.string()).default([]) }), { slug: '/a' }],
    ['coerces', z.object({ slug: z.coerce.string() }), { slug: 5 }],
    ['drops a field', z.object({}), { slug: '/a' }],
  ])("a cache whose schema %s stores the owner's value unchanged", async (_, schema, state) => {
    const cache = inMemoryCache();
    const sent = owned(product(), 1, state);
    await projectBatch(projectionOf(cacheOf(contractOf(schema)), cache.ports), [message(sent)]);
    expect(cache.stored.get('Product/p1')).toMatchObject({ dataJson: sent.stateJson, digest: sent.digest });
  });

  test('a cache that keeps a selection of fields stores them as the owner committed them', async () => {
    const cache = inMemoryCache();
    const contract = contractOf(z.object({ slug: slashed, n: z.number() }));
    const boundary = cacheOf(contract, { fields: ['slug'] });
    const sent = owned(product(), 1, { slug: '/a', n: 1 });
    await projectBatch(projectionOf(boundary, cache.ports), [message(sent)]);
    expect(cache.stored.get('Product/p1')?.dataJson).toBe('{"slug":"/a"}');
  });

  test("a comparison finds a cached value that differs from the owner's, whatever the schema makes of it", async () => {
    const kept = keep(contractOf(z.object({ slug: slashed })));
    const sent = owned(product(), 1, { slug: '/a' });
    const cached = (dataJson: string) => ({ version: 1, digest: sent.digest, dataJson, stopMarker: undefined });
    expect(compare(sent, cached('{"slug":"//a"}'), kept)).toBe('different');
    expect(compare(sent, cached('{"slug":"/a"}'), kept)).toBe('equal');
  });
});

describe('the test of upcasts', () => {
  test.each<[string, unknown, State, string]>([
    ['adds a default', z.object({ tags: z.array(z.string()).default([]) }), {}, 'tags: nothing becomes []'],
    ['transforms a field', z.object({ slug: slashed }), { slug: 'a' }, 'slug: "a" becomes "/a"'],
  ])('a past version is reported if only the schema %s, since caches store the result of the upcasts', async (...given) => {
    const [, schema, sample, problem] = given;
    const contract = contractOf(schema, { schemaVersion: 2 });
    expect(await upcastProblems(contract, { 1: [sample] })).toEqual([
      expect.stringContaining(`Product schema version 1, sample 0: only the schema gives a value: ${problem}`),
    ]);
  });

  test('a past version with a field that the current schema drops is not reported', async () => {
    const contract = contractOf(z.object({ n: z.number() }), { schemaVersion: 2 });
    expect(await upcastProblems(contract, { 1: [{ n: 1, old: true }] })).toEqual([]);
  });
});
