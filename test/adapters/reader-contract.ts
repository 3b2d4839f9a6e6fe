import { beforeAll, describe, expect, test } from 'vitest';
import type { Reader } from '../../adapters/cache-table.ts';
import { defineBoundary, keep } from '../../core/contract.ts';
import { tableKey } from '../../core/entity.ts';
import type { Page } from '../../core/read.ts';
import type { GivenEntity } from '../../local/in-memory-reader.ts';
import { lab } from '../support/lab.ts';
import { WORST_ID } from '../support/nasty-ids.ts';

/** Keeps two fields of Thing and lists it by one of them; keeps Other whole. */
export const pantry = defineBoundary(import.meta.url, {
  name: 'pantry',
  caches: {
    Thing: keep(lab.owns.Thing, { fields: ['region', 'name'], indexes: { region: 'region' } }),
    Other: keep(lab.owns.Other),
  },
});

const CHANGED_AT = '2026-11-23T12:00:00.000Z';
const ids = [...Array.from({ length: 60 }, (_, n) => `id-${n}`), 'Z', 'a', 'é', '漢', '😀', '\ufffd\ufffd', WORST_ID];
const regionOf = (id: string) => (id.length % 2 === 0 ? 'Europe' : 'Asia');

/** Things of two regions, some of them deleted, and another type beside them. */
export const STOCK: readonly GivenEntity[] = [
  ...ids.map((id) => ({
    type: 'Thing',
    id,
    version: 3,
    changedAt: CHANGED_AT,
    state: { region: regionOf(id), name: id, secret: 'not kept' },
  })),
  ...[1, 2, 3].map((n) => ({ type: 'Thing', id: `gone-${n}`, version: 4, changedAt: CHANGED_AT })),
  { type: 'Thing', id: 'nowhere', state: { region: null, name: 'nowhere' } },
  { type: 'Other', id: 'id-0', state: { region: 'Europe' } },
];

