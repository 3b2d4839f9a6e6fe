import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { app, ENTRY, filesIn, init, PACKAGE, read } from './app.ts';

const MODULE = { ...PACKAGE, type: 'module' };
const { type: _, ...WITHOUT_TYPE } = PACKAGE;

describe('the imports of freshet init', () => {
  test('an entry beside the services imports them from its own folder', async () => {
    const folder = app({ 'cdk.json': { app: 'npx ts-node src/main.ts' }, 'src/main.ts': ENTRY });
    await init(folder);
    expect(read(folder, 'src/main.ts')).toContain("from './geography/stack';");
  });

  test.each([
    ['that Node itself runs', 'node bin/app.ts', 'bin/app.ts', ENTRY, '.ts'],
    ['that Node runs with an option', 'node --experimental-strip-types bin/app.ts', 'bin/app.ts', ENTRY, '.ts'],
    ['that tsx runs', 'node --import=tsx bin/app.ts', 'bin/app.ts', ENTRY, '.js'],
    ['whose entry imports .ts', 'npx tsx bin/app.ts', 'bin/app.ts', `import '../lib/x.ts';\n${ENTRY}`, '.ts'],
    [
      'whose entry imports .js',
      'npx tsx bin/app.ts',
      'bin/app.ts',
      `import { x } from '../lib/x.js';\n${ENTRY}`,
      '.js',
    ],
    [
      'whose entry imports no endings',
      'npx tsx bin/app.ts',
      'bin/app.ts',
      `import { x } from '../lib/x';\n${ENTRY}`,
      '',
    ],
  ])('an app of ES modules %s gets imports of its kind', async (_kind, run, file, entry, extension) => {
    const folder = app({ 'package.json': MODULE, 'cdk.json': { app: run }, 'bin/shop.ts': null, [file]: entry });
    await init(folder);
    expect(read(folder, file)).toContain(`from '../lib/geography/stack${extension}';`);
    expect(read(folder, 'lib/geography/stack.ts')).toContain(`from './contracts${extension}';`);
  });

  test('an app without a type that Node itself runs has ES modules', async () => {
    const folder = app({ 'package.json': WITHOUT_TYPE, 'cdk.json': { app: 'node bin/shop.ts' } });
    await init(folder);
    expect(read(folder, 'bin/shop.ts')).toContain("from '../lib/geography/stack.ts';");
    expect(read(folder, 'lib/geography/contracts.ts')).toContain('defineBoundary(import.meta.url, ');
  });

  test('an entry that is an ES module in a CommonJS app names whole files, and the other files do not', async () => {
    const folder = app({
      'package.json': WITHOUT_TYPE,
      'cdk.json': { app: 'npx tsx bin/app.mts' },
      'bin/shop.ts': null,
      'bin/app.mts': ENTRY,
    });
    await init(folder);
    expect(read(folder, 'bin/app.mts')).toContain("from '../lib/geography/stack.js';");
    expect(read(folder, 'lib/geography/contracts.ts')).toContain('defineBoundary(__filename, ');
    expect(read(folder, 'lib/geography/stack.ts')).toContain("from './contracts';");
  });
});

describe('the files that freshet init changes', () => {
  test('an entry without imports keeps its byte order mark at its start', async () => {
    const entry = "\uFEFFconst cdk = require('aws-cdk-lib');\nconst app = new cdk.App();\n";
    const folder = app({ 'bin/shop.ts': entry });
    await init(folder);
    expect(read(folder, 'bin/shop.ts')).toMatch(/^\uFEFFimport \{ GeographyStack \} from /);
  });

  test('jest.config.js keeps its line ends', async () => {
    const config = "module.exports = {\r\n  transform: {\r\n    '^.+\\\\.tsx?$': ['@swc/jest']\r\n  },\r\n};\r\n";
    const folder = app({ 'jest.config.js': config });
    await init(folder, '--test', 'jest');
    const text = read(folder, 'jest.config.js');
    expect(text).toContain('transformIgnorePatterns');
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  });
});

describe('the package.json of freshet init', () => {
  test('tabs, line ends and the byte order mark stay', async () => {
    const given = `\uFEFF${JSON.stringify(PACKAGE, undefined, '\t')}\n`.replaceAll('\n', '\r\n');
    const folder = app({ 'package.json': given });
    const { code } = await init(folder);
    expect(code).toBe(0);
    const text = read(folder, 'package.json');
    expect(text).toMatch(/^\uFEFF\{\r\n\t"name": "shop",\r\n/);
    expect(text.replaceAll('\r\n', '')).not.toContain('\n');
    expect(text).toMatch(/\r\n\t\t"freshet-aws": /);
  });

  test.each([
    ['aws-cdk-lib', '2.100.0'],
    ['aws-cdk-lib', '~2.100.0'],
    ['aws-cdk-lib', '1.204.0'],
    ['constructs', '10.0.0'],
    ['zod', '^3.23.8'],
  ])('%s %s is too old, and nothing is written', async (name, version) => {
    const folder = app({ 'package.json': { ...PACKAGE, dependencies: { [name]: version } } });
    const before = filesIn(folder);
    const { code, err } = await init(folder);
    expect(code).toBe(2);
    expect(err).toContain(`these packages are too old, so nothing was written: ${name} ${version} (needed: `);
    expect(err).toContain(`First run: npm install ${name}@^`);
    expect(filesIn(folder)).toEqual(before);
  });

  test.each([
    '^2.100.0',
    '2',
    '2.276.0',
    '>=2.100.0',
    '*',
    'file:../cdk',
  ])('aws-cdk-lib %s can be new enough', async (range) => {
    const folder = app({ 'package.json': { ...PACKAGE, dependencies: { 'aws-cdk-lib': range } } });
    expect((await init(folder)).code).toBe(0);
  });

  test('an installed version counts if its range allows it', async () => {
    const folder = app({ 'package.json': { ...PACKAGE, dependencies: { 'aws-cdk-lib': '^2.100.0' } } });
    mkdirSync(join(folder, 'node_modules/aws-cdk-lib'), { recursive: true });
    writeFileSync(join(folder, 'node_modules/aws-cdk-lib/package.json'), '{"version":"2.150.0"}');
    expect((await init(folder)).err).toContain('aws-cdk-lib 2.150.0 (needed: 2.276.0 or newer)');
  });
});

describe('the package manager of freshet init', () => {
  test.each([
    ['the field packageManager', { 'package.json': { ...PACKAGE, packageManager: 'pnpm@10.0.0+sha512.abc' } }, 'pnpm'],
    ['its lock file', { 'yarn.lock': '' }, 'yarn'],
    [
      'the field, before a lock file',
      { 'package.json': { ...PACKAGE, packageManager: 'yarn@4.1.0' }, 'package-lock.json': '{}' },
      'yarn',
    ],
  ])('it is known by %s', async (_name, files, manager) => {
    expect((await init(app(files))).out).toContain(`Next:\n  ${manager} install\n`);
  });

  test.each([
    ['bun', 'its lock file', { 'bun.lock': '' }],
    ['bun', 'the field packageManager', { 'package.json': { ...PACKAGE, packageManager: 'bun@1.2.0' } }],
    ['deno', 'its lock file', { 'deno.lock': '{}' }],
  ])('%s, known by %s, is refused, and nothing is written', async (manager, _name, files) => {
    const folder = app(files);
    const before = filesIn(folder);
    const { code, err } = await init(folder);
    expect(code).toBe(2);
    expect(err).toContain(`isn't supported: "${manager}". Allowed: npm, pnpm, yarn.`);
    expect(filesIn(folder)).toEqual(before);
  });
});
