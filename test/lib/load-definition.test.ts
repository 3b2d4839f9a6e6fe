import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as bundling from '../../lib/bundle.ts';

let folder: string;
let warnings: string[];
let lib = bundling;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'freshet-definition-'));
  warnings = [];
  lib = bundling;
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const FRESHET = `export const defineBoundary = (module: string, one: object) => ({ module, ...one });
export const defineSaga = defineBoundary;`;

/** Bundles a function with the definition in a file, as an app of its own. Returns the problems of its synthesis. */
function problemsOf(files: Readonly<Record<string, string>>, file = 'contracts.ts', name = 'geography'): string[] {
  const handler = "import * as all from '#contracts';\nexport const handler = () => all;";
  for (const [path, text] of Object.entries({ 'handler.ts': handler, 'freshet.ts': FRESHET, ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const definition = { file: join(folder, file), name };
  const alias = { '#contracts': definition.file, 'freshet-aws': join(folder, 'freshet.ts') };
  const problems: (() => string | undefined)[] = [];
  const bundles = lib.noBundles(join(folder, 'good'));
  for (const entry of ['handler.ts', 'freshet.ts'])
    lib.bundle({ file: join(folder, entry), alias, together: [], definition }, folder, bundles, {
      warn: (id, message) => warnings.push(`${id}: ${message}`),
      later: (problem) => problems.push(problem),
    });
  return problems.flatMap((problem) => problem() ?? []);
}

const IMPORTS = `import { appendFileSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, parse } from 'node:path';
`;

/** An ES module with a boundary. */
const contracts = (code: string) =>
  `${IMPORTS}import { defineBoundary } from 'freshet-aws';\n${code}\n` +
  "export default defineBoundary(import.meta.url, { name: 'geography' });";

/** The path of a file of the folder in a message. */
const shown = (name: string) => `freshet-definition-\\w+/${name.replaceAll('.', '\\.')}`;

const NO_FILE = /reads a file that is not on Lambda.*ENOENT.*Import a JSON file: import data from '\.\/data\.json'/;
const NO_MODULE = /looks for a module at run time that is not on Lambda .*Name the module in an import/;

describe('a definition that fails when a function loads it', () => {
  test.each([
    ["readFileSync('./a.json')", NO_FILE],
    ["readFileSync(join(process.cwd(), 'a.json'))", NO_FILE],
    ["readFileSync(new URL(['./a', 'json'].join('.'), import.meta.url))", NO_FILE],
    ["readFileSync(join(parse(import.meta.filename).dir, 'a.json'))", NO_FILE],
    ["readFileSync(new URL(import.meta.resolve('./a.json')))", NO_FILE],
    ["createRequire(import.meta.url)('./a.json')", NO_MODULE],
    ["require.resolve('./a.json')", NO_MODULE],
    ["await import(['./a', 'json'].join('.'))", NO_MODULE],
    ["await import('./languages/' + ['fr'].join() + '.ts')", NO_MODULE],
    ["const { require: get } = { require };\nget('./a.json')", NO_MODULE],
  ])('fails the synthesis, also where no static check looks: %s in a package', (call, message) => {
    const [problem, ...others] = problemsOf({
      'node_modules/reader/index.mjs': `${IMPORTS}${call};`,
      'node_modules/reader/languages/readme.md': '',
      'node_modules/reader/package.json': '{"exports":"./index.mjs"}',
      'node_modules/reader/a.json': '{}',
      'a.json': '{}',
      'contracts.ts': contracts("import 'reader';"),
    });
    expect(others).toEqual([]);
    expect(problem).toMatch(message);
    expect(problem).toMatch(new RegExp(`${shown('contracts.ts')}: `));
    expect(problem, 'the temporary folder of the process').not.toContain('freshet-load-');
  });

  test.each([
    ["readFileSync('./a.json', 'utf8');", NO_FILE],
    ["const load = () =>\n  readFileSync('./a.json');\nexport const loaded = load();", NO_FILE],
    ["throw new Error('STAGE is not set');", /fails when a Lambda function loads it \(STAGE is not set\)\. A function/],
    ["void Promise.reject(new Error('later'));", /fails when a Lambda function loads it \(later\)/],
  ])('fails the synthesis with the line of the module: %s', (code, message) => {
    const files = {
      'a.json': '{}',
      'other.ts': `${IMPORTS}${code}`,
      'contracts.ts': contracts("import './other.ts';"),
    };
    const [problem] = problemsOf(files);
    expect(problem).toMatch(message);
    expect(problem).toMatch(new RegExp(`${shown('other.ts')}:${code.includes('\n') ? 5 : 4}: `));
  });

  test.each([
    'process.exit(0);',
    'await new Promise(() => {});',
  ])('fails the synthesis if it never ends: %s', (code) => {
    expect(problemsOf({ 'contracts.ts': contracts(code) })).toEqual([
      expect.stringMatching(/fails when a Lambda function loads it \(the process ended, or waits for something/),
    ]);
  });

  test('sees no variable of this environment, and no credentials', () => {
    for (const name of ['STAGE', 'AWS_SECRET_ACCESS_KEY', 'HOME']) vi.stubEnv(name, 'here');
    const code = "const { STAGE = 'no', AWS_SECRET_ACCESS_KEY = 'no', HOME = 'no' } = process.env;";
    const [problem] = problemsOf({ 'contracts.ts': contracts(`${code}\nthrow [STAGE, AWS_SECRET_ACCESS_KEY, HOME];`) });
    expect(problem).toContain('(no,no,no)');
  });
});

describe('a definition that loads', () => {
  const counting = () => contracts(`appendFileSync(${JSON.stringify(join(folder, 'imports'))}, 'one ');`);
  const imports = () => readFileSync(join(folder, 'imports'), 'utf8');

  test('is loaded once for all functions of an app, and not again by a later synthesis', () => {
    expect(problemsOf({ 'contracts.ts': counting() })).toEqual([]);
    expect(problemsOf({ 'contracts.ts': counting() })).toEqual([]);
    expect(imports()).toBe('one ');
  });

  test('is not loaded again by another process that finds the note', async () => {
    problemsOf({ 'contracts.ts': counting() });
    // Modules that are loaded anew know as little as another process.
    vi.resetModules();
    lib = await import('../../lib/bundle.ts');
    expect(problemsOf({ 'contracts.ts': counting() })).toEqual([]);
    expect(imports(), 'with the note').toBe('one ');
    vi.resetModules();
    lib = await import('../../lib/bundle.ts');
    rmSync(join(folder, 'good'), { recursive: true });
    problemsOf({ 'contracts.ts': counting() });
    expect(imports(), 'without the note').toBe('one one ');
  });

  test('is loaded again after it has changed', () => {
    problemsOf({ 'contracts.ts': counting() });
    problemsOf({ 'contracts.ts': `${counting()}\nexport const more = 1;` });
    expect(imports()).toBe('one one ');
  });

  test('may keep timers and write to its output', () => {
    const code = "setInterval(() => {}, 1000);\nconsole.log('x'.repeat(1_000_000));";
    expect(problemsOf({ 'contracts.ts': contracts(code) })).toEqual([]);
  });

  test('leaves no temporary folder behind', () => {
    vi.stubEnv('TMPDIR', folder);
    expect(problemsOf({ 'contracts.ts': contracts('') })).toEqual([]);
    expect(readdirSync(folder).filter((name) => name.startsWith('freshet-load-'))).toEqual([]);
  });

  test('causes a warning if it can read files later, and none if only a package can', () => {
    const upcast = "export const upcast = () => readFileSync('./a.json');";
    problemsOf({ 'contracts.ts': contracts("export * from './upcast.ts';"), 'upcast.ts': IMPORTS + upcast });
    expect(warnings).toContainEqual(
      expect.stringMatching(
        new RegExp(
          `^readsFiles: .*${shown('upcast.ts')}: imports node:fs\\. A Lambda function has no files of the app`,
        ),
      ),
    );
    warnings = [];
    problemsOf({ 'contracts.ts': "export { default } from 'files';", 'node_modules/files/index.js': "require('fs');" });
    expect(warnings).toEqual([]);
  });
});

const COMPILED = 'Object.defineProperty(exports, "__esModule", { value: true });\nconst a = require("freshet-aws");\n';
const OTHER = { 'other.ts': "export default { name: 'geography', module: 'other.ts' };" };

describe('a module that defines a boundary or a saga', () => {
  test.each([
    [
      'contracts.ts',
      "import { defineBoundary } from 'freshet-aws';\nexport default defineBoundary(import.meta.url, { name: 'geography' });",
    ],
    ['contracts.mts', "const geography = { name: 'geography', module: 'here' };\nexport { geography as default };"],
    ['contracts.ts', "export { default } from './other';"],
    [
      'contracts.cts',
      "import f = require('freshet-aws');\nexport = f.defineBoundary(__filename, { name: 'geography' });",
    ],
    ['contracts.js', `${COMPILED}exports.default = (0, a.defineBoundary)(__filename, { name: 'geography' });`],
    [
      'contracts.js',
      `${COMPILED}const geography = a.defineBoundary(__filename, { name: 'geography' });
Object.defineProperty(exports, "default", { enumerable: true, get: () => geography });`,
    ],
    ['contracts.cjs', "module.exports = require('freshet-aws').defineBoundary(__filename, { name: 'geography' });"],
  ])('a default export is found in %s: %s', (file, text) => {
    expect(problemsOf({ ...OTHER, [file]: text }, file)).toEqual([]);
  });

  test.each([
    [
      'contracts.ts',
      "import { defineBoundary } from 'freshet-aws';\nexport const one = defineBoundary(import.meta.url, { name: 'geography' });",
      'export default one;',
    ],
    [
      'contracts.ts',
      "import { defineBoundary } from 'freshet-aws';\nconst two = defineBoundary(import.meta.url, { name: 'geography' });\nexport const x = 1;",
      'export default two;',
    ],
    [
      'contracts.js',
      `${COMPILED}const b = (0, a.defineBoundary)(__filename, { name: 'geography' });\nexports.b = b;`,
      'exports.default = b;',
    ],
    ['contracts.ts', 'export const all = { geography: 1 };', 'export default THE_DEFINITION;'],
  ])('%s without a default export is refused with the line to add: %s', (file, text, line) => {
    expect(problemsOf({ [file]: text }, file)).toEqual([
      `${join(folder, file)}: no default export, so the Lambda functions would not find its definition. ` +
        `Add this line: ${line}`,
    ]);
  });

  test('a second definition that the module does not export is refused by its name', () => {
    expect(problemsOf({ 'contracts.ts': contracts('') }, 'contracts.ts', 'ordering')).toEqual([
      `${join(folder, 'contracts.ts')}: exports no definition named ordering, so the Lambda functions would not find ` +
        'it. It exports: geography. Export it too.',
    ]);
  });
});
