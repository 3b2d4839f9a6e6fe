import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bundles, bundle, noBundles } from '../../lib/bundle.ts';

let folder: string;
const module = (name: string) => join(folder, `${name}.ts`);
const write = (name: string, value: string) =>
  writeFileSync(module(name), `import { shared } from 'shared';\nexport const handler = () => '${value}' + shared;`);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'freshet-bundle-'));
  writeFileSync(module('shared'), "export const shared = 'shared-text';");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SILENT = { warn: () => {}, later: () => {} };

/** Bundles a module and returns the code. */
function bundled(name: string, bundles: Bundles, together: string[] = []): string {
  const output = join(folder, 'output');
  mkdirSync(output, { recursive: true });
  const alias = { shared: module('shared') };
  bundle({ file: module(name), alias, together: together.map(module) }, output, bundles, SILENT);
  return readFileSync(join(output, 'index.mjs'), 'utf8');
}

test('modules that are bundled together get the same bundles as each module alone', () => {
  write('one', 'text-of-one');
  write('two', 'text-of-two');
  const bundles = noBundles();
  expect(bundled('one', bundles, ['one', 'two'])).toBe(bundled('one', noBundles()));
  expect(bundles.code.size).toBe(2);
  expect(bundled('two', bundles, ['one', 'two'])).toBe(bundled('two', noBundles()));
});

test('a module that was bundled together with another one is not bundled again in the same app', () => {
  write('one', 'text-of-one');
  write('two', 'before');
  const bundles = noBundles();
  bundled('one', bundles, ['two']);
  write('two', 'after');
  expect(bundled('two', bundles)).toContain('before');
  expect(bundled('two', noBundles()), 'another app').toContain('after');
});