/** What every reader promises; `open` gives one over a cache that holds `STOCK`. */
export function readerContract(open: () => Promise<Reader>): void {
  let reader: Reader;

  beforeAll(async () => {
    reader = await open();
  });

  describe('a reader', () => {
    test('finds what is there with version, time and the fields that are kept', async () => {
      expect(await reader.get('Thing', '漢')).toEqual({
        status: 'found',
        id: '漢',
        version: 3,
        changedAt: CHANGED_AT,
        value: { region: 'Asia', name: '漢' },
      });
    });

    test('tells deleted from unknown, and a type from another', async () => {
      expect(await reader.get('Thing', 'gone-1')).toEqual({
        status: 'deleted',
        id: 'gone-1',
        version: 4,
        changedAt: CHANGED_AT,
      });
      expect(await reader.get('Thing', 'never')).toEqual({ status: 'unknown', id: 'never' });
      expect(await reader.get('Other', 'a')).toEqual({ status: 'unknown', id: 'a' });
    });

    test('answers for many in the order asked for, duplicates too', async () => {
      const asked = ['never', ...ids.toReversed(), 'gone-2', 'a', 'never'];
      const answers = await reader.getMany('Thing', asked);
      expect(answers.map(({ id }) => id)).toEqual(asked);
      expect(answers).toContainEqual(await reader.get('Thing', WORST_ID));
      expect(await reader.getMany('Thing', [])).toEqual([]);
    });

    test.each([1, 7, 1000])('lists each living entity once on pages of %d, always in the same order', async (limit) => {
      const pages = await allPages((cursor) => reader.list('Thing', { limit, cursor }));
      expect(pages.every((page) => page.length <= limit)).toBe(true);
      expect(pages.flat().toSorted()).toEqual([...ids, 'nowhere'].toSorted());
      expect(pages.flat()).toEqual((await reader.list('Thing', { limit: 1000 })).items.map(({ id }) => id));
    });

    test('lists by partition, in each by the bytes of the id', async () => {
      const { items } = await reader.list('Thing', { limit: 1000 });
      const key = (id: string) => Buffer.from(`${tableKey({ type: 'Thing', id }).pk} ${id}`);
      const listed = items.map(({ id }) => id);
      expect(listed).toEqual(listed.toSorted((a, b) => Buffer.compare(key(a), key(b))));
    });

    test('lists deleted entities only where they are asked for', async () => {
      const { items } = await reader.listWithDeleted('Thing', { limit: 1000 });
      const deleted = items.filter(({ status }) => status === 'deleted').map(({ id }) => id);
      expect(deleted.toSorted()).toEqual(['gone-1', 'gone-2', 'gone-3']);
      expect(items).toHaveLength(ids.length + 4);
    });

    test.each([1, 7, 1000])('lists by an index on pages of %d, sorted by the bytes of the id', async (limit) => {
      const pages = await allPages((cursor) => reader.listBy('Thing', 'region', 'Europe', { limit, cursor }));
      expect(pages.every((page) => page.length <= limit)).toBe(true);
      const bytes = (id: string) => Buffer.from(id);
      const sorted = ids.filter((id) => regionOf(id) === 'Europe').sort((a, b) => Buffer.compare(bytes(a), bytes(b)));
      expect(pages.flat()).toEqual(sorted);
    });

    test('lists nothing under a value that nobody has or no index holds', async () => {
      for (const value of ['Atlantis', '', null, ['Europe'], { region: 'Europe' }]) {
        expect(await reader.listBy('Thing', 'region', value)).toEqual({ items: [], cursor: undefined });
      }
    });

    test('counts living entities of the type', async () => {
      expect([await reader.count('Thing'), await reader.count('Other')]).toEqual([ids.length + 1, 1]);
    });

    test('gives each caller a value of its own', async () => {
      const first = await reader.get('Thing', 'a');
      if (first.status === 'found') Object.assign(first.value, { name: 'changed' });
      expect(await reader.get('Thing', 'a')).toMatchObject({ value: { name: 'a' } });
    });

    test.each<[string, (reader: Reader) => Promise<unknown>, string]>([
      ['a type that the cache does not keep', (r) => r.get('Country', 'a'), 'UnknownEntityType'],
      ['such a type, of no ids', (r) => r.getMany('Country', []), 'UnknownEntityType'],
      ['such a type, in a list', (r) => r.list('__proto__'), 'UnknownEntityType'],
      ['such a type, for its count', (r) => r.count('Country'), 'UnknownEntityType'],
      ['such a type, for its readiness', (r) => r.readiness('Country'), 'UnknownEntityType'],
      ['such a type, by an index', (r) => r.listBy('Country', 'region', 'x'), 'UnknownEntityType'],
      ['an empty id', (r) => r.get('Thing', ''), 'InvalidEntityId'],
      ['one such id of many', (r) => r.getMany('Thing', ['a', '']), 'InvalidEntityId'],
      ['an index that is not declared', (r) => r.listBy('Thing', 'name', 'x'), 'UnknownIndex'],
      ['an index that every object has', (r) => r.listBy('Thing', 'toString', 'x'), 'UnknownIndex'],
      ['a cursor that no page returned', (r) => r.list('Thing', { cursor: 'nonsense' }), 'InvalidCursor'],
      ['such a cursor of an index', (r) => r.listBy('Thing', 'region', 'x', { cursor: '?' }), 'InvalidCursor'],
      ['a page of nothing', (r) => r.list('Thing', { limit: 0 }), 'InvalidLimit'],
      ['a page too long', (r) => r.listBy('Thing', 'region', 'x', { limit: 1001 }), 'InvalidLimit'],
    ])('refuses %s', async (_, act, code) => {
      await expect(act(reader)).rejects.toMatchObject({ name: 'FreshetError', code });
    });
  });
}

async function allPages(next: (cursor: string | undefined) => Promise<Page<{ readonly id: string }>>) {
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await next(cursor);
    pages.push(page.items.map(({ id }) => id));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return pages;
}
