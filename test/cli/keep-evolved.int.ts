import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { root, runFreshet } from '../support/command-line.ts';
import { startUp, type Up } from '../support/up.ts';

const patience = { timeout: 180_000, interval: 100 };

const APP = `
import { App, Stack } from 'aws-cdk-lib';
import { EntityOwner, LocalCache } from 'freshet-aws/cdk';
import ordering, { geography } from './contracts.ts';
const app = new App();
const source = new EntityOwner(new Stack(app, 'Geography'), 'Owner', { boundary: geography });
new LocalCache(new Stack(app, 'Ordering'), 'Cache', { boundary: ordering, sources: [source] });
`;

/** The contracts of a release, with the declaration of the entity type. */
const contracts = (declared: string) => `
import { defineBoundary, keep } from 'freshet-aws';
import * as z from 'zod';
export const geography = defineBoundary(import.meta.url, { name: 'geography', owns: { Country: { ${declared} } } });
export default defineBoundary(import.meta.url, { name: 'ordering', caches: { Country: keep(geography.owns.Country) } });
`;
const FIRST = contracts('schema: z.strictObject({ name: z.string() })');
const SECOND = contracts(`
  schema: z.strictObject({ title: z.string(), currency: z.string() }),
  schemaVersion: 2,
  upcasts: { 1: ({ name }) => ({ title: name, currency: 'unknown' }) },
`);

let folder: string;
let cloud: Up | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freshet-evolved-'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  const app = 'node --conditions=freshet-source --import tsx app.mjs';
  await writeFile(join(folder, 'cdk.json'), JSON.stringify({ app }));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(join(folder, 'app.mjs'), APP);
});
afterEach(() => cloud?.end('SIGKILL'));
afterAll(() => rm(folder, { recursive: true, force: true }));

async function up(text: string): Promise<void> {
  await writeFile(join(folder, 'contracts.ts'), text);
  cloud = await startUp(['--keep'], folder, patience.timeout);
}

const run = (...args: readonly string[]) => runFreshet(args, folder);
const put = async (id: string, state: object) =>
  expect(await run('put', 'Country', id, '--data', JSON.stringify(state))).toMatchObject({ code: 0 });

/** Waits until a read finds an entity. */
const found = (...args: readonly string[]) =>
  vi.waitFor(async () => {
    const { code, out, err } = await run('get', ...args, '--json');
    expect({ code, err }).toMatchObject({ code: 0 });
    return JSON.parse(out);
  }, patience);

test('after freshet up --keep starts with a new schema version, kept entities are read as the upcast makes them', {
  timeout: 900_000,
}, async () => {
  await up(FIRST);
  await put('CH', { name: 'Switzerland' });
  expect(await found('ordering', 'Country', 'CH')).toMatchObject({ version: 1, value: { name: 'Switzerland' } });
  expect(await run('stop', 'projector')).toMatchObject({ code: 0 });
  await put('FR', { name: 'France' });
  await cloud?.end('SIGINT');

  await up(SECOND);
  expect(await run('start', 'projector')).toMatchObject({ code: 0 });
  expect(await found('ordering', 'Country', 'FR'), 'kept in the queue').toMatchObject({
    version: 1,
    value: { title: 'France', currency: 'unknown' },
  });
  // An entity that was cached before keeps its form until a backfill or its next change (docs/deploy.md).
  expect((await found('ordering', 'Country', 'CH')).value).toEqual({ name: 'Switzerland' });
  expect(await run('backfill', 'ordering', 'Country', '--restart')).toMatchObject({ code: 0 });
  await vi.waitFor(async () => {
    const { version, value } = await found('ordering', 'Country', 'CH');
    expect({ version, value }).toEqual({ version: 1, value: { title: 'Switzerland', currency: 'unknown' } });
  }, patience);
  await put('CH', { title: 'Suisse', currency: 'CHF' });
  await vi.waitFor(async () => {
    expect(await found('ordering', 'Country', 'CH', '--at-least-version', '2')).toMatchObject({
      version: 2,
      value: { title: 'Suisse', currency: 'CHF' },
    });
  }, patience);
  const old = await run('put', 'Country', 'DE', '--data', '{"name":"Germany"}');
  expect(old).toMatchObject({ code: 2, err: expect.stringContaining('schema of Country (version 2)') });
});
