import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../support/command-line.ts';

let folder: string;

/** A CommonJS app. Its types are those of the sources, because the test may run without a build. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'freshet-commonjs-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }');
  const code =
    "import { defineBoundary } from 'freshet-aws';\nexport default defineBoundary(__filename, { name: 'geo' });\n";
  writeFileSync(join(folder, 'contracts.ts'), code);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function problemsOf(module: string): Promise<string> {
  const compilerOptions = {
    module,
    target: 'es2024',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    customConditions: ['freshet-source'],
    allowImportingTsExtensions: true,
  };
  const config = join(folder, `${module}.json`);
  writeFileSync(config, JSON.stringify({ compilerOptions, files: ['contracts.ts'] }));
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', config],
      { cwd: folder },
      (_, out) => resolve(out),
    );
  });
}

test.each([
  'node20',
  'nodenext',
])('a CommonJS app with the module setting %s may import the package', async (module) => {
  expect(await problemsOf(module)).toBe('');
}, 60_000);

test.each([
  'node16',
  'node18',
])('a CommonJS app with the module setting %s gets TS1479, which the documentation names', async (module) => {
  const problems = await problemsOf(module);
  expect(problems).toMatch(/^contracts\.ts\(1,\d+\): error TS1479: The current file is a CommonJS module/);
}, 60_000);
