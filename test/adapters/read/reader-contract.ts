import { beforeAll, describe, expect, test } from 'vitest';
import type { Reader } from '../../../adapters/read/reader.ts';
import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import { tableKey } from '../../../core/entity.ts';
import type { Page } from '../../../core/read/read.ts';
import type { GivenEntity } from '../../../local/in-memory-reader.ts';
import { lab } from '../../support/lab.ts';
import { WORST_ID } from '../../support/nasty-ids.ts';

/** Keeps two fields of Thing and an index of one of them, and the whole state of Other. */
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

/** Things of two regions, some deleted Things, and an entity of another type. */
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

/** The staleness of the tested reader. */
const STALENESS_MS = 90_000;

/** Opens a reader of a cache with `STOCK` and the given staleness; infinite if the staleness isn't known. */
type Open = (stalenessMs: number) => Promise<Reader>;

/** The tests that every reader must pass. */
export function readerContract(open: Open): void {
  let reader: Reader;

  beforeAll(async () => {
    reader = await open(STALENESS_MS);
  });

  describe('a reader', () => {
    test('a reader returns an entity with its version, its time and the kept fields', async () => {
      expect(await reader.get('Thing', '漢')).toEqual({
        status: 'found',
        id: '漢',
        version: 3,
        changedAt: CHANGED_AT,
        value: { region: 'Asia', name: '漢' },
        stalenessMs: STALENESS_MS,
      });
    });

    test('a reader distinguishes deleted from unknown entities, and entities of different types', async () => {
      expect(await reader.get('Thing', 'gone-1')).toEqual({
        status: 'deleted',
        id: 'gone-1',
        version: 4,
        changedAt: CHANGED_AT,
        stalenessMs: STALENESS_MS,
      });
      const unknown = { status: 'unknown', stalenessMs: STALENESS_MS };
      expect(await reader.get('Thing', 'never')).toEqual({ ...unknown, id: 'never' });
      expect(await reader.get('Other', 'a')).toEqual({ ...unknown, id: 'a' });
    });

    test('a reader returns many entities in the order of the ids, with duplicates', async () => {
      const asked = ['never', ...ids.toReversed(), 'gone-2', 'a', 'never'];
      const answers = await reader.getMany('Thing', asked);
      expect(answers.map(({ id }) => id)).toEqual(asked);
      expect(answers).toContainEqual(await reader.get('Thing', WORST_ID));
      expect(await reader.getMany('Thing', [])).toEqual([]);
    });

    test.each([
      1, 7, 1000,
    ])('a reader lists each entity once on pages of %d, always in the same order', async (limit) => {
      const pages = await allPages((cursor) => reader.list('Thing', { limit, cursor }));
      expect(pages.every((page) => page.length <= limit)).toBe(true);
      expect(pages.flat().toSorted()).toEqual([...ids, 'nowhere'].toSorted());
      expect(pages.flat()).toEqual((await reader.list('Thing', { limit: 1000 })).items.map(({ id }) => id));
    });

    test('a reader lists entities by partition, and by the bytes of the id within a partition', async () => {
      const { items } = await reader.list('Thing', { limit: 1000 });
      const key = (id: string) => Buffer.from(`${tableKey({ type: 'Thing', id }).pk} ${id}`);
      const listed = items.map(({ id }) => id);
      expect(listed).toEqual(listed.toSorted((a, b) => Buffer.compare(key(a), key(b))));
    });

    test('a reader lists deleted entities only with listWithDeleted', async () => {
      const { items } = await reader.listWithDeleted('Thing', { limit: 1000 });
      const deleted = items.filter(({ status }) => status === 'deleted').map(({ id }) => id);
      expect(deleted.toSorted()).toEqual(['gone-1', 'gone-2', 'gone-3']);
      expect(items).toHaveLength(ids.length + 4);
    });

    test.each([
      1, 7, 1000,
    ])('a reader lists entities by an index on pages of %d, sorted by the bytes of the id', async (limit) => {
      const pages = await allPages((cursor) => reader.listBy('Thing', 'region', 'Europe', { limit, cursor }));
      expect(pages.every((page) => page.length <= limit)).toBe(true);
      const bytes = (id: string) => Buffer.from(id);
      const sorted = ids.filter((id) => regionOf(id) === 'Europe').sort((a, b) => Buffer.compare(bytes(a), bytes(b)));
      expect(pages.flat()).toEqual(sorted);
    });

    test('an iteration over a list returns the entities of all its pages, in the same order', async () => {
      const pages = await allPages((cursor) => reader.list('Thing', { limit: 7, cursor }));
      expect(await idsOf(reader.listAll('Thing', { pageSize: 7 }))).toEqual(pages.flat());
      expect(await idsOf(reader.listAll('Thing'))).toEqual(pages.flat());
      expect(await idsOf(reader.listAll('Other', { maxStalenessMs: STALENESS_MS }))).toEqual(['id-0']);
    });

    test('an iteration over a list by an index returns the entities of all its pages, in the same order', async () => {
      const pages = await allPages((cursor) => reader.listBy('Thing', 'region', 'Asia', { limit: 7, cursor }));
      expect(await idsOf(reader.listAllBy('Thing', 'region', 'Asia', { pageSize: 7 }))).toEqual(pages.flat());
      expect(await idsOf(reader.listAllBy('Thing', 'region', 'Atlantis'))).toEqual([]);
    });

    test('a reader lists no entities for a value that no entity has or that an index cannot have', async () => {
      for (const value of ['Atlantis', '', null, ['Europe'], { region: 'Europe' }]) {
        expect(await reader.listBy('Thing', 'region', value)).toEqual({ items: [], cursor: undefined });
      }
    });

    test('a reader counts the entities of a type without deleted ones', async () => {
      expect([await reader.count('Thing'), await reader.count('Other')]).toEqual([ids.length + 1, 1]);
    });

    test('a reader returns a new value to each caller', async () => {
      const first = await reader.get('Thing', 'a');
      if (first.status === 'found') Object.assign(first.value, { name: 'changed' });
      expect(await reader.get('Thing', 'a')).toMatchObject({ value: { name: 'a' } });
    });

    test.each<[string, (reader: Reader, maxStalenessMs: number) => Promise<unknown>]>([
      ['one entity', (r, maxStalenessMs) => r.get('Thing', 'a', { maxStalenessMs })],
      ['many', (r, maxStalenessMs) => r.getMany('Thing', ['a', 'never'], { maxStalenessMs })],
      ['a list', (r, maxStalenessMs) => r.list('Thing', { maxStalenessMs, limit: 1 })],
      ['a list with deleted ones', (r, maxStalenessMs) => r.listWithDeleted('Thing', { maxStalenessMs, limit: 1 })],
      ['a list by an index', (r, maxStalenessMs) => r.listBy('Thing', 'region', 'Asia', { maxStalenessMs, limit: 1 })],
    ])('a reader returns %s with its staleness, and refuses it above the limit', async (_, read) => {
      const answer = await read(reader, STALENESS_MS);
      const entities = [answer].flatMap((one) => (Array.isArray(one) ? one : (Object(one).items ?? one)));
      expect(entities.length).toBeGreaterThan(0);
      for (const entity of entities) expect(entity).toMatchObject({ stalenessMs: STALENESS_MS });
      await expect(read(reader, STALENESS_MS - 1)).rejects.toMatchObject({
        name: 'FreshetError',
        code: 'TooStale',
        stalenessMs: STALENESS_MS,
        maxStalenessMs: STALENESS_MS - 1,
        message:
          'maxStalenessMs: Thing in the cache may be 90000 ms stale. Allowed: at most 89999 ms. ' +
          'Read again later, or without maxStalenessMs to accept any staleness.',
      });
    });

    test('a reader of unknown staleness returns entities, but refuses them if a limit is set', async () => {
      const unknowing = await open(Number.POSITIVE_INFINITY);
      expect(await unknowing.get('Thing', 'a')).toMatchObject({ version: 3, stalenessMs: Number.POSITIVE_INFINITY });
      await expect(unknowing.get('Thing', 'a', { maxStalenessMs: 1e12 })).rejects.toMatchObject({
        code: 'TooStale',
        stalenessMs: Number.POSITIVE_INFINITY,
        message: expect.stringContaining('no heartbeat of its owner has been found yet'),
      });
    });

    test.each([
      ['equal to the cached version', 'a', 3, 3],
      ['equal to the version of a cached deletion', 'gone-1', 4, 4],
      ['below the cached version', 'gone-1', 1, 4],
    ])('a reader returns an entity if the required version is %s', async (_, id, atLeastVersion, version) => {
      expect(await reader.get('Thing', id, { atLeastVersion })).toMatchObject({ id, version });
    });

    test.each([
      ['has a lower version', 'a', 4, 3, 'version 3'],
      ['is unknown', 'never', 1, 0, 'no version'],
    ])('a reader refuses an entity that %s than required', async (_, id, expectedVersion, currentVersion, has) => {
      await expect(reader.get('Thing', id, { atLeastVersion: expectedVersion })).rejects.toMatchObject({
        name: 'FreshetError',
        code: 'VersionNotReached',
        entity: { type: 'Thing', id },
        expectedVersion,
        currentVersion,
        message: expect.stringContaining(`the cache has ${has} of Thing/${id}`),
      });
    });

    test.each<[string, (reader: Reader) => Promise<unknown>, string]>([
      ['a type that the cache does not keep', (r) => r.get('Country', 'a'), 'UnknownEntityType'],
      ['such a type for no ids', (r) => r.getMany('Country', []), 'UnknownEntityType'],
      ['such a type, in a list', (r) => r.list('__proto__'), 'UnknownEntityType'],
      ['such a type, in an iteration', (r) => idsOf(r.listAll('Country')), 'UnknownEntityType'],
      ['such a type, in an iteration by an index', (r) => idsOf(r.listAllBy('Country', 'x', 'x')), 'UnknownEntityType'],
      ['an iteration over too stale pages', (r) => idsOf(r.listAll('Thing', { maxStalenessMs: 1 })), 'TooStale'],
      ['an iteration with an invalid page size', (r) => idsOf(r.listAll('Thing', { pageSize: 0 })), 'InvalidLimit'],
      ['such a type, for its count', (r) => r.count('Country'), 'UnknownEntityType'],
      ['such a type, for its readiness', (r) => r.readiness('Country'), 'UnknownEntityType'],
      ['such a type, by an index', (r) => r.listBy('Country', 'region', 'x'), 'UnknownEntityType'],
      ['an empty id', (r) => r.get('Thing', ''), 'InvalidEntityId'],
      ['an empty id among many', (r) => r.getMany('Thing', ['a', '']), 'InvalidEntityId'],
      ['an index that is not declared', (r) => r.listBy('Thing', 'name', 'x'), 'UnknownIndex'],
      ['an index named like an inherited property', (r) => r.listBy('Thing', 'toString', 'x'), 'UnknownIndex'],
      ['a cursor that no page returned', (r) => r.list('Thing', { cursor: 'nonsense' }), 'InvalidCursor'],
      ['such a cursor for an index', (r) => r.listBy('Thing', 'region', 'x', { cursor: '?' }), 'InvalidCursor'],
      ['a negative staleness limit', (r) => r.get('Thing', 'a', { maxStalenessMs: -1 }), 'InvalidMaxStaleness'],
      ['a staleness limit of NaN', (r) => r.list('Thing', { maxStalenessMs: Number.NaN }), 'InvalidMaxStaleness'],
      ['a required version of 0', (r) => r.get('Thing', 'a', { atLeastVersion: 0 }), 'InvalidVersion'],
      ['a fractional required version', (r) => r.get('Thing', 'a', { atLeastVersion: 1.5 }), 'InvalidVersion'],
      ['an empty page', (r) => r.list('Thing', { limit: 0 }), 'InvalidLimit'],
      ['a page that is too long', (r) => r.listBy('Thing', 'region', 'x', { limit: 1001 }), 'InvalidLimit'],
    ])('a reader refuses %s', async (_, act, code) => {
      await expect(act(reader)).rejects.toMatchObject({ name: 'FreshetError', code });
    });
  });
}

async function idsOf(all: AsyncIterable<{ readonly id: string }>): Promise<string[]> {
  const found: string[] = [];
  for await (const { id } of all) found.push(id);
  return found;
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
