import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { runCommand } from '../../../../cli/main.ts';
import { commandIo } from '../../../support/command-io.ts';
import { root } from '../../../support/command-line.ts';
import { app, ENTRY, emptyFolder, filesIn, init, PACKAGE, read, readPackage } from './app.ts';

/** The app that `cdk init` makes, as the installed version of the CDK has it. */
const TEMPLATE = join(root, 'node_modules/aws-cdk/lib/init-templates/app/typescript');
describe('freshet init', () => {
  test('it adds two services, a test and what they need to an app, and says what comes next', async () => {
    const folder = app();
    const { code, out } = await init(folder, '--owner', 'hr-desk', '--type', 'OrderLine', '--cache', 'desk');
    expect(code).toBe(0);
    expect(filesIn(folder)).toEqual([
      'bin/shop.ts',
      'cdk.json',
      'lib/desk/contracts.ts',
      'lib/desk/get-order-line.ts',
      'lib/desk/stack.ts',
      'lib/hr-desk/contracts.ts',
      'lib/hr-desk/put-order-line.ts',
      'lib/hr-desk/stack.ts',
      'package.json',
      'test/order-line.test.ts',
    ]);
    expect(read(folder, 'bin/shop.ts')).toBe(`#!/usr/bin/env node
import * as cdk from 'aws-cdk-lib/core';
import { HrDeskStack } from '../lib/hr-desk/stack';
import { DeskStack } from '../lib/desk/stack';

const app = new cdk.App();

const hrDeskStack = new HrDeskStack(app, 'HrDesk');
new DeskStack(app, 'Desk', { owner: hrDeskStack.owner });
`);
    const { scripts, dependencies, devDependencies } = readPackage(folder);
    expect(scripts).toEqual({ test: 'node --import tsx --test test/order-line.test.ts', start: 'freshet up' });
    expect(Object.keys(dependencies ?? {})).toEqual(['aws-cdk-lib', 'constructs', 'freshet-aws', 'zod']);
    expect(Object.keys(devDependencies ?? {})).toEqual([
      '@aws-sdk/client-cloudwatch',
      '@types/node',
      'esbuild',
      'freshet-cli',
      'freshet-local',
      'tsx',
      'typescript',
    ]);
    expect(out).toContain('  + lib/desk/stack.ts\n');
    expect(out).toContain('  ~ package.json\n');
    expect(out).toContain('Next:\n  npm install\n  npm test\n  npx freshet up\n');
  });

  test('without a terminal and without options it takes the defaults', async () => {
    const folder = app();
    expect((await init(folder)).code).toBe(0);
    expect(existsSync(join(folder, 'lib/geography/put-country.ts'))).toBe(true);
    expect(existsSync(join(folder, 'lib/ordering/get-country.ts'))).toBe(true);
  });

  test('what package.json already has stays as it is, in its order', async () => {
    const given = { name: 'shop', version: '3.1.4', license: 'MIT', scripts: { test: 'vitest --run', start: 'x' } };
    const folder = app({
      'package.json': {
        ...given,
        dependencies: { zod: '4.0.0' },
        devDependencies: { vitest: '4.0.0', 'freshet-aws': 'file:x' },
      },
    });
    await init(folder);
    const made = readPackage(folder);
    expect(Object.keys(made)).toEqual(['name', 'version', 'license', 'scripts', 'dependencies', 'devDependencies']);
    expect(made.scripts).toEqual(given.scripts);
    expect(made.dependencies).toMatchObject({ zod: '4.0.0' });
    expect(made.dependencies).not.toHaveProperty('freshet-aws');
    expect(made.devDependencies).toMatchObject({ vitest: '4.0.0', 'freshet-aws': 'file:x' });
    expect(read(folder, 'test/country.test.ts')).toContain("import { expect, test } from 'vitest';");
  });

  test('a second call adds two more services, and one script runs both tests', async () => {
    const folder = app();
    await init(folder);
    expect((await init(folder, '--owner', 'hr', '--type', 'Employee', '--cache', 'desk')).code).toBe(0);
    const files = 'test/country.test.ts test/employee.test.ts';
    expect(readPackage(folder).scripts?.test).toBe(`node --import tsx --test ${files}`);
    expect(read(folder, 'bin/shop.ts').match(/^new |^const \w+Stack/gm)).toHaveLength(4);
  });

  test('a test of another runner than the one of the script `test` gets a script of its own', async () => {
    const folder = app({ 'package.json': { ...PACKAGE, scripts: { test: 'mocha' } } });
    const { out } = await init(folder, '--test', 'vitest');
    expect(readPackage(folder).scripts).toMatchObject({ test: 'mocha', 'test:freshet': 'vitest run' });
    expect(out).toContain('npm run test:freshet');
  });

  test('nothing is overwritten: files that exist are named, and nothing is written', async () => {
    const folder = app({ 'lib/geography/stack.ts': 'mine', 'test/country.test.ts': 'mine' });
    const before = filesIn(folder);
    const { code, err } = await init(folder);
    expect(code).toBe(2);
    expect(err).toContain('these files exist, so nothing was written: lib/geography/stack.ts, test/country.test.ts.');
    expect(filesIn(folder)).toEqual(before);
    expect(read(folder, 'bin/shop.ts')).toBe(ENTRY);
  });

  test('--dry-run prints the files and writes nothing', async () => {
    const folder = app();
    const before = filesIn(folder);
    const { code, out } = await init(folder, '--dry-run');
    expect(code).toBe(0);
    expect(out).toContain('  + lib/geography/contracts.ts\n');
    expect(filesIn(folder)).toEqual(before);
  });

  test.each([
    [['--owner', 'Hr'], 'not a valid name of a service: "Hr"'],
    [['--owner', ''], 'not a valid name of a service: ""'],
    [['--cache', '../desk'], 'not a valid name of a service: "../desk"'],
    [['--type', 'order-line'], 'type: not a valid entity type: "order-line"'],
    [['--owner', 'desk', '--cache', 'desk'], '--cache: not the owner itself: "desk"'],
    [['--test', 'mocha'], "argument 'mocha' is invalid"],
  ])('the arguments %j are refused, and nothing is written', async (args, message) => {
    const folder = app();
    const before = filesIn(folder);
    const { code, err } = await init(folder, ...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(filesIn(folder)).toEqual(before);
  });

  test('a folder that has files and no CDK app is refused', async () => {
    const { code, err } = await init(app({ 'cdk.json': null }));
    expect(code).toBe(2);
    expect(err).toMatch(/there is no .*cdk\.json\. Run the command in the folder of a CDK app, or in an empty folder/);
    const unreadable = await init(app({ 'package.json': '{' }));
    expect(unreadable.code).toBe(2);
    expect(unreadable.err).toMatch(/package\.json can't be read: /);
  });

  test('jest is refused in an app of ES modules', async () => {
    const { code, err } = await init(app({ 'package.json': { type: 'module' } }), '--test', 'jest');
    expect(code).toBe(2);
    expect(err).toContain('Allowed: vitest, node:test.');
  });

  test('on a terminal it asks for the names that no option gave, and asks again after a wrong answer', async () => {
    const folder = app();
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    const io = commandIo({ cwd: folder, stdin });
    const code = runCommand(['init', '--no-install', '--cache', 'desk'], io);
    await expect.poll(() => io.err()).toContain('The service that owns the data (geography): ');
    stdin.write('HR\n');
    await expect.poll(() => io.err()).toContain('not a valid name of a service: "HR"');
    stdin.write('hr\n');
    await expect.poll(() => io.err()).toContain('A type of its data (Country): ');
    stdin.write('\n');
    expect(await code).toBe(0);
    expect(existsSync(join(folder, 'lib/hr/put-country.ts'))).toBe(true);
    expect(existsSync(join(folder, 'lib/desk/get-country.ts'))).toBe(true);
  });

  test('Ctrl-C at a question writes nothing', async () => {
    const folder = app();
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    const io = commandIo({ cwd: folder, stdin });
    const code = runCommand(['init', '--no-install'], io);
    await expect.poll(() => io.err()).toContain('(geography): ');
    io.interrupt();
    expect(await code).toBe(130);
    expect(io.err()).toContain('interrupted; nothing was written');
    expect(existsSync(join(folder, 'lib'))).toBe(false);
  });
});

describe('the modules of an app', () => {
  test.each([
    ['commonjs', {}, "'./contracts'", '__filename', "join(__dirname, 'put-country.ts')"],
    ['module', {}, "'./contracts.js'", 'import.meta.url', "new URL('put-country.ts', import.meta.url)"],
    [
      'module',
      { allowImportingTsExtensions: true },
      "'./contracts.ts'",
      'import.meta.url',
      "new URL('put-country.ts', import.meta.url)",
    ],
  ])('an app of type %s with %j gets imports, names and paths of its kind', async (type, options, imported, name, path) => {
    const tsconfig = JSON.stringify({ compilerOptions: options }, undefined, 2);
    const folder = app({ 'package.json': { ...PACKAGE, type }, 'tsconfig.json': tsconfig });
    await init(folder);
    expect(read(folder, 'lib/geography/contracts.ts')).toContain(`defineBoundary(${name}, `);
    expect(read(folder, 'lib/geography/stack.ts')).toContain(`from ${imported};`);
    expect(read(folder, 'lib/geography/stack.ts')).toContain(`{ file: ${path} }`);
  });

  test.each([
    ['its app has no variable', "import { App } from 'aws-cdk-lib';\nnew App();\n"],
    [
      'its app is made in a function',
      "import * as cdk from 'aws-cdk-lib';\nfunction main() {\n  const app = new cdk.App();\n}\n",
    ],
    ['it has a stack of that name', `${ENTRY}new Thing(app, 'Geography');\n`],
    ['it has a class of that name', `${ENTRY}class GeographyStack {}\n`],
  ])('an entry is left alone if %s, and the lines are printed', async (_, entry) => {
    const folder = app({ 'bin/shop.ts': entry });
    const { code, out } = await init(folder);
    expect(code).toBe(0);
    expect(read(folder, 'bin/shop.ts')).toBe(entry);
    expect(out).toContain('Add the stacks to bin/shop.ts:\n');
    expect(out).toContain("  import { GeographyStack } from '../lib/geography/stack';\n");
  });

  test.each(['node dist/main.js', 'python3 app.py'])('an app that `%s` runs has its lines printed', async (run) => {
    const folder = app({ 'cdk.json': { app: run }, 'bin/other.ts': '' });
    expect((await init(folder)).out).toContain('Add the stacks to the module that creates your CDK app:\n');
  });

  test('compiled code is made from the only module in bin', async () => {
    const folder = app({ 'cdk.json': { app: 'npx tsc && node out/bin/shop.js' } });
    await init(folder);
    expect(read(folder, 'bin/shop.ts')).toContain('new GeographyStack(app, ');
  });

  test.each(['app.synth();', 'const assembly = app.synth();'])('the stacks come before `%s`', async (synth) => {
    const folder = app({ 'bin/shop.ts': `${ENTRY}\nother.synth();\n${synth}\nconsole.log('done');\n` });
    await init(folder);
    expect(read(folder, 'bin/shop.ts')).toMatch(
      /other\.synth\(\);\nconst geographyStack = .*\nnew OrderingStack\(.*\n\n(?:const assembly = )?app\.synth\(\);\n/,
    );
  });

  test('the stacks come before app.synth(), and lines keep their ends', async () => {
    const entry = "import { App } from 'aws-cdk-lib';\r\nconst app: App = new App({});\r\n\r\napp.synth();\r\n";
    const folder = app({ 'bin/shop.ts': entry });
    await init(folder);
    const text = read(folder, 'bin/shop.ts');
    expect(text.trimEnd().endsWith('{ owner: geographyStack.owner });\r\n\r\napp.synth();')).toBe(true);
    expect(text.replaceAll('\r\n', '')).not.toContain('\n');
  });
});

describe('the app of `cdk init`', () => {
  /** The app as `cdk init` makes it. */
  function cdkInit(): string {
    const folder = emptyFolder();
    cpSync(TEMPLATE, folder, { recursive: true });
    for (const file of filesIn(folder)) {
      const text = read(folder, file)
        .replaceAll('%name.PascalCased%', 'Shop')
        .replaceAll(/%(?:name|stackname)%/g, 'shop');
      rmSync(join(folder, file));
      writeFileSync(join(folder, file.replace('.template', '').replaceAll('%name%', 'shop')), text);
    }
    return folder;
  }

  test('its entry, its Jest and its scripts are completed', async () => {
    const folder = cdkInit();
    const { code, out } = await init(folder);
    expect(code).toBe(0);
    expect(out).not.toContain('Add the stacks');
    expect(read(folder, 'bin/shop.ts')).toContain(
      "new OrderingStack(app, 'Ordering', { owner: geographyStack.owner });",
    );
    expect(read(folder, 'jest.config.js')).toContain(
      "  transform: { '^.+\\\\.[jt]sx?$': ['@swc/jest'] },\n  transformIgnorePatterns: ['/node_modules/(?!freshet-)'],\n  setupFiles",
    );
    expect(readPackage(folder).scripts).toMatchObject({ test: 'jest', start: 'freshet up' });
    expect(read(folder, 'test/country.test.ts')).toMatch(/^import \{ createOwner.*\n(?:.*\n)*}, 120_000\);\n$/);
  });

  test('another jest.config.js is left alone, and the page that shows the lines is named', async () => {
    const folder = cdkInit();
    const config = "module.exports = { preset: 'ts-jest' };\n";
    writeFileSync(join(folder, 'jest.config.js'), config);
    expect((await init(folder)).out).toContain("Let Jest transform Freshet's packages");
    expect(read(folder, 'jest.config.js')).toBe(config);
  });
});

describe('the versions of packages', () => {
  test('an app gets the versions with which the project is tested', async () => {
    const folder = app();
    await init(folder, '--test', 'vitest');
    const own = JSON.parse(read(root, 'package.json')) as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >;
    const tested = { ...own.devDependencies, ...own.dependencies };
    const { dependencies, devDependencies } = readPackage(folder);
    for (const name of ['@types/node', 'esbuild', 'typescript', 'vitest', 'tsx', 'zod', '@aws-sdk/client-cloudwatch']) {
      const given = { ...dependencies, ...devDependencies }[name];
      expect(`${name} ${given}`).toBe(`${name} ^${tested[name]?.replace('^', '')}`);
    }
    const { CDK_VERSION } = await import('../../../../cli/commands/init/packages.ts');
    expect(CDK_VERSION).toBe(tested['aws-cdk']);
  });
});
