import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { App, Duration, Stack } from 'aws-cdk-lib';
import type pg from 'pg';
import { createOwner } from '../../adapters/own/owner-table.ts';
import { parseEvent } from '../../core/event.ts';
import { isPostgresInstalled, startPostgres } from '../../examples/postgres/server.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { cloudClient, ownerIn } from '../../local/deployed.ts';
import { EntityOwner, PostgresOwner } from '../../package/cdk.ts';
import { createPostgresOwner, postgresMigration } from '../../package/postgres.ts';
import { setBenchCredentials } from '../support/account.ts';
import items, { rows } from './postgres-contracts.ts';

const ENTITIES = 500;
const WRITERS = 8;
const CHANGES = Number(process.env.CHANGES ?? 2_000);
const PACED_CHANGES = 400;
const PACED_PER_SECOND = 50;

/** Writes an entity's state; resolves when it is committed. */
type Put = (writer: number, id: string, price: number) => Promise<void>;

interface Side {
  readonly name: string;
  readonly put: Put;
  /** When each version was published, epoch milliseconds, by `id@version`. */
  readonly published: Map<string, { readonly changedAtMs: number; readonly atMs: number }>;
  /** What the database did so far. */
  readonly load: () => Promise<Readonly<Record<string, number>>>;
}

if (isPostgresInstalled) await run();
else console.log('PostgreSQL is not installed: nothing was measured.');

async function run(): Promise<void> {
  setBenchCredentials();
  const server = await startPostgres();
  const database = await server.createDatabase();
  const admin = await server.connect(database);
  await admin.query(await postgresMigration());
  const folder = await mkdtemp(join(tmpdir(), 'freshet-postgres-'));
  const cloud = await startLocalCloud({ assembly: synthesised(join(folder, 'cdk.out'), server.port, database) });
  const writers = await Promise.all(Array.from({ length: WRITERS }, () => server.connect(database)));
  try {
    const relay = cloud.functions.functions().find(({ name }) => name.includes('Postgres') && name.includes('Relay'));
    // What the schedule does every minute.
    const relaying = { isOn: true };
    const relayed = keepRelaying(cloud, relay?.name ?? '', relaying);
    const sides = [inPostgres(cloud, admin, writers), inDynamoDb(cloud)];
    for (const side of sides) console.log(await measured(side));
    relaying.isOn = false;
    await relayed;
  } finally {
    await cloud.stop();
    for (const client of [...writers, admin]) await client.end();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function synthesised(outdir: string, port: number, database: string): string {
  const app = new App({ outdir, analyticsReporting: false });
  new PostgresOwner(new Stack(app, 'Postgres'), 'Owner', {
    boundary: rows,
    stage: 'development',
    database: { host: '127.0.0.1', port, name: database, user: 'administrator', auth: 'none' },
    keepRelaying: Duration.seconds(5),
  });
  new EntityOwner(new Stack(app, 'Dynamo'), 'Owner', { boundary: items });
  return app.synth().directory;
}

async function keepRelaying(cloud: LocalCloud, relay: string, relaying: { isOn: boolean }): Promise<void> {
  while (relaying.isOn) await cloud.functions.invoke(relay, {});
}

function inPostgres(cloud: LocalCloud, admin: pg.Client, writers: readonly pg.Client[]): Side {
  const owner = createPostgresOwner({ boundary: rows });
  return {
    name: 'PostgreSQL',
    async put(writer, id, price) {
      const client = writers[writer];
      if (client === undefined) throw new Error('no such writer');
      await client.query('BEGIN');
      await owner.put(client, 'Row', id, { name: 'a part', price });
      await client.query('COMMIT');
    },
    published: publishedOf(cloud, 'rows'),
    async load() {
      const { rows: found } = await admin.query<Record<string, string>>(
        `SELECT xact_commit, tup_inserted + tup_updated + tup_deleted AS tuples,
           pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS wal FROM pg_stat_database WHERE datname = current_database()`,
      );
      const [row = {}] = found;
      return {
        transactions: Number(row.xact_commit),
        'rows written': Number(row.tuples),
        'WAL bytes': Number(row.wal),
      };
    },
  };
}

function inDynamoDb(cloud: LocalCloud): Side {
  const { table } = ownerIn(cloud, items);
  const owner = createOwner({ boundary: items, tableName: table, client: cloudClient(cloud) });
  let writes = 0;
  return {
    name: 'DynamoDB',
    async put(_, id, price) {
      await owner.put('Item', id, { name: 'a part', price });
      writes += 1;
    },
    published: publishedOf(cloud, 'items'),
    load: async () => ({ 'write units': writes, 'stream records': writes }),
  };
}

/** Notes when the versions of an owner reach its topic. */
function publishedOf({ messaging }: LocalCloud, owner: string): Side['published'] {
  const published: Side['published'] = new Map();
  for (const topic of messaging.topics.list()) {
    const { publishBatch } = topic;
    topic.publishBatch = (entries) => {
      for (const { message } of entries) {
        const event = parseEvent(message);
        if ('reason' in event || event.owner !== owner || event.entity.id.startsWith('freshet:')) continue;
        const changedAtMs = Date.parse(event.changedAt);
        published.set(`${event.entity.id}@${event.version}`, { changedAtMs, atMs: Date.now() });
      }
      return publishBatch(entries);
    };
  }
  return published;
}

async function measured({ name, put, published, load }: Side): Promise<string> {
  const loadBefore = await load();
  const latencies: number[] = [];
  const begin = Date.now();
  await Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      for (let change = writer; change < CHANGES; change += WRITERS) {
        const from = performance.now();
        // An entity belongs to one writer, so that no writer waits for another one's commit.
        await put(writer, `e${change % ENTITIES}-${writer}`, change);
        latencies.push(performance.now() - from);
      }
    }),
  );
  const written = Date.now();
  await untilPublished(published, CHANGES);
  const relayed = Math.max(...[...published.values()].map(({ atMs }) => atMs));
  const loadAfter = await load();
  await pause(1_000);
  published.clear();
  for (let change = 0; change < PACED_CHANGES; change += 1) {
    await put(0, `paced-${change % ENTITIES}`, change);
    await pause(1_000 / PACED_PER_SECOND);
  }
  await untilPublished(published, PACED_CHANGES);
  const delays = [...published.values()].map(({ changedAtMs, atMs }) => atMs - changedAtMs);
  const perChange = Object.entries(loadAfter).map(
    ([what, value]) => `${((value - (loadBefore[what] ?? 0)) / CHANGES).toFixed(1)} ${what}`,
  );
  return [
    `${name}: ${CHANGES} changes of ${WRITERS} writers`,
    `  committed: ${perSecond(begin, written)} a second, each in ${quantile(latencies, 0.5)} ms (p50), ` +
      `${quantile(latencies, 0.99)} ms (p99)`,
    `  published: ${perSecond(begin, relayed)} a second`,
    `  from commit to topic at ${PACED_PER_SECOND} changes a second: ${quantile(delays, 0.5)} ms (p50), ` +
      `${quantile(delays, 0.99)} ms (p99)`,
    `  database, for each change: ${perChange.join(', ')}`,
  ].join('\n');
}

/** A relay that is late publishes several versions as one, so the newest versions are what counts. */
async function untilPublished(published: Side['published'], changes: number): Promise<void> {
  let before = -1;
  while (published.size < changes && published.size !== before) {
    before = published.size;
    await pause(2_000);
  }
}

function perSecond(from: number, to: number): number {
  return Math.round(CHANGES / ((to - from) / 1_000));
}

function quantile(values: readonly number[], part: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN).toFixed(1);
}
