import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ReuseOptions, synthesiseOrReuse } from '../../../local/synthesis/reuse.ts';
import { root } from '../../support/command-line.ts';

/** An app that imports a contract and a package, bundles a function, and marks each of its runs. */
const APP = `
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { version } from 'dependency';
import contract from './contract.mjs';
const { buildSync } = createRequire(import.meta.url)('esbuild');
const { outputFiles } = buildSync({ entryPoints: ['function.mjs'], bundle: true, write: false, format: 'esm' });
const out = process.env.CDK_OUTDIR;
mkdirSync(join(out, 'asset.1'));
writeFileSync(join(out, 'asset.1', 'index.mjs'), outputFiles[0].text);
const data = readFileSync('../elsewhere/data.json', 'utf8');
writeFileSync(join(out, 'manifest.json'), JSON.stringify({ run: randomUUID(), version, contract, data }));
`;

let parent: string;
let project: string;
let variables: NodeJS.ProcessEnv;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'freshet-reuse-'));
  project = join(parent, 'project');
  variables = { ...process.env };
  write('project/cdk.json', JSON.stringify({ app: 'node app.mjs' }));
  write('project/app.mjs', APP);
  write('project/contract.mjs', "export default 'contract 1';");
  write(
    'project/function.mjs',
    "import { shared } from '../elsewhere/shared.mjs'; export const handler = () => shared;",
  );
  write('elsewhere/shared.mjs', 'export const shared = 1;');
  write('elsewhere/data.json', '{}');
  install('1.0.0');
  symlinkSync(join(root, 'node_modules', 'esbuild'), join(project, 'node_modules', 'esbuild'), 'junction');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(join(parent, path, '..'), { recursive: true });
  writeFileSync(join(parent, path), text);
}

/** Replaces the package, as an installation does. The files of both versions have the same size. */
function install(version: string): void {
  rmSync(join(project, 'node_modules/dependency'), { recursive: true, force: true });
  write('project/node_modules/dependency/package.json', JSON.stringify({ name: 'dependency', exports: './index.mjs' }));
  write('project/node_modules/dependency/index.mjs', `export const version = '${version}';`);
}

const cache = () => join(project, '.freshet', 'assemblies');
const entries = () => readdirSync(cache()).filter((name) => !name.startsWith('.'));

async function start(options: Partial<ReuseOptions> = {}, name = 'assembly') {
  const assembly = join(project, '.freshet', name);
  const found = await synthesiseOrReuse(project, { assembly, cache: cache(), env: variables, ...options });
  const manifest = JSON.parse(readFileSync(join(assembly, 'manifest.json'), 'utf8'));
  return { found, manifest, bundle: readFileSync(join(assembly, 'asset.1', 'index.mjs'), 'utf8') };
}

describe('a second synthesis', () => {
  test('copies the assembly of the first one if nothing has changed', async () => {
    const first = await start();
    const second = await start({}, 'second');
    expect(first.found).toBe('synthesised');
    expect(second).toEqual({ ...first, found: 'reused' });
  });

  test.each<[string, () => void]>([
    ['a contract', () => write('project/contract.mjs', "export default 'contract 2';")],
    ['a file that only a bundle contains', () => write('elsewhere/shared.mjs', 'export const shared = 2;')],
    ['a file of data outside the repository', () => write('elsewhere/data.json', '[]')],
    ['the version of a package', () => install('1.0.1')],
    ['a new file that an import may find first', () => write('project/contract.js', '')],
    ['cdk.json', () => write('project/cdk.json', JSON.stringify({ app: 'node app.mjs', context: { a: 'b' } }))],
    ['cdk.context.json', () => write('project/cdk.context.json', JSON.stringify({ found: 'now' }))],
    ['a variable of the environment', () => Object.assign(variables, { STAGE: 'test' })],
  ])('runs the app again after a change of %s', async (_, change) => {
    const first = await start();
    change();
    const second = await start();
    expect(second.found).toBe('synthesised');
    expect(second.manifest.run).not.toBe(first.manifest.run);
    expect((await start()).found).toBe('reused');
  });

  test('runs an app that a loader of CommonJS modules starts, as ts-node does', async () => {
    write('project/package.json', JSON.stringify({ type: 'commonjs' }));
    write('project/app.typed', `require(process.env.CDK_OUTDIR && './app.cjs');`);
    write('project/app.cjs', `import('./app.mjs');`);
    const loader = [
      "const Module = require('node:module');",
      "Module._extensions['.typed'] = Module._extensions['.js'];",
      "process.argv = [process.argv[0], require('node:path').resolve('app.typed')];",
      'Module.runMain();',
    ];
    write('project/loader.cjs', loader.join('\n'));
    write('project/cdk.json', JSON.stringify({ app: 'node loader.cjs' }));
    const { found, manifest } = await start();
    expect([found, manifest.contract]).toEqual(['synthesised', 'contract 1']);
    expect((await start()).found).toBe('reused');
  });

  test('runs the app again for another context or other stacks', async () => {
    await start();
    expect((await start({ context: { stage: 'test' } })).found).toBe('synthesised');
    expect((await start({ context: { stage: 'test' } })).found).toBe('reused');
  });

  test('copies the assembly of an earlier state after a change is undone', async () => {
    const first = await start();
    write('project/contract.mjs', "export default 'contract 2';");
    expect((await start()).manifest.contract).toBe('contract 2');
    write('project/contract.mjs', "export default 'contract 1';");
    expect(await start()).toEqual({ ...first, found: 'reused' });
  });

  test('copies the assembly in another terminal', async () => {
    await start();
    Object.assign(variables, { TERM_SESSION_ID: 'other', SHLVL: '7' });
    expect((await start()).found).toBe('reused');
  });
});

