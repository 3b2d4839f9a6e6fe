import { readFile } from 'node:fs/promises';
import { sql as drizzleSql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createPostgresOwner } from '../../adapters/postgres/owner.ts';
import { BackpressureError } from '../../core/govern/admit.ts';
import { clientOfTemplates, postgresMigration, type SqlClient } from '../../package/postgres.ts';
import { hasPostgres, ownerDatabase, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { parts } from './boundary.ts';

const WRITERS = 8;
const CHANGES_EACH = 25;

const owner = createPostgresOwner({ boundary: parts });

/** Runs work in a transaction of a connection. */
async function inTransaction<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

describe.skipIf(!hasPostgres)('an owner in PostgreSQL', () => {
  let server: TestPostgres;
  let database: string;
  let admin: pg.Client;
  const open: pg.Client[] = [];

  const connect = async (role?: 'writer' | 'relay') => {
    const client = await server.connect(database, role && `${database}_${role}`);
    open.push(client);
    return client;
  };
  const rows = async (text: string) => (await admin.query<Record<string, string>>(text)).rows;
  const versions = async (id: string) =>
    (await rows(`SELECT version FROM freshet.outbox WHERE id = '${id}' ORDER BY seq`)).map(({ version }) =>
      Number(version),
    );

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => {
    for (const client of open) await client.end();
    await server?.stop();
  });
  beforeEach(async () => {
    database = await ownerDatabase(server);
    admin = await connect();
  });

  /** Changes one entity from several connections at the same time. A change may fail only if that is allowed. */
  const changeConcurrently = async (wrap: (client: pg.Client) => SqlClient, mayFail: boolean) => {
    const clients = await Promise.all(Array.from({ length: WRITERS }, () => connect('writer')));
    const failed = await Promise.all(
      clients.map(async (client, writer) => {
        let failures = 0;
        for (let change = 0; change < CHANGES_EACH; change += 1) {
          const state = { name: `${writer}/${change}` };
          const commit = () => inTransaction(client, () => owner.put(wrap(client), 'Part', 'hot', state));
          await commit().catch((error: unknown) => {
            failures += 1;
            if (!mayFail) throw error;
          });
        }
        return failures;
      }),
    );
    return failed.reduce((sum, one) => sum + one, 0);
  };

  test('concurrent writers of one entity, from its creation on, get versions without holes', async () => {
    expect(await changeConcurrently((client) => client, false)).toBe(0);
    const all = WRITERS * CHANGES_EACH;
    expect(await versions('hot')).toEqual(Array.from({ length: all }, (_, index) => index + 1));
    expect(await rows('SELECT version FROM freshet.entity')).toEqual([{ version: String(all) }]);
  });

  test('the mutant is caught: writers without the lock lose changes or give a version twice', async () => {
    // Without the lock, and without the condition on the version that would notice its absence.
    const unlocked = (client: pg.Client): SqlClient => ({
      query: (text, values) =>
        client.query(
          text.replace('FOR UPDATE', '').replace('WHERE e.version = $11::bigint', 'WHERE $11::bigint >= 0'),
          values,
        ),
    });
    await changeConcurrently(unlocked, false);
    const written = await versions('hot');
    expect(new Set(written).size).toBeLessThan(written.length);
  });

  test('a change without the lock fails instead of giving a version twice', async () => {
    const unlocked = (client: pg.Client): SqlClient => ({
      query: (text, values) => client.query(text.replace('FOR UPDATE', ''), values),
    });
    await changeConcurrently(unlocked, true);
    const written = await versions('hot');
    expect(written).toEqual(Array.from({ length: written.length }, (_, index) => index + 1));
  });

  test('serialisable writers get versions without holes when they repeat what PostgreSQL refused', async () => {
    const clients = await Promise.all([connect('writer'), connect('writer'), connect('writer')]);
    let refused = 0;
    await Promise.all(
      clients.map(async (client, writer) => {
        for (let change = 0; change < 10; change += 1) {
          for (let isCommitted = false; !isCommitted; ) {
            await client.query('BEGIN ISOLATION LEVEL SERIALIZABLE');
            try {
              await owner.put(client, 'Part', 'hot', { name: `${writer}/${change}` });
              await client.query('COMMIT');
              isCommitted = true;
            } catch (error) {
              await client.query('ROLLBACK');
              expect(error).toMatchObject({ code: '40001' });
              refused += 1;
            }
          }
        }
      }),
    );
    expect(refused).toBeGreaterThan(0);
    expect(await versions('hot')).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
  });

  test('a transaction that rolls back leaves neither a change nor an event, and uses up no version', async () => {
    const client = await connect('writer');
    const failing = inTransaction(client, async () => {
      await owner.put(client, 'Part', 'a', { name: 'A' });
      await owner.publishFact(client, 'PartOrdered', { orderId: 'o1', partId: 'a' });
      throw new Error("the service's own write failed");
    });
    await expect(failing).rejects.toThrow('own write failed');
    expect(await rows('SELECT 1 FROM freshet.entity UNION ALL SELECT 1 FROM freshet.outbox')).toEqual([]);
    const put = await inTransaction(client, () => owner.put(client, 'Part', 'a', { name: 'A' }));
    expect(put).toMatchObject({ outcome: 'created', version: 1 });
  });

  test('several changes in one transaction are several versions', async () => {
    const client = await connect('writer');
    await inTransaction(client, async () => {
      await owner.put(client, 'Part', 'a', { name: 'A' });
      await owner.put(client, 'Part', 'a', { name: 'B' });
      await client.query('SAVEPOINT before');
      await owner.delete(client, 'Part', 'a');
      await client.query('ROLLBACK TO SAVEPOINT before');
      await owner.put(client, 'Part', 'a', { name: 'C' });
    });
    expect(await versions('a')).toEqual([1, 2, 3]);
  });

  test('a client that is in no transaction is refused, and nothing is written', async () => {
    const client = await connect('writer');
    await expect(owner.put(client, 'Part', 'a', { name: 'A' })).rejects.toMatchObject({ code: 'NotInTransaction' });
    expect(await rows('SELECT 1 FROM freshet.entity UNION ALL SELECT 1 FROM freshet.outbox')).toEqual([]);
  });

  test('an id with U+0000, which PostgreSQL cannot hold, is refused and never found', async () => {
    const client = await connect('writer');
    await expect(owner.put(client, 'Part', 'a\0', { name: 'A' })).rejects.toMatchObject({ code: 'InvalidEntityId' });
    expect(await owner.get(client, 'Part', 'a\0')).toBeUndefined();
  });

  test('a fact that is committed twice has one event; with keys it has one for each', async () => {
    const client = await connect('writer');
    const commit = (key?: string) =>
      inTransaction(client, () =>
        owner.publishFact(client, 'PartOrdered', { orderId: 'o1', partId: 'a' }, key === undefined ? {} : { key }),
      );
    expect([await commit(), await commit(), await commit('second'), await commit('second')]).toEqual([
      ...['committed', 'known'],
      ...['committed', 'known'],
    ]);
    expect(await rows('SELECT kind, type FROM freshet.outbox')).toEqual([
      { kind: 'fact', type: 'PartOrdered' },
      { kind: 'fact', type: 'PartOrdered' },
    ]);
    const wrong = inTransaction(client, () =>
      owner.publishFact(client, 'PartOrdered', { orderId: 'o1', card: '4242' } as never),
    );
    await expect(wrong).rejects.toMatchObject({ code: 'InvalidFact' });
  });

  test('while flow control refuses writers, puts and deletes are refused unless they have priority', async () => {
    const client = await connect('writer');
    const decision = { state: 'refusing', validUntilMs: Number.POSITIVE_INFINITY } as never;
    const governed = createPostgresOwner({
      boundary: parts,
      flow: {
        state: async () => 'refusing',
        readsCompressed: async () => true,
        enter: async (entity) => {
          throw new BackpressureError(entity, decision, 1, 0);
        },
      },
    });
    const put = (priority: boolean) =>
      inTransaction(client, () => governed.put(client, 'Part', 'a', { name: 'A' }, { priority }));
    await expect(put(false)).rejects.toMatchObject({ code: 'Backpressure' });
    await expect(governed.admit('Part', 'a')).rejects.toMatchObject({ code: 'Backpressure' });
    expect(await put(true)).toMatchObject({ outcome: 'created' });
  });

  test('a writer can neither read, change nor delete events, and a relay sees none of the service’s tables', async () => {
    await admin.query('CREATE TABLE secret (card text)');
    const writer = await connect('writer');
    const relay = await connect('relay');
    const refused = [
      () => writer.query('SELECT * FROM freshet.outbox'),
      () => writer.query('DELETE FROM freshet.outbox'),
      () => writer.query('UPDATE freshet.outbox SET version = 1'),
      () => writer.query('DELETE FROM freshet.entity'),
      () => writer.query('DELETE FROM freshet.fact'),
      () => relay.query('SELECT * FROM secret'),
      () => relay.query('DELETE FROM freshet.entity'),
      () => relay.query('UPDATE freshet.outbox SET version = 1'),
    ];
    for (const query of refused) await expect(query()).rejects.toMatchObject({ code: '42501' });
  });

  test('the migration can be run again, and in another schema beside the first', async () => {
    await admin.query(await postgresMigration());
    const migration = await postgresMigration({ schema: 'stock_2' });
    expect(migration.replaceAll('node_modules/freshet-aws', '').replaceAll('"freshet"', '')).not.toMatch(/freshet/);
    await admin.query(migration);
    const other = createPostgresOwner({ boundary: parts, schema: 'stock_2' });
    await inTransaction(admin, () => other.put(admin, 'Part', 'a', { name: 'A' }));
    expect(await rows('SELECT id FROM stock_2.outbox')).toEqual([{ id: 'a' }]);
    expect(await rows('SELECT id FROM freshet.outbox')).toEqual([]);
    await expect(postgresMigration({ schema: 'x; DROP' })).rejects.toThrow('schema: not a valid name');
    const file = await readFile(new URL('../../adapters/postgres/owner.sql', import.meta.url), 'utf8');
    expect(await postgresMigration()).toBe(file);
  });

  describe('through other libraries', () => {
    const url = () => `postgres://${database}_writer@127.0.0.1:${server.port}/${database}`;
    const state = { name: 'a "name" with $1, ünïcødé and \u0000' };

    /** Puts an entity twice and rolls a third put back. */
    const expectOwned = async (transaction: (work: (client: SqlClient) => Promise<void>) => Promise<void>) => {
      await transaction(async (client) => {
        expect(await owner.put(client, 'Part', 'a', state)).toMatchObject({ outcome: 'created', version: 1 });
      });
      await transaction(async (client) => {
        expect(await owner.put(client, 'Part', 'a', state)).toMatchObject({ outcome: 'unchanged', version: 1 });
        expect(await owner.delete(client, 'Part', 'a')).toMatchObject({ outcome: 'deleted', version: 2 });
        expect((await owner.get(client, 'Part', 'a'))?.version).toBe(2);
        await owner.publishFact(client, 'PartOrdered', { orderId: 'o1', partId: 'a' });
      });
      const failing = transaction(async (client) => {
        await owner.put(client, 'Part', 'a', { name: 'never committed' });
        throw new Error('rolled back');
      });
      await expect(failing).rejects.toThrow('rolled back');
      expect(await versions('a')).toEqual([1, 2]);
      expect(await rows('SELECT state FROM freshet.outbox WHERE version = 1')).toEqual([
        { state: JSON.stringify({ ...state, price: 1 }) },
      ]);
      expect(await rows("SELECT count(*) FROM freshet.outbox WHERE kind = 'fact'")).toEqual([{ count: '1' }]);
    };

    test('postgres.js', async () => {
      const sql = postgres(url(), { max: 2 });
      await expectOwned(async (work) => {
        await sql.begin((tx) => work(clientOfTemplates((strings, ...values) => tx(strings, ...values))));
      });
      await sql.end();
    });

    test('Drizzle', async () => {
      const pool = new pg.Pool({ connectionString: url(), max: 2 });
      const db = drizzle(pool);
      await expectOwned((work) =>
        db.transaction((tx) =>
          work(clientOfTemplates((strings, ...values) => tx.execute(drizzleSql(strings, ...values)))),
        ),
      );
      await pool.end();
    });

    test('Kysely', async () => {
      const db = new Kysely({
        dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url(), max: 2 }) }),
      });
      await expectOwned((work) =>
        db
          .transaction()
          .execute((trx) =>
            work({ query: (text, values = []) => trx.executeQuery<object>(CompiledQuery.raw(text, values)) }),
          ),
      );
      await db.destroy();
    });
  });
});
