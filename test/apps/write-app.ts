import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Combination } from './combinations.ts';

/** Writes files below a folder. Objects are written as JSON. */
export function write(folder: string, files: Readonly<Record<string, string | object>>): void {
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : `${JSON.stringify(content, undefined, 2)}\n`);
  }
}

export function readJson(file: string): Record<string, unknown> {
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
}

/** The owner's contracts, which a workspace has in a package of its own. */
export const geography = ({ location }: Combination) => `import { defineBoundary } from 'freshet-aws';
import * as z from 'zod';

const Country = z.strictObject({ name: z.string(), region: z.string(), note: z.optional(z.string()) });

export default defineBoundary(${location}, { name: 'geography', owns: { Country: { schema: Country } } });
`;

const ordering = ({ location }: Combination, owner: string) => `import { defineBoundary, keep } from 'freshet-aws';
import geography from '${owner}';

const Country = keep(geography.owns.Country, { indexes: { region: 'region' } });

export default defineBoundary(${location}, { name: 'ordering', caches: { Country } });
`;

const app = ({ extension }: Combination, owner: string) => `import * as cdk from 'aws-cdk-lib';
import { EntityOwner, LocalCache } from 'freshet-aws/cdk';
import geography from '${owner}';
import ordering from '../lib/ordering${extension}';

const app = new cdk.App();
const owner = new EntityOwner(new cdk.Stack(app, 'Geography'), 'Owner', { boundary: geography });
new LocalCache(new cdk.Stack(app, 'Ordering'), 'Cache', { boundary: ordering, sources: [owner] });
`;

const test = (given: Combination, owner: string) => `import assert from 'node:assert/strict';
${given.test === 'jest' ? '' : "import { test } from 'node:test';\n"}import { createOwner, createReader } from 'freshet-aws';
import { cacheIn, cloudClient, ownerIn, startLocalCloud, synthesise } from 'freshet-local';
import geography from '${owner}';
import ordering from '../lib/ordering${given.extension}';

test('an entity that the owner puts is read from the cache', async () => {
  const cloud = await startLocalCloud({ assembly: await synthesise('.') });
  const client = cloudClient(cloud);
  try {
    const writer = createOwner({ boundary: geography, client, tableName: ownerIn(cloud, geography).table });
    await writer.put('Country', 'FR', { name: 'France', region: 'Europe' });
    await cloud.idle();
    const reader = createReader({ boundary: ordering, client, tableName: cacheIn(cloud, ordering).table });
    const found = await reader.get('Country', 'FR');
    assert.deepEqual(found.status === 'found' && found.value, { name: 'France', region: 'Europe' });
  } finally {
    client.destroy();
    await cloud.stop();
  }
}${given.test === 'jest' ? ', 120_000' : ''});
`;

/** Jest leaves out `node_modules` from what it turns into CommonJS. Freshet's packages must not be left out. */
const JEST = `module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: { '^.+\\\\.[jt]sx?$': ['@swc/jest'] },
  transformIgnorePatterns: ['/node_modules/(?!freshet-)'],
  setupFilesAfterEnv: ['aws-cdk-lib/testhelpers/jest-autoclean'],
};
`;

/** The compiler options of an app that `cdk init` didn't make. */
function compilerOptions(given: Combination): Record<string, unknown> {
  const { module, moduleResolution, options } = given;
  const types = given.test === 'jest' ? ['jest', 'node'] : ['node'];
  return {
    target: 'ES2022',
    lib: ['ES2022'],
    module,
    moduleResolution,
    types,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    ...options,
  };
}

/**
 * Writes the app of a combination into a folder with the package.json, cdk.json and tsconfig.json of `cdk init`.
 *
 * @param owner the import name of the owner's contracts in another package. Default: a file of the app
 */
export function writeApp(folder: string, given: Combination, owner?: string): void {
  const { extension, isInit, run } = given;
  write(folder, {
    'package.json': { ...readJson(join(folder, 'package.json')), type: given.type },
    'cdk.json': { ...readJson(join(folder, 'cdk.json')), app: run },
    'bin/app.ts': app(given, owner ?? `../lib/geography${extension}`),
    'lib/ordering.ts': ordering(given, owner ?? `./geography${extension}`),
    'test/app.test.ts': test(given, owner ?? `../lib/geography${extension}`),
    ...(owner === undefined && { 'lib/geography.ts': geography(given) }),
    ...(given.test === 'jest' && { 'jest.config.js': JEST }),
    ...(!isInit && {
      'tsconfig.json': {
        compilerOptions: compilerOptions(given),
        include: ['bin', 'lib', 'test'],
      },
    }),
  });
}
