import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bundle, noBundles } from '../../lib/bundle.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'freshet-problems-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** Bundles `handler.ts` with the contracts in `contracts.ts`. Returns the code. */
function bundled(files: Readonly<Record<string, string>>, warn: (message: string) => void = () => {}): string {
  write({
    'handler.ts': "import * as contracts from '#contracts';\nexport const handler = () => contracts;",
    ...files,
  });
  const alias = { '#contracts': join(folder, 'contracts.ts') };
  bundle({ file: join(folder, 'handler.ts'), alias, together: [] }, folder, noBundles(), {
    warn: (_, message) => warn(message),
    later: () => {},
  });
  return readFileSync(join(folder, 'index.mjs'), 'utf8');
}

/** The path of a file of the folder in a message. */
const shown = (name: string) => `freshet-problems-\\w+/${name.replaceAll('.', '\\.')}`;

describe('a call whose module is only known at run time', () => {
  test.each([
    ['require(name)', /Name the module in the call: require\('the-module'\)\. The call: .* require\(name\);$/],
    ['import(name)', /Name the module in the call: import\('the-module'\)\. The call: .* import\(name\);$/],
    ['[name].map(require)', /Name the module in the call: require\('the-module'\)\. The call: .*map\(require\);$/],
  ])('%s in a module of the app is refused with its place', (call, message) => {
    const files = { 'contracts.ts': `const name = String(process.pid);\nexport default () => ${call};` };
    expect(() => bundled(files)).toThrow(message);
    expect(() => bundled(files)).toThrow(new RegExp(`${shown('contracts.ts')}:2: `));
  });

  test('a pattern of imports that matches no file is refused with its place', () => {
    const text = 'export default (name: string) => import("./languages/" + name + ".ts");';
    expect(() => bundled({ 'languages/readme.md': '', 'contracts.ts': text })).toThrow(
      new RegExp(`${shown('contracts.ts')}:1: .*Name the module in the call: import\\('the-module'\\)`),
    );
  });

  test('a call in a module of a package is a warning, because the package may never come to it', () => {
    const warnings: string[] = [];
    write({ 'node_modules/loader/index.js': 'exports.load = (name) => require(name);' });
    bundled({ 'contracts.ts': "import { load } from 'loader';\nexport default load;" }, (one) => warnings.push(one));
    expect(warnings).toEqual([expect.stringMatching(/^loader:1: the bundle would look for a module at run time/)]);
  });

  test('a package that is optional, required within try, is left out without a word', () => {
    const warnings: string[] = [];
    const text = "let color;\ntry { color = require('not-installed'); } catch {}\nexport default color;";
    bundled({ 'contracts.ts': text }, (one) => warnings.push(one));
    expect(warnings).toEqual([]);
  });
});

describe('a bundle with the CDK', () => {
  test('contracts that import the CDK through another module are refused with the chain of imports', () => {
    const files = {
      'contracts.ts': "import { NAME } from './stack.ts';\nexport default NAME;",
      'stack.ts': "import { Stack } from 'aws-cdk-lib';\nexport const NAME = Stack.name;",
    };
    expect(() => bundled(files)).toThrow(
      new RegExp(`${shown('contracts.ts')} → .*${shown('stack.ts')} → aws-cdk-lib: the Lambda functions would contain`),
    );
  });

  test('contracts that import the CDK through a package are refused with the name of the package', () => {
    write({ 'node_modules/our-stacks/index.js': "require('aws-cdk-lib/aws-sqs');" });
    expect(() => bundled({ 'contracts.ts': "import 'our-stacks';\nexport default 1;" })).toThrow(
      new RegExp(`${shown('contracts.ts')} → our-stacks → aws-cdk-lib/aws-sqs: `),
    );
  });

  test('a type of the CDK may be imported', () => {
    const text = "import type { Stack } from 'aws-cdk-lib';\nexport default (stack: Stack) => stack;";
    expect(bundled({ 'contracts.ts': text })).not.toContain('aws-cdk-lib');
  });
});

describe('a module that reads files beside it', () => {
  test.each([
    ["new URL('./a.json', import.meta.url)"],
    ['join(import.meta.dirname, "a.json")'],
    ["readFileSync(__dirname + '/a.json')"],
    ['dirname(fileURLToPath(import.meta.url))'],
    ['dirname(__filename)'],
    ["createRequire(import.meta.url)('./a.json')"],
    ["new URL(file('a'), import.meta.url)"],
    ['parse(__filename).dir'],
    ["import.meta.resolve('./a.json')"],
    ["require.resolve('./a.json')"],
  ])('%s is refused, and the message says to import the file', (call) => {
    const text =
      "import { createRequire } from 'node:module';\nimport { readFileSync } from 'node:fs';\n" +
      `import { dirname, join, parse } from 'node:path';\nimport { fileURLToPath } from 'node:url';\n` +
      `const file = String;\nexport default ${call};`;
    expect(() => bundled({ 'contracts.ts': text })).toThrow(
      new RegExp(
        `${shown('contracts.ts')}: reads files beside it \\(.*\\), which a bundle does not contain. Import a JSON`,
      ),
    );
  });

  test.each([
    ["defineBoundary(import.meta.url, { name: 'a' })"],
    ["defineBoundary(__filename, { name: 'a' })"],
    ['"join(__dirname, \'a.json\')" // import.meta.dirname'],
    ["new URL('https://example.com/' + name)"],
    ["[new URL('https://example.com/'), defineBoundary(import.meta.url, {})]"],
  ])('%s is no such module', (call) => {
    const text = `const defineBoundary = (...all: unknown[]) => all;\nconst name = 'a';\nexport default ${call};`;
    expect(() => bundled({ 'contracts.ts': text })).not.toThrow();
  });

  test('a JSON file that is imported is part of the bundle', () => {
    const files = { 'contracts.ts': "import a from './a.json';\nexport default a;", 'a.json': '{"in":"the bundle"}' };
    expect(bundled(files)).toContain('the bundle');
  });
});
