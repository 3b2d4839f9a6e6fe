import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assemblyOf, SHOP } from '../support/assembly.ts';
import { root, runFreshet } from '../support/command-line.ts';

let folder: string;

const check = (...args: string[]) => runFreshet(['contracts', 'check', ...args], folder);
const file = () => join(folder, 'contracts.snapshot.json');
const GEOGRAPHY = 'examples/shop/geography/contracts.ts';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freshet-contracts-'));
  await symlink(join(root, 'examples'), join(folder, 'examples'));
  // The synthesis only copies the assembly of the shop.
  const app = `cp -R "${await assemblyOf(SHOP)}/." "$CDK_OUTDIR"`;
  await writeFile(join(folder, 'cdk.json'), JSON.stringify({ app }));
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test('contracts check finds the contracts of the app, and fails until their snapshot is committed', async () => {
  expect(await check()).toMatchObject({ code: 1, out: expect.stringContaining('contracts.snapshot.json is missing.') });
  const updated = await check('--update');
  expect(updated).toMatchObject({ code: 0, out: 'contracts.snapshot.json written: geography, ordering, warehouse\n' });
  expect(await check()).toMatchObject({ code: 0, out: expect.stringContaining('The contracts equal the snapshot') });
  const written = JSON.parse(await readFile(file(), 'utf8'));
  expect(written.boundaries.geography.owns.Country).toMatchObject({ schemaVersion: 1, schema: { type: 'object' } });
});

test('contracts check fails with what changed, where, and what to do, and does not update a snapshot by it', async () => {
  const text = await readFile(file(), 'utf8');
  const changed = JSON.parse(text);
  changed.boundaries.geography.owns.Currency.schema.properties.symbol = { type: 'string' };
  changed.boundaries.geography.owns.Currency.schema.required.push('symbol');
  await writeFile(file(), JSON.stringify(changed));
  const failed = await check('--update');
  expect(failed.code).toBe(1);
  expect(failed.out).toContain('✗ geography.owns.Currency.schema: symbol: field removed. Needs a new schema version.');
  expect(JSON.parse(await readFile(file(), 'utf8'))).toEqual(changed);
  const { changes, ok } = JSON.parse((await check('--json')).out);
  expect([ok, changes]).toEqual([
    false,
    [{ where: 'geography.owns.Currency.schema: symbol', what: 'field removed', needs: 'a new schema version' }],
  ]);
  await writeFile(file(), text);
});

test('contracts check of a module compares only its boundary, and refuses a module without contracts', async () => {
  expect(await check(GEOGRAPHY)).toMatchObject({ code: 0, out: 'The contracts equal the snapshot: geography\n' });
  const wrong = await check('examples/shop/geography/releases.ts');
  expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('releases.ts: not a contracts module.') });
  await writeFile(file(), '{');
  expect(await check(GEOGRAPHY)).toMatchObject({ code: 2, err: expect.stringContaining('not a snapshot') });
});

test('contracts check fails if it cannot read a schema, also after an update, and names the type', async () => {
  await rm(file(), { force: true });
  const unreadable = `import { defineBoundary } from 'freshet-aws';
const schema = { '~standard': { version: 1, vendor: 'own', validate: (value) => ({ value }) } };
export default defineBoundary(import.meta.url, { name: 'geography', owns: { Country: { schema } } });
`;
  await writeFile(join(folder, 'unreadable.mjs'), unreadable);
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const message = "✗ geography.owns.Country.schema: can't be read. Needs a schema that describes itself as JSON Schema";
  for (const args of [[], ['--update'], []]) {
    const { code, out } = await check('unreadable.mjs', ...args);
    expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining(message) });
    expect(out).not.toContain('equal the snapshot');
  }
  const { ok, undescribed } = JSON.parse((await check('unreadable.mjs', '--json')).out);
  expect({ ok, undescribed }).toEqual({ ok: false, undescribed: ['geography.owns.Country'] });
});
