import { join } from 'node:path';
import { DeleteItemCommand, type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { App, Duration, Stack } from 'aws-cdk-lib';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyItem } from '../../adapters/aws/items.ts';
import { createReader } from '../../adapters/read/cache-table.ts';
import { createSelfRepairNotes } from '../../cli/clients/self-repair.ts';
import { localFileOf, writeLocalFile } from '../../cli/deployment/local-file.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { cacheIn, cloudClient } from '../../local/deployed.ts';
import { FactQueue, LocalCache, PostgresOwner } from '../../package/cdk.ts';
import { createPostgresOwner } from '../../package/postgres.ts';
import { removeFolders, temporaryFolder } from '../local/provision/assembly-fixture.ts';
import { root, runHere } from '../support/command-line.ts';
import { setTestCredentials } from '../support/credentials.ts';
import { hasPostgres, ownerDatabase, startPostgres, type TestPostgres } from '../support/postgres.ts';
import workshop, { parts } from './boundary.ts';

/** More than one page of a backfill. */
const IDS = Array.from({ length: 300 }, (_, n) => `part-${n}`);

/** An owner in PostgreSQL and a cache, as an app deploys them. Returns the folder of the assembly. */
function synthesised({ port }: TestPostgres, database: string): string {
  const app = new App({ outdir: join(temporaryFolder(), 'cdk.out'), analyticsReporting: false });
  const stack = new Stack(app, 'Parts');
  const owner = new PostgresOwner(stack, 'Owner', {
    boundary: parts,
    stage: 'development',
    database: { host: '127.0.0.1', port, name: database, user: `${database}_relay`, auth: 'none' },
    // Every change then waits for a wake-up or for the schedule, both of which the tests control.
    keepRelaying: Duration.seconds(0),
  });
  new LocalCache(new Stack(app, 'Workshop'), 'Cache', { boundary: workshop, sources: [owner] });
  if (owner.facts)
    new FactQueue(new Stack(app, 'Facts'), 'Queue', {
      name: 'orders',
      facts: [parts.publishes.PartOrdered],
      sources: [owner.facts],
    });
  return app.synth().directory;
}

