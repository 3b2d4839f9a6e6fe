import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cruise, type IViolation } from 'dependency-cruiser';
import extractConfiguration from 'dependency-cruiser/config-utl/extract-depcruise-config';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const configuration = await extractConfiguration(join(ROOT, '.dependency-cruiser.mjs'));
const FOLDERS = 'core adapters lambdas lib package local cli bin examples bench test'.split(' ');

/** What `npm run check:imports` reports for a folder. */
async function importProblems(baseDir: string, folders: readonly string[]): Promise<string[]> {
  const { output } = await cruise([...folders], {
    ...configuration.options,
    baseDir,
    ruleSet: { forbidden: configuration.forbidden ?? [] },
    validate: true,
  });
  if (typeof output === 'string') throw new Error(output);
  return output.summary.violations.map(({ rule, from, to }: IViolation) => `${rule.name}: ${from} -> ${to}`);
}

let folder: string;

function makeFolder(): void {
  folder = mkdtempSync(join(tmpdir(), 'freshet-imports-'));
}

function removeFolder(): void {
  rmSync(folder, { recursive: true, force: true });
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** Imports that break a rule, with the rule's name. */
const BREAKS = [
  ['core-imports', 'core/planted.ts', '../adapters/x.ts'],
  ['core-imports', 'core/planted.ts', '../lib/x.ts'],
  ['adapters-imports', 'adapters/planted.ts', '../lib/x.ts'],
  ['adapters-imports', 'adapters/planted.ts', '../lambdas/x.ts'],
  ['lambdas-imports', 'lambdas/planted.ts', '../lib/x.ts'],
  ['lib-imports', 'lib/planted.ts', '../adapters/aws/list.ts'],
  ['lib-imports', 'lib/planted.ts', '../lambdas/x.ts'],
  ['local-imports', 'local/planted.ts', '../cli/x.ts'],
  ['local-imports', 'local/planted.ts', '../lib/x.ts'],
  ['cli-imports', 'cli/planted.ts', '../lib/x.ts'],
  ['cli-imports', 'cli/planted.ts', '../examples/x.ts'],
  ['examples-imports', 'examples/planted.ts', '../core/x.ts'],
  ['examples-imports', 'examples/planted.ts', '../adapters/x.ts'],
  ['examples-imports', 'examples/planted.ts', '../lib/x.ts'],
  ['examples-imports', 'examples/planted.ts', '../cli/x.ts'],
  ['bin-imports', 'bin/planted.ts', '../core/x.ts'],
  ['bench-imports', 'bench/planted.ts', '../test/x.ts'],
  ['no-tests', 'core/planted.ts', '../test/x.ts'],
  ['run-time-entry', 'package/index.ts', '../lib/x.ts'],
  ['construct-entry', 'package/cdk.ts', '../local/x.ts'],
  ['core-built-ins', 'core/planted.ts', 'node:fs'],
  ['not-to-unresolvable', 'core/planted.ts', './nowhere.ts'],
] as const;

/** Imports that every rule lets pass. */
const ALLOWED = [
  ['core/planted.ts', './x.ts'],
  ['core/planted.ts', 'node:crypto'],
  ['adapters/planted.ts', '../core/x.ts'],
  ['lambdas/planted.ts', '../adapters/x.ts'],
  ['lib/planted.ts', '../core/x.ts'],
  ['lib/planted.ts', '../adapters/aws/items.ts'],
  ['cli/planted.ts', '../local/x.ts'],
  ['examples/planted.ts', '../package/index.ts'],
  ['bench/planted.ts', '../cli/x.ts'],
  ['test/planted.ts', '../core/x.ts'],
] as const;

/** The name of a planted file: each one has its own, so that one run of the tool checks them all. */
const numbered = (path: string, index: number) => path.replace('planted', `planted-${index}`);

function fillFolders(): void {
  for (const one of FOLDERS) write(`${one}/x.ts`, 'export const x = 1;\n');
  for (const file of ['items', 'list']) write(`adapters/aws/${file}.ts`, 'export const x = 1;\n');
  for (const file of ['index', 'cdk']) write(`package/${file}.ts`, 'export const x = 1;\n');
}

const planted = (specifier: string) => `export * as planted from '${specifier}';\n`;

describe('the import rules', () => {
  let problems: string[];

  beforeAll(async () => {
    makeFolder();
    fillFolders();
    BREAKS.forEach(([, path, specifier], index) => {
      write(numbered(path, index), planted(specifier));
    });
    ALLOWED.forEach(([path, specifier], index) => {
      write(numbered(path, BREAKS.length + index), planted(specifier));
    });
    write('core/a.ts', planted('./b.ts'));
    write('core/b.ts', "export * as a from './a.ts';\n");
    write('core/c.ts', planted('./d.ts'));
    write('core/d.ts', "import type { planted } from './c.ts';\nexport type D = typeof planted;\n");
    problems = await importProblems(folder, FOLDERS);
  });
  afterAll(removeFolder);

  test('the project has no import circle and breaks no import rule', async () => {
    expect(await importProblems(ROOT, FOLDERS)).toEqual([]);
  }, 120_000);

  test.each(
    BREAKS.map(([rule, path, specifier], index) => [rule, numbered(path, index), specifier] as const),
  )('the rule %s reports %s that imports %s', (rule, path) => {
    expect(problems).toContainEqual(expect.stringMatching(new RegExp(`^${rule}: ${path}`)));
  });

  test.each(
    ALLOWED.map(([path, specifier], index) => [numbered(path, BREAKS.length + index), specifier] as const),
  )('no rule reports %s that imports %s', (path) => {
    expect(problems.filter((problem) => problem.includes(`: ${path} `))).toEqual([]);
  });

  test('two files that import each other are reported as a circle', () => {
    expect(problems).toContainEqual(expect.stringMatching(/^no-circles: core\/[ab]\.ts/));
  });

  test('a type that is imported in a circle is reported as well', () => {
    expect(problems).toContainEqual(expect.stringMatching(/^no-circles: core\/[cd]\.ts/));
  });
});

describe('the clients behind the run-time entry', () => {
  const CLIENTS = ['cloudwatch', 'cloudformation', 'lambda'];
  let problems: string[];

  beforeAll(async () => {
    makeFolder();
    fillFolders();
    write('package/index.ts', planted('../adapters/a.ts'));
    write('adapters/a.ts', CLIENTS.map((name) => `export * as ${name} from '@aws-sdk/client-${name}';\n`).join(''));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
    problems = await importProblems(folder, FOLDERS);
  });
  afterAll(removeFolder);

  test.each(CLIENTS)('the client of %s behind the run-time entry is reported', (client) => {
    expect(problems).toContainEqual(
      expect.stringMatching(new RegExp(`^run-time-entry-clients: package/index\\.ts -> .*/client-${client}/`)),
    );
  });
});

/** Texts that the linter reports in core, with the rule. */
const IMPURE = [
  ['plugin', 'export const now = Date.now();'],
  ['plugin', 'export const clock = Date.now;'],
  ['plugin', 'export const now = new Date();'],
  ['plugin', 'export const now = new Date;'],
  ['plugin', 'export const now = Date();'],
  ['plugin', 'export const dice = Math.random();'],
  ['plugin', `export const text = \`at \${Date.now()}\`;`],
  ['plugin', 'export const load = (name: string) => import(name);'],
  ['noRestrictedGlobals', 'export const stage = process.env.STAGE;'],
  ['noRestrictedGlobals', 'export const id = crypto.randomUUID();'],
  ['noRestrictedGlobals', 'export const now = performance.now();'],
  ['noRestrictedGlobals', 'setTimeout(String, 1);'],
  ['noRestrictedGlobals', 'setInterval(String, 1);'],
  ['noRestrictedGlobals', 'setImmediate(String);'],
  ['noRestrictedGlobals', "fetch('https://example.com');"],
  ['noRestrictedGlobals', "console.log('x');"],
  ['noRestrictedImports', "import { randomUUID } from 'node:crypto';\nexport const id = randomUUID();"],
  ['noRestrictedImports', "import { randomBytes as hash } from 'node:crypto';\nexport { hash };"],
  ['noRestrictedImports', "import * as crypto from 'node:crypto';\nexport const id = crypto;"],
] as const;

/** Texts that the linter accepts in core. */
const PURE = [
  "import { hash } from 'node:crypto';\nexport const digest = hash;",
  'export const at = (nowMs: number) => new Date(nowMs).toISOString();',
  'export const ms = (text: string) => Date.parse(text);',
  'export const run = (step: { process(): void }) => step.process();',
  'export const max = Math.max(1, 2);',
  'export interface Ports {\n  process: () => void;\n}',
];

describe('the purity of core', () => {
  /** The rules that `biome lint` reports, by file. */
  let reported: Map<string, string[]>;

  beforeAll(async () => {
    makeFolder();
    const texts = [...IMPURE.map(([, text]) => text), ...PURE];
    texts.forEach((text, index) => {
      write(`core/planted-${index}.ts`, `${text}\n`);
    });
    cpSync(join(ROOT, 'biome.json'), join(folder, 'biome.json'));
    cpSync(join(ROOT, 'core/pure.grit'), join(folder, 'core/pure.grit'));
    reported = await lintProblems();
  });
  afterAll(removeFolder);

  test.each(
    IMPURE.map(([rule, text], index) => [rule, text, index] as const),
  )('the linter reports by %s: %s', (rule, _, index) => {
    expect(reported.get(`core/planted-${index}.ts`)).toContainEqual(expect.stringContaining(rule));
  });

  test.each(PURE.map((text, index) => [text, index] as const))('the linter lets core say: %s', (_, index) => {
    expect(reported.get(`core/planted-${IMPURE.length + index}.ts`) ?? []).toEqual([]);
  });
});

async function lintProblems(): Promise<Map<string, string[]>> {
  const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
  const command = [biome, 'lint', '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', 'core'];
  const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: folder }).catch(
    (failed: { stdout: string }) => failed,
  );
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { category: string; location: { path: string } }[];
  };
  const byFile = new Map<string, string[]>();
  for (const { category, location } of diagnostics) {
    byFile.set(location.path, [...(byFile.get(location.path) ?? []), category]);
  }
  return byFile;
}
