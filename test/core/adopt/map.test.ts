import { describe, expect, test } from 'vitest';
import { mapItem, wireKey } from '../../../core/adopt/map.ts';
import type { Adoption } from '../../../core/contract/adopted.ts';
import { defineBoundary } from '../../../core/contract/define-boundary.ts';
import { partItem, workshop } from '../../support/adopting.ts';
import { productSchema } from '../../support/boundaries.ts';

const mappedBy = (read: Adoption['read'], rest: Partial<Adoption> = {}) =>
  defineBoundary('file:///stock.ts', {
    name: 'stock',
    owns: { Product: { schema: productSchema, adopted: { read, key: (id) => ({ sku: id, shelf: 0 }), ...rest } } },
  });

const bolt = { sku: { S: 'b1' }, shelf: { N: '0' }, n: { N: '12345678901234567890' } };
const state = { name: 'bolt', price: 1 };

describe('mapping an item', () => {
  test('an item is read by the mapping of its type', () => {
    expect(mapItem(workshop, partItem('p1', 3, 'bolt', 'Lease'))).toMatchObject({
      kind: 'entity',
      found: { entity: { type: 'Lease', id: 'p1' }, version: 3, json: '{"name":"bolt"}' },
    });
    expect(mapItem(workshop, partItem('p1', 3, 'bolt', 'Order'))).toEqual({ kind: 'other' });
  });

  test.each<[string, Adoption['read'], string, RegExp]>([
    ['throws', ({ none }) => ({ id: String((none as string).length), version: 1, state }), 'unmappable', /failed on/],
    ['returns a text', () => 'bolt' as never, 'unmappable', /returned "bolt"/],
    ['gives no id', ({ none }) => ({ id: none, version: 1, state }), 'invalid-id', /not a text/],
    ['gives the reserved id', () => ({ id: 'freshet:heartbeat', version: 1, state }), 'invalid-id', /reserved/],
    ['gives the id of another item', () => ({ id: 'b2', version: 1, state }), 'wrong-key', /"b2"/],
    ['gives no version', ({ sku }) => ({ id: sku, version: undefined, state }), 'invalid-version', /undefined/],
    ['gives version 0', ({ sku }) => ({ id: sku, version: 0, state }), 'invalid-version', /from 1/],
    [
      'gives milliseconds as version',
      ({ sku }) => ({ id: sku, version: 1.8e12, state }),
      'invalid-version',
      /999999999999/,
    ],
    ['gives a list as state', ({ sku }) => ({ id: sku, version: 1, state: [] }), 'invalid-state', /not a JSON object/],
    ['gives a date', ({ sku }) => ({ id: sku, version: 1, state: { at: new Date(0) } }), 'invalid-state', /state\.at/],
    ['reads an inexact number', ({ sku, n }) => ({ id: sku, version: 1, state: { n } }), 'inexact-number', /^n: /],
    ['passes one on', (item) => ({ id: item.sku, version: 1, state: { item } }), 'inexact-number', /^n: /],
  ])('a mapping that %s sets the item aside', (_, read, reason, explanation) => {
    const mapped = mapItem(mappedBy(read), bolt);
    expect(mapped).toMatchObject({ kind: 'refused', reason });
    expect('explanation' in mapped && mapped.explanation).toMatch(explanation);
  });

  test('an item with an inexact number names its entity', () => {
    const inexact = mappedBy(({ sku, n }) => ({ id: sku, version: 1, state: { n } }));
    expect(mapItem(inexact, bolt)).toMatchObject({ entity: { type: 'Product', id: 'b1' }, reason: 'inexact-number' });
  });

  test('an inexact number that the mapping leaves out, or declares, does no harm', () => {
    const without = mappedBy(({ sku }) => ({ id: sku, version: 1, state }));
    expect(mapItem(without, bolt)).toMatchObject({ kind: 'entity' });
    const declared = mappedBy(({ sku, n }) => ({ id: sku, version: 1, state: { n } }), { exactNumbers: ['n'] });
    expect(mapItem(declared, bolt)).toMatchObject({ kind: 'entity', found: { json: '{"n":"12345678901234567890"}' } });
  });

  test.each([
    ['1800000000', 1_800_000_000],
    ['1800000000.9', 1_800_000_000],
    ['-5', 0],
    ['9.9999999999999999999999999999999999999E+125', Number.MAX_SAFE_INTEGER],
    ['1E-130', 0],
  ])('a time to live of %s is kept as %i', (N, expiresAtSeconds) => {
    expect(mapItem(workshop, { ...partItem('a', 1, 'bolt'), ttl: { N } })).toMatchObject({
      found: { expiresAtSeconds },
    });
  });

  test('an item that two mappings read is set aside', () => {
    const adopted: Adoption = { read: ({ sku }) => ({ id: sku, version: 1, state }), key: (id) => ({ sku: id }) };
    const both = defineBoundary('file:///stock.ts', {
      name: 'stock',
      owns: { A: { schema: productSchema, adopted }, B: { schema: productSchema, adopted } },
    });
    expect(mapItem(both, bolt)).toMatchObject({ kind: 'refused', reason: 'two-types' });
  });

  test('a key has texts and numbers, large ones as bigint', () => {
    expect(wireKey({ pk: 'a', sk: 7, big: 12345678901234567890n })).toEqual({
      pk: { S: 'a' },
      sk: { N: '7' },
      big: { N: '12345678901234567890' },
    });
  });
});
