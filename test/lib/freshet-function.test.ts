import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { boundaryOf, type ContractsModule, defineBoundary } from '../../core/contract/define-boundary.ts';
import { defineSaga, type SagaModule, sagaOf } from '../../core/saga/define.ts';
import { missingPackages } from '../../lib/bundle.ts';
import { contractsFile } from '../../lib/contracts-module.ts';
import { EntityOwner } from '../../lib/entity-owner.ts';
import { freshetFunction } from '../../lib/freshet-function.ts';
import { productSchema } from '../support/boundaries.ts';

/** A text that only core contains. */
const ONCE_IN_CORE = 'not a valid boundary name';

const boundary = (module: string) =>
  defineBoundary(module, { name: 'catalogue', owns: { Product: { schema: productSchema } } });

describe('contractsFile', () => {
  const file = join(tmpdir(), 'a folder', 'contracts.ts');
  const url = pathToFileURL(file).href;

  test.each([
    ["a module's URL", url],
    ["a module's URL with a query that a loader added", `${url}?namespace=1`],
    ["a CommonJS module's path", file],
  ])("the contracts' file is found from %s", (_, module) => {
    expect(contractsFile(boundary(module))).toBe(file);
  });

  test.each([
    'https://example.com/contracts.js',
    'contracts.ts',
    '',
  ])('the location %j of contracts is refused', (module) => {
    expect(() => contractsFile(boundary(module))).toThrow(
      /^module: of catalogue: neither a file: URL .*import\.meta\.url/,
    );
  });
});

test('a boundary is read from the default export of its module, which CommonJS wraps in another default', () => {
  const catalogue = boundary('file:///catalogue.ts');
  expect(boundaryOf({ default: catalogue })).toBe(catalogue);
  expect(boundaryOf({ default: { default: catalogue } })).toBe(catalogue);
});

describe('bundles of contracts that are outside the project and import the package by its name', () => {
  let folder: string;
  let bundles: string[];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'freshet-contracts-'));
    const contracts = join(folder, 'contracts.ts');
    writeFileSync(
      contracts,
      // The command line's own contracts import an internal module by name.
      `import { defineBoundary } from 'freshet-aws';
       import 'freshet-aws/internal/core/errors';
       const schema = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } } as const;
       export default defineBoundary(__filename, { name: 'catalogue', owns: { Product: { schema } } });`,
    );
    const app = new App({ outdir: join(folder, 'assembly') });
    new EntityOwner(new Stack(app, 'Catalogue'), 'Owner', { boundary: boundary(contracts) });
    bundles = readdirSync(app.synth().directory, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('index.mjs'))
      .map((file) => join(app.outdir, file));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('each function of an owner has its own bundle', () => {
    expect(new Set(bundles.map((file) => readFileSync(file, 'utf8'))).size).toBe(3);
  });

  test('each bundle contains core once', () => {
    const copies = bundles.map((file) => readFileSync(file, 'utf8').split(ONCE_IN_CORE).length - 1);
    expect(copies).toEqual(bundles.map(() => 1));
  });

  test('no bundle has the parts of the SDK that a function on Lambda never uses', () => {
    // Credentials of the instance metadata service, credentials of SSO, and the decoder of event streams.
    const parts = ['/latest/meta-data/iam/security-credentials', 'sso_account_id', ':exception-type'];
    const found = (code: string) => parts.filter((part) => code.includes(part));
    expect(bundles.map((file) => found(readFileSync(file, 'utf8')))).toEqual(bundles.map(() => []));
  });

  test('no bundle wraps modules, which would keep each of their functions in a closure', () => {
    // Only esbuild's wrappers of modules use it.
    const wraps = (file: string) => readFileSync(file, 'utf8').includes('Object.getOwnPropertyNames');
    expect(bundles.filter(wraps)).toEqual([]);
  });

  test('each bundle loads and then misses an environment variable that the stack sets', async () => {
    for (const file of bundles) {
      await expect(import(pathToFileURL(file).href)).rejects.toThrow(/^environment variable \w+: not set\./);
    }
  });
});

test.each([
  ['nothing, if both are installed', [], []],
  ['esbuild, if an app has not installed it', ['esbuild'], ['esbuild']],
  [
    'both packages, if an app has installed neither',
    ['esbuild', '@aws-sdk/client-cloudwatch'],
    ['esbuild', '@aws-sdk/client-cloudwatch'],
  ],
])('bundling misses %s', (_, absent, missing) => {
  const resolve = (name: string) => {
    if (absent.includes(name)) throw new Error(`Cannot find module '${name}'`);
    return name;
  };
  expect(missingPackages(resolve)).toEqual(missing);
});

describe('a module that exports two definitions', () => {
  const catalogue = boundary('file:///catalogue.ts');
  const other = defineBoundary('file:///catalogue.ts', { name: 'other' });
  const [first, second] = ['first', 'second'].map((name) =>
    defineSaga('file:///sagas.ts', {
      name,
      needs: [{ type: 'A', owner: 'x', ids: ['id'], about: 'id' }],
      decide: () => [],
    }),
  );

  test.each<[string, ContractsModule]>([
    ['of an ES module', { default: catalogue, other } as ContractsModule],
    ['of a CommonJS module', { default: { default: catalogue, other } } as ContractsModule],
    ['without a name at the default export', { default: other, catalogue } as unknown as ContractsModule],
  ])('a function finds its boundary by its name among the exports %s', (_, module) => {
    expect([boundaryOf(module, 'catalogue'), boundaryOf(module, 'other')]).toEqual([catalogue, other]);
  });

  test('a function finds its saga by its name', () => {
    const module = { default: first, second } as SagaModule;
    expect([sagaOf(module, 'first'), sagaOf(module, 'second')]).toEqual([first, second]);
  });

  test('a name that no export has is refused with the names of the exports', () => {
    const message = 'module: exports no boundary named elsewhere. It exports: catalogue, other. Export it too.';
    expect(() => boundaryOf({ default: catalogue, other } as ContractsModule, 'elsewhere')).toThrow(message);
  });

  test('the functions of each construct have the name of their definition', () => {
    const stack = new Stack(new App(), 'Two');
    const file = join(import.meta.dirname, '../two-boundaries/contracts.ts');
    for (const name of ['first', 'second']) {
      freshetFunction(stack, name, {
        entry: 'relay',
        boundary: { module: file, name },
        timeout: Duration.seconds(1),
        memorySize: 128,
        stage: 'development',
      });
    }
    const functions = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
    expect(functions.map(({ Properties }) => Properties.Environment.Variables.DEFINITION).sort()).toEqual([
      'first',
      'second',
    ]);
  });
});