describe('what is kept', () => {
  test.each<[string, (folder: string) => void]>([
    ['a damaged file', (folder) => writeFileSync(join(folder, 'manifest.json'), '{"run":')],
    ['a missing file', (folder) => rmSync(join(folder, 'asset.1', 'index.mjs'))],
    ['a damaged index', (folder) => writeFileSync(join(folder, 'entry.json'), '{"inputs":{')],
    ['no index', (folder) => rmSync(join(folder, 'entry.json'))],
  ])('%s is a miss, and is repaired', async (_, damage) => {
    const first = await start();
    damage(join(cache(), entries()[0] ?? ''));
    const second = await start();
    expect(second).toEqual({
      ...first,
      found: 'synthesised',
      manifest: { ...first.manifest, run: expect.any(String) },
    });
    expect(second.manifest.run).not.toBe(first.manifest.run);
    expect((await start()).found).toBe('reused');
  });

  test('is bounded: the assemblies that were used last', async () => {
    for (let number = 0; number < 6; number += 1) {
      write('project/contract.mjs', `export default 'contract ${number}';`);
      await start();
    }
    expect(entries()).toHaveLength(4);
    expect((await start()).found).toBe('reused');
  });

  test('is whole if two processes synthesise at the same time', async () => {
    const both = await Promise.all([start({}, 'one'), start({}, 'other')]);
    expect(both.map(({ manifest }) => manifest.contract)).toEqual(['contract 1', 'contract 1']);
    expect(entries()).toHaveLength(1);
    expect((await start()).found).toBe('reused');
  });

  test('is nothing if a file changes while the app runs', async () => {
    write('project/app.mjs', `${APP}\nwriteFileSync('contract.mjs', "export default 'written by the app';");`);
    await start();
    expect((await start()).manifest.contract).toBe('written by the app');
  });

  test.each([
    ['runs another program', "const { execSync } = await import('node:child_process'); execSync('git --version');"],
    [
      'uses the network',
      "const { connect } = await import('node:net'); await new Promise((r) => connect(9, '127.0.0.1').on('close', r).on('error', () => {}));",
    ],
  ])('is nothing of an app that %s', async (_, code) => {
    write('project/app.mjs', `${APP}\n${code}`);
    await start();
    expect((await start()).found).toBe('synthesised');
  });

  test('is nothing of a project with a build command, which may write what it wants', async () => {
    write('project/cdk.json', JSON.stringify({ app: 'node app.mjs', build: 'node -e 0' }));
    await start();
    expect((await start()).found).toBe('synthesised');
  });

  test('is nothing of an app that fails', async () => {
    write('project/app.mjs', 'process.exit(3);');
    await expect(start()).rejects.toMatchObject({ code: 'SynthesisFailed' });
    write('project/app.mjs', APP);
    renameSync(join(project, 'app.mjs'), join(project, 'main.mjs'));
    write('project/cdk.json', JSON.stringify({ app: 'node main.mjs' }));
    expect((await start()).found).toBe('synthesised');
  });
});