describe.skipIf(!hasPostgres)('a cache of an owner in PostgreSQL', { timeout: 60_000 }, () => {
  const owner = createPostgresOwner({ boundary: parts });
  const logged: string[] = [];
  let server: TestPostgres;
  let admin: pg.Client;
  let cloud: LocalCloud;
  let client: DynamoDBClient;
  let reader: ReturnType<typeof createReader<typeof workshop>>;
  let notes: ReturnType<typeof createSelfRepairNotes>;

  const functionNamed = (part: string) =>
    cloud.functions.functions().find(({ name }) => name.includes(part))?.name ?? '';
  const inTransaction = async (work: () => Promise<unknown>) => {
    await admin.query('BEGIN');
    await work();
    await admin.query('COMMIT');
  };
  const put = (id: string, state: object) => inTransaction(() => owner.put(admin, 'Part', id, state as unknown));
  const wake = async () => {
    expect(await cloud.functions.invoke(functionNamed('Relay'), { wake: true })).toMatchObject({ ok: true });
    await cloud.idle();
  };
  /** What the schedule does every minute: it commits heartbeats, for which repairs wait. */
  const nextMinute = async () => {
    expect(await cloud.functions.invoke(functionNamed('Relay'), {})).toMatchObject({ ok: true });
  };
  const lose = (id: string) =>
    client.send(
      new DeleteItemCommand({ TableName: cacheIn(cloud, workshop).table, Key: keyItem({ type: 'Part', id }) }),
    );

  /** A folder in which commands find the cloud. */
  const commandFolder = () => {
    const folder = temporaryFolder();
    const file = localFileOf(cloud);
    const here = 'test/postgres';
    const deployed = file.deployed.map((value) => value.replaceAll(here, join(root, here)));
    writeLocalFile(folder, { ...file, deployed });
    return folder;
  };

  beforeAll(async () => {
    setTestCredentials();
    server = await startPostgres();
    const database = await ownerDatabase(server);
    admin = await server.connect(database);
    for (const id of [...IDS, 'gone']) await put(id, { name: id });
    await inTransaction(() => owner.delete(admin, 'Part', 'gone'));
    // What was published before the cache came, so that only a backfill brings it.
    await admin.query('TRUNCATE freshet.outbox');
    cloud = await startLocalCloud({
      assembly: synthesised(server, database),
      onLog: (_, line) => logged.push(line),
    });
    client = cloudClient(cloud);
    const tableName = cacheIn(cloud, workshop).table;
    reader = createReader({ boundary: workshop, client, tableName });
    notes = createSelfRepairNotes({ client, tableName });
  }, 60_000);
  afterAll(async () => {
    client?.destroy();
    await cloud?.stop();
    await admin?.end();
    await server?.stop();
    removeFolders();
  });

  test('the relay commits heartbeats, the cache fills itself with all entities and becomes ready', async () => {
    await cloud.tick();
    await expect
      .poll(() => reader.readiness('Part'), { timeout: 40_000 })
      .toMatchObject({ status: 'ready', sent: IDS.length + 1 });
    expect(await reader.get('Part', 'part-299')).toMatchObject({ status: 'found', version: 1 });
    expect(await reader.get('Part', 'gone')).toMatchObject({ status: 'deleted', version: 2 });
  });

  test('a change reaches the cache when the relay is woken, and the cache knows how stale it is', async () => {
    await put('part-1', { name: 'changed', price: 7 });
    await wake();
    expect(await reader.get('Part', 'part-1')).toMatchObject({ version: 2, value: { name: 'changed', price: 7 } });
    await cloud.tick();
    await expect.poll(async () => (await reader.get('Part', 'part-1')).stalenessMs).toBeLessThan(600_000);
    const lines = logged.filter((line) => line.includes('"OutboxRows"'));
    expect(lines.length).toBeGreaterThan(0);
  });

  test('a fact reaches the queue of facts', async () => {
    await inTransaction(() => owner.publishFact(admin, 'PartOrdered', { orderId: 'o1', partId: 'part-1' }));
    await wake();
    const queue = cloud.messaging.queues.list().find(({ name }) => name.includes('orders') || name.includes('Facts'));
    expect(queue).toBeDefined();
    const { rows } = await admin.query("SELECT 1 FROM freshet.outbox WHERE kind = 'fact'");
    expect(rows).toEqual([]);
  });

  test('an inventory finds and heals what the cache lost or never got, and what only the cache has', async () => {
    await lose('part-2');
    await put('part-3', { name: 'never published' });
    await admin.query('TRUNCATE freshet.outbox');
    const { table, repair } = cacheIn(cloud, workshop);
    const { Item } = await import('@aws-sdk/client-dynamodb').then(({ GetItemCommand }) =>
      client.send(new GetItemCommand({ TableName: table, Key: keyItem({ type: 'Part', id: 'part-4' }) })),
    );
    await client.send(
      new PutItemCommand({ TableName: table, Item: { ...Item, ...keyItem({ type: 'Part', id: 'orphan' }) } }),
    );
    const request = { operation: 'inventory', type: 'Part', heals: true };
    expect(await cloud.functions.invoke(repair, request)).toMatchObject({ ok: true, payload: { isNew: true } });
    const ended = async () => {
      await nextMinute();
      return (await notes.inventory('Part'))?.endedAt;
    };
    await expect.poll(ended, { timeout: 40_000, interval: 500 }).toBeDefined();
    expect(await notes.inventory('Part')).toMatchObject({
      found: { missing: 1, behind: 1, unknown: 1 },
      healed: { missing: 1, behind: 1 },
    });
    expect(await reader.get('Part', 'part-2')).toMatchObject({ status: 'found', version: 1 });
    expect(await reader.get('Part', 'part-3')).toMatchObject({ version: 2, value: { name: 'never published' } });
  });

  test('a gap is healed with the current state', async () => {
    const name = 'a part with a long name '.repeat(10);
    await put('part-5', { name });
    await put('part-5', { name, price: 2 });
    await put('part-5', { name, price: 3 });
    await admin.query("DELETE FROM freshet.outbox WHERE id = 'part-5' AND version < 4");
    await nextMinute();
    await expect
      .poll(() => reader.get('Part', 'part-5'), { timeout: 30_000 })
      .toMatchObject({ version: 4, value: { price: 3 } });
    expect(logged.some((line) => line.includes('"message":"gap"'))).toBe(true);
  });

  test('a row that can never be published is parked with its reason', async () => {
    await put('part-6', { name: 'tampered' });
    await admin.query("UPDATE freshet.outbox SET state = '{}' WHERE id = 'part-6'");
    await wake();
    await expect
      .poll(() => logged.some((line) => line.includes('"message":"not published"')), { timeout: 10_000 })
      .toBe(true);
    const { rows } = await admin.query('SELECT 1 FROM freshet.outbox');
    expect(rows).toEqual([]);
  });

  test('freshet reconcile compares the cache with the owner', async () => {
    await lose('part-7');
    const folder = commandFolder();
    let isOver = false;
    const minutes = async () => {
      while (!isOver) {
        await nextMinute();
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    };
    const running = minutes();
    const { out } = await runHere(['reconcile', 'workshop'], folder);
    isOver = true;
    await running;
    // The row that was set aside above is a difference too.
    expect(out).toContain('1 missing, 1 behind, 1 unknown');
    expect(out).toContain('  Part/part-7 missing (version 1)');
    expect(out).toContain('  2 healed');
  });

  test('freshet put and delete are refused, and say where the entities are written', async () => {
    const folder = commandFolder();
    for (const args of [
      ['put', 'Part', 'part-8', '--data', '{"name":"from outside"}'],
      ['delete', 'Part', 'part-8'],
    ]) {
      const { code, err } = await runHere(args, folder);
      expect({ code, err }).toEqual({
        code: 2,
        err: expect.stringContaining('parts writes them together with its own'),
      });
    }
    expect(await reader.get('Part', 'part-8')).toMatchObject({ version: 1 });
  });

  test('a request that is not an operation is refused', async () => {
    const repair = functionNamed('Repair');
    expect(await cloud.functions.invoke(repair, { operation: 'drop' })).toMatchObject({
      payload: { refused: { message: expect.stringContaining('not an operation') } },
    });
  });

  test("the owner's functions have the permissions that they need", () => {
    expect(cloud.access.denials.filter(({ caller }) => /Relay|Repair|Governor/.test(caller))).toEqual([]);
  });
});
