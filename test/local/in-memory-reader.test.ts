import { describe, expect, test } from 'vitest';
import type { Boundary } from '../../core/contract/contract.ts';
import { defineBoundary, keep } from '../../core/contract/define-boundary.ts';
import { inMemoryReader } from '../../local/in-memory-reader.ts';
import { pantry, readerContract, STOCK } from '../adapters/read/reader-contract.ts';
import { catalogue, shop } from '../support/boundaries.ts';

readerContract((stalenessMs) => inMemoryReader<Boundary>(pantry, STOCK, { stalenessMs }));

describe('a reader in memory', () => {
  test('a reader in memory keeps the highest version of an entity that is given more than once, like a cache', async () => {
    const product = (name: string) => ({ name, price: 1 });
    const reader = await inMemoryReader(shop, [
      { type: 'Product', id: 'p', version: 2, state: product('newer') },
      { type: 'Product', id: 'p', version: 1, state: product('older') },
      { type: 'Product', id: 'q', version: 1, state: product('older') },
      { type: 'Product', id: 'q', version: 2 },
    ]);
    expect(await reader.get('Product', 'p')).toMatchObject({ version: 2, value: { name: 'newer' } });
    expect(await reader.get('Product', 'q')).toMatchObject({ version: 2, status: 'deleted' });
  });

  test.each([
    ['a state that the contract does not take', { type: 'Product', id: 'p', state: { name: 1 } }, 'InvalidState'],
    ['a type that the cache does not keep', { type: 'Label', id: 'p', state: { name: '' } }, 'UnknownEntityType'],
    ['an id that no entity can have', { type: 'Product', id: '' }, 'InvalidEntityId'],
  ])('a reader in memory refuses %s', async (_, given, code) => {
    await expect(inMemoryReader<Boundary>(shop, [given])).rejects.toMatchObject({ name: 'FreshetError', code });
  });

  test('a reader in memory is ready and not stale by default', async () => {
    const boundary = defineBoundary(import.meta.url, {
      name: 'both',
      caches: { Product: keep(catalogue.owns.Product), Label: keep(catalogue.owns.Label) },
    });
    const reader = await inMemoryReader(boundary, [], { readiness: { Label: { status: 'empty' } } });
    expect(await reader.readiness('Product')).toMatchObject({ status: 'ready' });
    expect(await reader.get('Product', 'p', { maxStalenessMs: 0 })).toMatchObject({ stalenessMs: 0 });
    expect(await reader.readiness('Label')).toEqual({ status: 'empty' });
  });
});
