import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operateOwner } from '../../adapters/postgres/operate.ts';
import { createPostgresOwner } from '../../adapters/postgres/owner.ts';
import { EPOCH_SIZE } from '../../core/entity.ts';
import { type OwnerOperation, parseOwnerOperation } from '../../core/repair/owner-operation.ts';
import { hasPostgres, ownerDatabase, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { parts } from './boundary.ts';

const IDS = ['a', 'ab', 'abc', 'b', 'ü/😀 %', ...Array.from({ length: 30 }, (_, n) => `n${n}`)];

describe('requests to the repair function of an owner in PostgreSQL', () => {
  test.each([
    {},
    { operation: 'drop', type: 'Part' },
    { operation: 'get', type: 'Part' },
    { operation: 'get', type: 'Part', id: 7 },
    { operation: 'list', type: 'Part', limit: '10' },
    { operation: 'lift', type: 'Part', id: 'a', version: 0 },
    { operation: 'bury', type: 'Part', id: 'a', version: 1.5 },
  ])('%j is not an operation', (request) => {
    expect(parseOwnerOperation(request)).toBeUndefined();
  });
});

describe.skipIf(!hasPostgres)('operations on an owner in PostgreSQL', () => {
  const owner = createPostgresOwner({ boundary: parts });
  let server: TestPostgres;
  let admin: pg.Client;
  /** As the function connects: with the relay's role alone. */
  let client: pg.Client;

  const operate = (operation: OwnerOperation, epoch = 0) =>
    operateOwner(
      { client, schema: 'freshet', owner: createPostgresOwner({ boundary: { ...parts, epoch } }) },
      operation,
    );
  const outbox = async () =>
    (
      await admin.query<{ row: string }>("SELECT id || '@' || version AS row FROM freshet.outbox ORDER BY seq")
    ).rows.map(({ row }) => row);
  const listed = async (options: { limit?: number; idPrefix?: string }) => {
    const ids: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = await operate({ operation: 'list', type: 'Part', cursor, ...options });
      if (!('items' in page)) throw new Error(JSON.stringify(page));
      ids.push(...page.items.map(({ entity }) => entity.id));
      cursor = page.cursor;
      pages += 1;
    } while (cursor !== undefined);
    return { ids, pages };
  };

  beforeAll(async () => {
    server = await startPostgres();
    const database = await ownerDatabase(server);
    admin = await server.connect(database);
    client = await server.connect(database, `${database}_relay`);
    for (const id of IDS) {
      await admin.query('BEGIN');
      await owner.put(admin, 'Part', id, { name: id });
      await admin.query('COMMIT');
    }
    await admin.query('TRUNCATE freshet.outbox');
  });
  afterAll(async () => {
    await client?.end();
    await admin?.end();
    await server?.stop();
  });

  test('an entity is read with its state; one that never existed is null', async () => {
    expect(await operate({ operation: 'get', type: 'Part', id: 'ü/😀 %' })).toMatchObject({
      owned: { entity: { type: 'Part', id: 'ü/😀 %' }, version: 1, stateJson: '{"name":"ü/😀 %","price":1}' },
    });
    expect(await operate({ operation: 'get', type: 'Part', id: 'never' })).toEqual({ owned: null });
    expect(await operate({ operation: 'get', type: 'Elsewhere', id: 'a' })).toEqual({ owned: null });
  });

  test.each([1, 7, 35, 1000])('pages of %i list each entity once, and the last page says so', async (limit) => {
    const { ids, pages } = await listed({ limit });
    expect(ids.toSorted()).toEqual(IDS.toSorted());
    expect(pages).toBe(Math.ceil(IDS.length / limit));
  });

  test('a prefix selects ids, and its characters have no meaning', async () => {
    expect((await listed({ idPrefix: 'ab', limit: 1 })).ids.toSorted()).toEqual(['ab', 'abc']);
    expect((await listed({ idPrefix: 'ü/😀 %' })).ids).toEqual(['ü/😀 %']);
    expect((await listed({ idPrefix: '%' })).ids).toEqual([]);
  });

  test.each<[string, OwnerOperation, string]>([
    ['a cursor', { operation: 'list', type: 'Part', cursor: "'; DROP TABLE freshet.entity; --" }, 'InvalidCursor'],
    ['a page size', { operation: 'list', type: 'Part', limit: 1001 }, 'InvalidLimit'],
    ['an id', { operation: 'get', type: 'Part', id: '' }, 'InvalidEntityId'],
    ['a type', { operation: 'resync', type: 'Elsewhere', id: 'a', token: 't' }, 'UnknownEntityType'],
    ['the heartbeat', { operation: 'bury', type: 'Part', id: 'freshet:heartbeat', version: 1 }, 'InvalidEntityId'],
  ])('%s that is not valid is refused with its reason', async (_, operation, code) => {
    expect(await operate(operation)).toMatchObject({ refused: { code, message: expect.any(String) } });
  });

  test('entities are counted without heartbeats', async () => {
    await admin.query('BEGIN');
    await owner.beat(admin, 'Shelf');
    await admin.query('COMMIT');
    expect(await operate({ operation: 'count', type: 'Part' })).toEqual({ count: IDS.length });
    expect(await operate({ operation: 'count', type: 'Shelf' })).toEqual({ count: 0 });
  });

  test('the role of the relay suffices to publish again, to bury and to lift', async () => {
    await admin.query('TRUNCATE freshet.outbox');
    const done = { type: 'Part', id: 'a' };
    expect(await operate({ operation: 'resync', ...done, token: 't' })).toEqual({ ...done, result: 'requested' });
    expect(await operate({ operation: 'bury', type: 'Part', id: 'lost', version: 4 })).toMatchObject({
      result: 'buried',
    });
    expect(await operate({ operation: 'lift', ...done, version: 1 }, 2)).toEqual({ ...done, result: 'lifted' });
    expect(await operate({ operation: 'lift', ...done, version: 1 }, 2)).toEqual({ ...done, result: 'unchanged' });
    expect(await outbox()).toEqual(['a@1', 'lost@5', `a@${2 * EPOCH_SIZE + 1}`]);
  });

  test.each([1, 100])('rows that the owner did not write are left out of pages of %i', async (limit) => {
    await admin.query("UPDATE freshet.entity SET id = '' WHERE id = 'b'");
    await admin.query("UPDATE freshet.entity SET id = repeat('x', 2000) WHERE id = 'n1'");
    await admin.query("UPDATE freshet.entity SET changed_at = 'infinity' WHERE id = 'n3'");
    const { ids } = await listed({ limit });
    const others = IDS.filter((id) => !['b', 'n1', 'n3'].includes(id));
    expect(ids.toSorted()).toEqual([...others, 'lost'].toSorted());
  });
});
