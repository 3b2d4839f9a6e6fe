import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ActionDocument, EntityDocument } from '../../cli/console/api/documents.ts';
import { loadPage } from '../../cli/console/page-files.ts';
import { assemblyOf } from '../support/assembly.ts';
import { freshet, root } from '../support/command-line.ts';
import { copyAssembly } from '../support/copy-assembly.ts';
import { ask } from './console/world.ts';

const patience = { timeout: 60_000, interval: 100 };

let folder: string;
let cloud: ChildProcess | undefined;
let output = '';
let url: string;

/** The owner's contracts import the longest name from another module. */
const CONTRACTS = `
import * as z from '${pathToFileURL(join(root, 'node_modules/zod/mini/index.js')).href}';
import { defineBoundary } from '${pathToFileURL(join(root, 'core/contract/define-boundary.ts')).href}';
import { LONGEST } from './longest.ts';

const Item = z.object({ name: z.string().check(z.maxLength(LONGEST)) });
export default defineBoundary(import.meta.url, { name: 'depot', owns: { Item: { schema: Item } } });
`;

const longest = (characters: number) =>
  writeFile(join(folder, 'longest.ts'), `export const LONGEST: number = ${characters};\n`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freshet-renewed-'));
  const assembly = join(folder, 'cdk.out', 'app');
  copyAssembly(await assemblyOf('test/cli/depot/app.ts'), assembly, () => undefined, { contractsIn: root });
  for (const name of readdirSync(assembly).filter((one) => one.endsWith('.template.json'))) {
    const template = readFileSync(join(assembly, name), 'utf8');
    writeFileSync(
      join(assembly, name),
      template.replaceAll(join(root, 'test/cli/depot/owner.ts'), join(folder, 'owner.ts')),
    );
  }
  await writeFile(join(folder, 'cdk.json'), JSON.stringify({ app: 'cp -R cdk.out/app/. "$CDK_OUTDIR"' }));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  await writeFile(join(folder, 'owner.ts'), CONTRACTS);
  await longest(3);
  await loadPage();
  cloud = freshet(['up', '--watch', '--no-story'], folder);
  for (const stream of [cloud.stdout, cloud.stderr]) stream?.on('data', (chunk) => (output += chunk));
  await vi.waitFor(() => expect(output).toContain('Ctrl-C stops it'), { ...patience, timeout: 110_000 });
  url = /console: (\S+)/.exec(output)?.[1] ?? '';
}, 180_000);
afterAll(async () => {
  cloud?.kill('SIGINT');
  if (cloud) await once(cloud, 'exit');
  await rm(folder, { recursive: true, force: true });
});

async function put(name: string): Promise<ActionDocument> {
  const token = /name="freshet-token" content="([\w-]+)"/.exec((await ask(url, '/')).text)?.[1] ?? '';
  const headers = { 'x-freshet-token': token, 'content-type': 'application/json' };
  const body = JSON.stringify({ type: 'Item', id: 'one', stateJson: JSON.stringify({ name }) });
  return (await ask(url, '/api/actions/put', { method: 'POST', headers, body })).json() as ActionDocument;
}

describe('freshet up --watch', { timeout: 120_000 }, () => {
  test('the console writes and reads with the contracts of the newest deployment', async () => {
    expect(await put('abcdef')).toMatchObject({ exitCode: 2, message: expect.stringContaining('name') });
    await longest(6);
    await vi.waitFor(() => expect(output).toContain('Changed: longest.ts'), patience);
    await vi.waitFor(async () => expect(await put('abcdef')).toMatchObject({ exitCode: 0 }), patience);
    expect(await put('abcdefg')).toMatchObject({ exitCode: 2 });
    const entity = (await ask(url, '/api/entity?type=Item&id=one')).json() as EntityDocument;
    expect(entity.owner).toMatchObject({ version: 1, stateJson: '{"name":"abcdef"}' });
    const schema = (await ask(url, '/api/contracts/schema?type=Item')).json();
    expect(schema).toMatchObject({ properties: { name: { maxLength: 6 } } });
  });
});
