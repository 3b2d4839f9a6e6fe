import { describe, expect, test, vi } from 'vitest';
import type { Upcasts } from '../../../core/contract/contract.ts';
import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import { upcast, upcastProblems } from '../../../core/contract/upcast.ts';
import { projectBatch } from '../../../core/project/batch.ts';
import type { State } from '../../../core/state.ts';
import { productSchema } from '../../support/boundaries.ts';
import { eventBody, message, owned, product } from '../../support/events.ts';
import { inMemoryCache, projectionOf } from '../../support/in-memory-cache.ts';

/** Version 1 has `title` and `cents`, version 2 has `name` and `cents`, version 3 has `name` and `price`. */
const upcasts: Upcasts = {
  1: ({ title, ...rest }) => ({ ...rest, name: title ?? null }),
  2: ({ cents, ...rest }) => ({ ...rest, price: Number(cents) / 100 }),
};

const owner = (given: Upcasts = upcasts) =>
  defineBoundary('file:///owner.ts', {
    name: 'catalogue',
    owns: { Product: { schema: productSchema, schemaVersion: 3, upcasts: given } },
  });

const contract = owner().owns.Product;
const cacheOf = (given?: Upcasts) =>
  defineBoundary('file:///cache.ts', { name: 'shop', caches: { Product: keep(owner(given).owns.Product) } });

describe('upcasts', () => {
  test('upcasts turn a state of any past version into one of the current version', () => {
    expect(upcast(contract, 1, { title: 'bolt', cents: 250 })).toEqual({ name: 'bolt', price: 2.5 });
    expect(upcast(contract, 2, { name: 'bolt', cents: 250 })).toEqual({ name: 'bolt', price: 2.5 });
    expect(upcast(contract, 3, { name: 'bolt', price: 2.5 })).toEqual({ name: 'bolt', price: 2.5 });
  });

  test('an async upcast is refused when the boundary is defined', () => {
    expect(() => owner({ 1: async (state: State) => state } as never)).toThrowError(
      expect.objectContaining({ code: 'InvalidContract', message: expect.stringContaining('an async function') }),
    );
  });

  test('a promise that an upcast returns parks the event, and does not end the process when it fails', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const cache = inMemoryCache();
    const boundary = cacheOf({ 2: () => Promise.reject(new Error('down')) as never });
    const body = eventBody(owned(product(), 1), { schemaVersion: 2 });
    await projectBatch(projectionOf(boundary, cache.ports), [message(owned(product(), 1), { body })]);
    await new Promise(setImmediate);
    process.off('unhandledRejection', unhandled);
    expect(cache.everParked).toMatchObject([
      { reason: 'invalid', explanation: expect.stringContaining('the upcast from version 2 returned a promise') },
    ]);
    expect(unhandled).not.toHaveBeenCalled();
  });

  test('a version whose states the next version accepts needs no upcast', () => {
    expect(upcast(owner({ 2: upcasts[2] as never }).owns.Product, 1, { name: 'bolt', cents: 1 })).toEqual({
      name: 'bolt',
      price: 0.01,
    });
  });

  test.each([0, 3, 4, -1])('an upcast from version %d is refused if the current version is 3', (from) => {
    expect(() => owner({ [from]: (state) => state })).toThrowError(
      expect.objectContaining({ code: 'InvalidContract', field: 'owns.Product.upcasts' }),
    );
  });
});

describe('an event of an older schema version', () => {
  const old = (state: State, schemaVersion: number) =>
    message(owned(product(), 1, state), { body: eventBody(owned(product(), 1, state), { schemaVersion }) });

  test('an event of an older schema version is stored upcast, with the digest of the committed state', async () => {
    const cache = inMemoryCache();
    const state = { title: 'bolt', cents: 250 };
    await projectBatch(projectionOf(cacheOf(), cache.ports), [old(state, 1)]);
    expect(cache.stored.get('Product/p1')).toMatchObject({
      dataJson: '{"name":"bolt","price":2.5}',
      digest: owned(product(), 1, state).digest,
      schemaVersion: 3,
    });
  });

  test.each<[string, Upcasts, RegExp]>([
    [
      'fails',
      {
        1: () => {
          throw new Error('no title');
        },
      },
      /^the upcast failed: Error: no title/,
    ],
    [
      'returns a state that the schema refuses',
      { 1: ({ title, ...rest }) => ({ ...rest, title: title ?? '' }) },
      /^data\.name: not a text/,
    ],
    [
      'returns a value that JSON cannot represent',
      { 1: () => ({ name: 'bolt', price: 1, tags: [Number.NaN] }) },
      /not a finite number/,
    ],
  ])('an event is parked as invalid if its upcast %s', async (_, given, explanation) => {
    const cache = inMemoryCache();
    await projectBatch(projectionOf(cacheOf({ ...upcasts, ...given }), cache.ports), [
      old({ title: 'bolt', cents: 250 }, 1),
    ]);
    expect(cache.everParked).toMatchObject([{ reason: 'invalid', explanation: expect.stringMatching(explanation) }]);
  });
});

describe('upcastProblems', () => {
  const samples = { 1: [{ title: 'bolt', cents: 250 }], 2: [{ name: 'nut', cents: 1 }] };

  test('upcastProblems returns no problem if all samples of all past versions meet the current schema', async () => {
    expect(await upcastProblems(contract, samples)).toEqual([]);
  });

  test('upcastProblems reports a past version without a sample', async () => {
    expect(await upcastProblems(contract, { 1: samples[1] })).toEqual(['Product schema version 2: no sample']);
  });

  test.each<[string, Upcasts, RegExp]>([
    [
      'throws',
      {
        1: () => {
          throw new Error('no');
        },
      },
      /version 1, sample 0: failed: Error: no/,
    ],
    [
      'leaves out a field',
      { 1: () => ({ cents: 1 }) },
      /version 1, sample 0: the result doesn't meet the schema: not a text/,
    ],
    [
      'changes its argument',
      {
        1: (state) => {
          (state as Record<string, string>).name = 'bolt';
          return state;
        },
      },
      /version 1, sample 0: an upcast changed the state/,
    ],
  ])('upcastProblems reports an upcast that %s', async (_, given, problem) => {
    const [first] = await upcastProblems(owner({ ...upcasts, ...given }).owns.Product, samples);
    expect(first).toMatch(problem);
  });
});
