import { join } from 'node:path';
import { DeleteItemCommand, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { App, Duration, Stack } from 'aws-cdk-lib';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { ATTRIBUTE, keyItem } from '../../adapters/aws/items.ts';
import { createOwner } from '../../adapters/own/owner-table.ts';
import { createPostgresOwner } from '../../adapters/postgres/owner.ts';
import { readDeployment } from '../../cli/console/api/deployment.ts';
import { readEntities } from '../../cli/console/api/entities.ts';
import { readEntity } from '../../cli/console/api/entity.ts';
import { createFlowRead } from '../../cli/console/api/flow.ts';
import { readParked } from '../../cli/console/api/parked.ts';
import { ownerIn } from '../../local/deployed.ts';
import { EntityOwner, LocalCache, PipelineMonitoring, PostgresOwner } from '../../package/cdk.ts';
import { quicken } from '../failure/rehearsal/quicken.ts';
import { patience, type Stage, startStage } from '../failure/rehearsal/stage.ts';
import { removeFolders, temporaryFolder } from '../local/provision/assembly-fixture.ts';
import { hasPostgres, ownerDatabase, startPostgres, type TestPostgres } from '../support/postgres.ts';
import workshop, { parts } from './boundary.ts';

/** More than one page of a list, and of a backfill. */
const IDS = Array.from({ length: 120 }, (_, n) => `part-${n}`);

/** A deployed owner of parts, wherever its entities are. */
interface Place {
  /** Adds the owner to a stack. */
  construct(scope: Stack): EntityOwner | PostgresOwner;
  /** Opens the owner for writing, once its tables are there. */
  open(stage: Stage): Promise<void>;
  put(id: string, state: object): Promise<unknown>;
  delete(id: string): Promise<unknown>;
  /** Makes a change that can never be published. Returns the name of its entity. */
  spoil(): Promise<string>;
  /** The alarm on changes that wait for too long. */
  readonly waits: 'stream-use' | 'outbox-growth';
  /** How changes that wait are called. */
  readonly waiting: 'stream' | 'outbox';
  stop(): Promise<void>;
}

const maySlowOwner = { workshop: { highWater: 20 } };

function inDynamoDb(): Place {
  let write: ReturnType<typeof createOwner<typeof parts>>;
  let spoil: Place['spoil'];
  return {
    waits: 'stream-use',
    waiting: 'stream',
    construct: (scope) => new EntityOwner(scope, 'Owner', { boundary: parts, maySlowOwner, stage: 'development' }),
    async open({ cloud, deployment }) {
      const { tables: client } = deployment.clients;
      const { table: tableName } = ownerIn(cloud, parts);
      write = createOwner({ boundary: parts, tableName, client });
      spoil = async () => {
        const entity = { type: 'Rehearsal', id: 'spoiled' };
        await client.send(new PutItemCommand({ TableName: tableName, Item: keyItem(entity) }));
        return 'Rehearsal/spoiled';
      };
    },
    put: (id, state) => write.put('Part', id, state as unknown, { priority: true }),
    delete: (id) => write.delete('Part', id),
    spoil: () => spoil(),
    stop: async () => undefined,
  };
}

async function inPostgres(): Promise<Place> {
  const server: TestPostgres = await startPostgres();
  const database = await ownerDatabase(server);
  const admin: pg.Client = await server.connect(database);
  const owner = createPostgresOwner({ boundary: parts });
  const inTransaction = async <T>(work: () => Promise<T>): Promise<T> => {
    await admin.query('BEGIN');
    try {
      const result = await work();
      await admin.query('COMMIT');
      return result;
    } catch (error) {
      await admin.query('ROLLBACK');
      throw error;
    }
  };
  return {
    waits: 'outbox-growth',
    waiting: 'outbox',
    construct: (scope) =>
      new PostgresOwner(scope, 'Owner', {
        boundary: parts,
        maySlowOwner,
        stage: 'development',
        database: { host: '127.0.0.1', port: server.port, name: database, user: `${database}_relay`, auth: 'none' },
        keepRelaying: Duration.seconds(1),
      }),
    open: async () => undefined,
    put: (id, state) => inTransaction(() => owner.put(admin, 'Part', id, state as unknown)),
    delete: (id) => inTransaction(() => owner.delete(admin, 'Part', id)),
    async spoil() {
      await inTransaction(async () => {
        await owner.put(admin, 'Shelf', 'spoiled', { note: 'spoiled' });
        await admin.query("UPDATE freshet.outbox SET state = '{}' WHERE id = 'spoiled'");
      });
      return 'Shelf/spoiled';
    },
    async stop() {
      await admin.end();
      await server.stop();
    },
  };
}

function synthesised(place: Place): string {
  const app = new App({ outdir: join(temporaryFolder(), 'cdk.out'), analyticsReporting: false });
  const stack = new Stack(app, 'Test');
  const owner = place.construct(stack);
  const cache = new LocalCache(stack, 'Cache', { boundary: workshop, sources: [owner], stage: 'development' });
  new PipelineMonitoring(stack, 'Monitoring', { owners: [owner], caches: [cache] });
  quicken(stack);
  return app.synth().directory;
}

const places: readonly (readonly [string, () => Place | Promise<Place>, boolean])[] = [
  ['DynamoDB', inDynamoDb, true],
  ['PostgreSQL', inPostgres, hasPostgres],
];

for (const [name, start, isInstalled] of places) {
  describe.skipIf(!isInstalled)(`a deployed owner in ${name}`, { timeout: 120_000 }, () => {
    let place: Place;
    let stage: Stage;

    const json = async (...args: readonly string[]) => {
      const { out, err } = await stage.run(...args, '--json');
      expect(err).toBe('');
      return JSON.parse(out);
    };
    const cached = async (id: string) =>
      (await stage.deployment.cacheNamed('workshop')).records.get({ type: 'Part', id });
    const arrives = (id: string, version: number) =>
      vi.waitFor(async () => expect(await cached(id)).toMatchObject({ version }), patience);
    const cacheTable = async () => (await stage.deployment.cacheNamed('workshop')).deployed.table;
    /** Removes an entity from the cache, past its projector. */
    const lose = async (id: string) => {
      const Key = keyItem({ type: 'Part', id });
      await stage.deployment.clients.tables.send(new DeleteItemCommand({ TableName: await cacheTable(), Key }));
    };
    const relay = () => stage.deployment.findOwner('parts').deployed.relay;
    const stopRelay = () => stage.cloud.functions.setReservedConcurrency(relay(), 0);

    beforeAll(async () => {
      place = await start();
      stage = await startStage({
        assembly: synthesised(place),
        async fill(_, deployment) {
          await place.open({ cloud: _, deployment } as Stage);
          for (const id of [...IDS, 'gone']) await place.put(id, { name: id });
          await place.delete('gone');
        },
      });
    }, 120_000);
    afterEach(async () => {
      await stage.run('rehearse', '--undo');
    });
    afterAll(async () => {
      await stage?.stop();
      await place?.stop();
      removeFolders();
    });

    test('its cache fills itself and becomes ready, and freshet backfill --restart fills it again', async () => {
      const { reader } = await stage.deployment.cacheNamed('workshop');
      await vi.waitFor(async () => {
        expect(await reader.readiness('Part')).toMatchObject({ status: 'ready' });
        expect(await cached('part-119')).toMatchObject({ version: 1 });
      }, patience);
      await lose('part-7');
      const { code, out } = await stage.run('backfill', 'workshop', 'Part', '--restart');
      expect(code, out).toBe(0);
      await arrives('part-7', 1);
      expect(await cached('gone')).toMatchObject({ version: 2, dataJson: undefined });
    });

    test('freshet reconcile heals what the cache lost and what it only has', async () => {
      const { tables } = stage.deployment.clients;
      const TableName = await cacheTable();
      const { Item } = await tables.send(
        new GetItemCommand({ TableName, Key: keyItem({ type: 'Part', id: 'part-4' }) }),
      );
      const long = { [ATTRIBUTE.changedAt]: { S: '2026-01-01T00:00:00.000Z' } };
      const orphan = { ...Item, ...keyItem({ type: 'Part', id: 'orphan' }), ...long };
      await tables.send(new PutItemCommand({ TableName, Item: orphan }));
      await lose('part-2');
      const first = await stage.run('reconcile', 'workshop', 'Part');
      expect(first.out).toContain('Part/part-2 missing (version 1)');
      expect(first.out).toContain('Part/orphan unknown');
      await arrives('part-2', 1);
      await stage.freshet('reconcile', 'workshop', 'Part', '--delete-unknown', '--yes');
      await arrives('orphan', 2);
      expect(await cached('orphan')).toMatchObject({ dataJson: undefined });
      const { out } = await stage.run('reconcile', 'workshop', 'Part');
      expect(out).toContain('workshop equals its owners');
    });

    test('freshet resync --wait publishes an entity again', async () => {
      await lose('part-9');
      const { out } = await stage.run('resync', 'Part', 'part-9', '--wait', '30');
      expect(out).toContain('parts: the publication of Part/part-9 version 1 is requested');
      expect(out).toContain('arrived in workshop');
      const unknown = await stage.run('resync', 'Part', 'never');
      expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining('parts has never had Part/never') });
    });

    test('freshet export writes all entities of the owner', async () => {
      const { code, out } = await stage.run('export', 'parts', 'Part');
      expect(code).toBe(0);
      const ids = out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).id);
      expect(ids).toEqual(expect.arrayContaining(IDS));
    });

    test('freshet why says whether a change arrived, and where it waits', async () => {
      await vi.waitFor(async () => {
        expect(await json('why', 'workshop', 'Part', 'part-1')).toMatchObject({ verdict: 'current' });
      }, patience);
      expect(await json('why', 'workshop', 'Part', 'never')).toMatchObject({ verdict: 'unknown' });
      stopRelay();
      await place.put('part-1', { name: 'changed' });
      const waits = await json('why', 'workshop', 'Part', 'part-1');
      expect(waits).toMatchObject({ verdict: 'relay-stopped', explanation: expect.stringContaining(place.waiting) });
      await stage.runAgain(relay());
      await arrives('part-1', 2);
    });

    test('freshet status and watch show the owner', async () => {
      const counted = async () => {
        const { owners } = await json('status');
        expect(owners).toMatchObject([{ owner: 'parts', relay: 'running', flow: { state: 'normal' } }]);
        expect(owners[0].published).toBeGreaterThan(100);
      };
      await vi.waitFor(counted, patience);
      const { out } = await stage.run('status');
      expect(out).toMatch(/owner parts: relay running/);
    });

    test('the console shows the owner, its entities and where an entity is', async () => {
      const { deployment } = stage;
      expect(await readDeployment(deployment)).toMatchObject({
        owners: [{ name: 'parts', stack: 'Test', types: ['Part', 'Shelf'], relay: relay() }],
      });
      const first = await readEntities(deployment, { type: 'Part' });
      expect(first).toMatchObject({ listedAt: { role: 'owner', name: 'parts' } });
      expect(first.entities).toHaveLength(100);
      const next = await readEntities(deployment, { type: 'Part', cursor: first.cursor ?? undefined });
      expect(next.cursor).toBeNull();
      const ids = [...first.entities, ...next.entities].map(({ id }) => id);
      expect(ids).toEqual(expect.arrayContaining([...IDS, 'gone']));
      expect(new Set(ids).size).toBe(ids.length);
      const some = await readEntities(deployment, { type: 'Part', prefix: 'part-11' });
      expect(some.entities.map(({ id }) => id).sort()).toEqual(
        ['part-11', ...Array.from({ length: 10 }, (_, n) => `part-11${n}`)].sort(),
      );
      const running = async () => false;
      expect(await readEntity(deployment, running, { type: 'Part', id: 'part-3' })).toMatchObject({
        ownerName: 'parts',
        owner: { version: 1, stateJson: '{"name":"part-3","price":1}' },
        caches: [{ cache: 'workshop', copy: { version: 1 }, verdict: 'current' }],
      });
      const flow = await createFlowRead(deployment, running)();
      expect(flow.owners).toMatchObject([{ name: 'parts' }]);
    });

    test('a change that can never be published is parked at the owner, and raises the alarm', async () => {
      const entity = await place.spoil();
      await stage.alarmIs('ALARM', 'not-published', 'parts');
      const parked = async () => {
        const { events } = await readParked(stage.deployment, { at: 'parts' });
        expect(events).toMatchObject([{ role: 'owner', name: 'parts', id: 'spoiled' }]);
      };
      await vi.waitFor(parked, patience);
      const { out } = await stage.run('parked', 'list', 'parts');
      expect(out).toContain(entity);
      await stage.freshet('parked', 'discard', 'parts', '--all', '--yes');
      await stage.alarmIs('OK', 'not-published', 'parts');
    });

    test('a stopped relay raises the alarms on delay and on changes that wait', () =>
      stage.rehearse(['relay-delay', place.waits], 'parts', ({ RELAY }) => stage.runAgain(RELAY)));

    test('a stopped report function raises reports-missing', () =>
      stage.rehearse('reports-missing', 'parts', async () => {
        const { deployed } = await stage.deployment.cacheNamed('workshop');
        await stage.runAgain(deployed.report);
      }));

    test.each(['writers-slowed', 'writers-refused'])('a full queue raises %s', (alarm) =>
      stage.rehearse(alarm, 'parts', async () => {
        const { deployed } = await stage.deployment.cacheNamed('workshop');
        await stage.runAgain(deployed.projector);
      }));

    test('no function lacked a permission', () => {
      expect(stage.cloud.access.denials).toEqual([]);
    });
  });
}
