import { copyFile, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sqlite from 'node-sqlite3-wasm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Candidate, candidates, type EngineCommand } from '../../../local/engine/candidates.ts';
import { createEngineClient } from '../../../local/engine/client.ts';
import { type Engine, startEngine } from '../../../local/engine/start-engine.ts';

let folder: string;
let directory: string;
let temporary: string;
const running: Engine[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freshet-test-'));
  directory = join(folder, 'engine');
  temporary = join(folder, 'tmp');
  await mkdir(temporary);
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((engine) => engine.stop()));
  await rm(folder, { recursive: true });
});

/** This project's Dynoxide with changed properties. */
function dynoxide(change: Partial<EngineCommand> = {}): Candidate[] {
  return candidates('.freshet/engine', () => {}).map((candidate) => ({
    ...candidate,
    async locate() {
      const found = await candidate.locate();
      return typeof found === 'string' ? found : { ...found, ...change };
    },
  }));
}

async function started(own = dynoxide(), onProgress = (_: string) => {}): Promise<Engine> {
  const engine = await startEngine({ directory, temporary, candidates: own, onProgress });
  running.push(engine);
  return engine;
}

async function expectToServe({ url }: Engine): Promise<void> {
  const client = createEngineClient(url);
  await expect(client.call('DynamoDB_20120810.ListTables', {})).resolves.toEqual({ TableNames: [] });
  client.close();
}

/** The paths of the databases that running engines use. */
async function databases(): Promise<string[]> {
  return (await readdir(temporary)).map((name) => join(temporary, name, 'data.db'));
}

/** SQLite's query plan on a copy of a database that an engine uses. */
async function plan(database: string, question: string): Promise<string> {
  const copy = join(folder, 'copy.db');
  for (const ending of ['', '-wal']) await copyFile(`${database}${ending}`, `${copy}${ending}`);
  const opened = new sqlite.Database(copy);
  opened.exec('PRAGMA locking_mode = EXCLUSIVE');
  const steps = opened.all(`EXPLAIN QUERY PLAN ${question}`);
  opened.close();
  return steps.map(({ detail }) => detail).join('; ');
}

test("the engine's database answers queries on a stream from an index", async () => {
  await expectToServe(await started());
  const [database = ''] = await databases();

  const next = 'SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records';
  expect(await plan(database, `${next} WHERE table_name = 'T'`)).toMatch(/SEARCH .* USING COVERING INDEX freshet_/);
  const following = 'SELECT new_image FROM _stream_records WHERE table_name = ? AND shard_id = ?';
  const order = 'CAST(sequence_number AS INTEGER)';
  const read = await plan(database, `${following} AND ${order} > ? ORDER BY ${order} LIMIT 100`);
  expect(read).toMatch(/SEARCH .* USING INDEX freshet_\w+ \(table_name=\? AND <expr>>\?\)$/);
});

test("the engine's data is readable by this user only and removed by a stop", async () => {
  const engine = await started();
  const [name = ''] = await readdir(temporary);
  expect((await stat(join(temporary, name))).mode & 0o777).toBe(0o700);

  await engine.stop();

  expect(await readdir(temporary)).toEqual([]);
});

test('engines that start at the same time without a template create one template and share no data', async () => {
  const engines = await Promise.all(Array.from({ length: 8 }, () => started()));
  expect(await readdir(directory)).toEqual([expect.stringMatching(/^dynoxide-1\.2\.1-[0-9a-f]{8}\.db$/)]);
  expect(await databases()).toHaveLength(8);

  const [first, ...others] = engines.map(({ url }) => createEngineClient(url));
  await first?.call('DynamoDB_20120810.CreateTable', {
    TableName: 'alone',
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
  for (const other of others) {
    expect(await other.call('DynamoDB_20120810.ListTables', {})).toEqual({ TableNames: [] });
    other.close();
  }
  first?.close();
});

test('an existing template is used unchanged', async () => {
  await (await started()).stop();
  const [template = ''] = await readdir(directory);
  const before = await stat(join(directory, template));

  await expectToServe(await started());

  const after = await stat(join(directory, template));
  expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
});

const problems: readonly [string, () => Promise<Candidate[] | undefined>][] = [
  ['an engine whose schema has no such table', async () => dynoxide({ indexes: 'CREATE INDEX i ON missing (x)' })],
  [
    'a folder for the template that is a file',
    async () => {
      await writeFile(directory, '');
      return undefined;
    },
  ],
  [
    'no folder for temporary files',
    async () => {
      await rm(temporary, { recursive: true });
      return undefined;
    },
  ],
  [
    'a template that is no database',
    async () => {
      await (await started()).stop();
      const [template = ''] = await readdir(directory);
      await writeFile(
        join(directory, template),
        'not a database, but longer than the header of one would be: '.repeat(9),
      );
      return undefined;
    },
  ],
];

test.each(problems)('with %s the engine runs in memory, reports it and leaves no files behind', async (_, prepare) => {
  const own = await prepare();
  const told: string[] = [];
  await expectToServe(await started(own, (message) => told.push(message)));
  expect(told).toEqual([
    expect.stringMatching(
      /^Dynoxide runs in memory, because it can't be started on .*: .+\. It gets slower .* If .*\.db files/s,
    ),
  ]);
  expect(await readdir(temporary).catch(() => [])).toEqual([]);
  const left = await readdir(directory).catch(() => []);
  expect(left.filter((name) => name.startsWith('template-'))).toEqual([]);
});
