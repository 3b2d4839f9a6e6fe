import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { App, Stack } from 'aws-cdk-lib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { boundaryOf, defineBoundary } from '../../core/contract.ts';
import { contractsFile } from '../../lib/contracts-module.ts';
import { EntityOwner } from '../../lib/entity-owner.ts';
import { productSchema } from '../support/boundaries.ts';

/** A text that core alone has. */
const ONCE_IN_CORE = 'not a valid boundary name';

const boundary = (module: string) =>
  defineBoundary(module, { name: 'catalogue', owns: { Product: { schema: productSchema } } });

describe('where the contracts are', () => {
  const file = join(tmpdir(), 'a folder', 'contracts.ts');
  const url = pathToFileURL(file).href;

  test.each([
    ["the module's URL", url],
    ['its URL with what a loader adds', `${url}?namespace=1`],
    ['its path, as a CommonJS module has it', file],
  ])('is taken from %s', (_, module) => {
    expect(contractsFile(boundary(module))).toBe(file);
  });

  test.each(['https://example.com/contracts.js', 'contracts.ts', ''])('is refused as %j', (module) => {
    expect(() => contractsFile(boundary(module))).toThrow(/^module: of boundary catalogue: given: .*import\.meta\.url/);
  });
});

test('a contracts module is its default, or the default of what a CommonJS module exports', () => {
  const catalogue = boundary('file:///catalogue.ts');
  expect(boundaryOf({ default: catalogue })).toBe(catalogue);
  expect(boundaryOf({ default: { default: catalogue } })).toBe(catalogue);
});

describe('bundles of contracts that lie outside of the project and import the package by its name', () => {
  let folder: string;
  let bundles: string[];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'freshet-contracts-'));
    const contracts = join(folder, 'contracts.ts');
    writeFileSync(
      contracts,
      `import { defineBoundary } from 'freshet-aws';
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

  test('are made for each function, each of its own', () => {
    expect(new Set(bundles.map((file) => readFileSync(file, 'utf8'))).size).toBe(3);
  });

  test('hold core once', () => {
    const copies = bundles.map((file) => readFileSync(file, 'utf8').split(ONCE_IN_CORE).length - 1);
    expect(copies).toEqual(bundles.map(() => 1));
  });

  test('load, until they look for what the stack deploys them with', async () => {
    for (const file of bundles) {
      await expect(import(pathToFileURL(file).href)).rejects.toThrow(/^environment variable \w+ is not set$/);
    }
  });
});
