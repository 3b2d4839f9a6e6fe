import { type Added, camelCase, contractsOf, kebabCase, pascalCase, type Style } from './added.ts';
import { getFunction, putFunction } from './functions.ts';
import type { TestRunner } from './project.ts';

/** Returns the files of the two services and of their test: paths in the app's folder with their contents. */
export function filesOf(added: Added, style: Style, runner: TestRunner): Record<string, string> {
  const { owner, type, cache } = added;
  const { sources } = style;
  const file = kebabCase(type);
  return {
    [`${sources}/${owner}/contracts.ts`]: ownerContracts(added, style),
    [`${sources}/${owner}/put-${file}.ts`]: putFunction(added, style),
    [`${sources}/${owner}/stack.ts`]: ownerStack(added, style),
    [`${sources}/${cache}/contracts.ts`]: cacheContracts(added, style),
    [`${sources}/${cache}/get-${file}.ts`]: getFunction(added, style),
    [`${sources}/${cache}/stack.ts`]: cacheStack(added, style),
    [`test/${file}.test.ts`]: testOf(added, style, runner),
  };
}

/** How a module names itself in `defineBoundary`. */
const location = ({ isCommonJs }: Style) => (isCommonJs ? '__filename' : 'import.meta.url');

const ownerContracts = ({ owner, type }: Added, style: Style) => `import { defineBoundary } from 'freshet-aws';
import * as z from 'zod';

export default defineBoundary(${location(style)}, {
  name: '${owner}',
  owns: { ${type}: { schema: z.strictObject({ name: z.string() }) } },
});
`;

const cacheContracts = ({ owner, type, cache }: Added, style: Style) => `\
import { defineBoundary, keep } from 'freshet-aws';
import ${contractsOf(owner)} from '../${owner}/contracts${style.extension}';

export default defineBoundary(${location(style)}, {
  name: '${cache}',
  caches: { ${type}: keep(${contractsOf(owner)}.owns.${type}) },
});
`;

/** The import of \`join\`, which a CommonJS module needs to name the file of a function. */
const nodePath = ({ isCommonJs }: Style) => (isCommonJs ? "import { join } from 'node:path';\n" : '');

const functionFile = (name: string, { isCommonJs }: Style) =>
  isCommonJs ? `join(__dirname, '${name}.ts')` : `new URL('${name}.ts', import.meta.url)`;

const ownerStack = ({ owner, type }: Added, style: Style) => `\
${nodePath(style)}import { Stack, type StackProps } from 'aws-cdk-lib';
import { FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { EntityOwner, ServiceFunction } from 'freshet-aws/cdk';
import ${contractsOf(owner)} from './contracts${style.extension}';

export class ${pascalCase(owner)}Stack extends Stack {
  readonly owner: EntityOwner;

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    this.owner = new EntityOwner(this, 'Owner', { boundary: ${contractsOf(owner)} });
    const put = new ServiceFunction(this, 'Put${type}', { file: ${functionFile(`put-${kebabCase(type)}`, style)} });
    this.owner.grantWrite(put);
    put.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM });
  }
}
`;

const cacheStack = ({ type, cache }: Added, style: Style) => `\
${nodePath(style)}import { Stack, type StackProps } from 'aws-cdk-lib';
import { FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { type EntityOwner, LocalCache, ServiceFunction } from 'freshet-aws/cdk';
import ${contractsOf(cache)} from './contracts${style.extension}';

export class ${pascalCase(cache)}Stack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { readonly owner: EntityOwner }) {
    super(scope, id, props);
    const cache = new LocalCache(this, 'Cache', { boundary: ${contractsOf(cache)}, sources: [props.owner] });
    const get = new ServiceFunction(this, 'Get${type}', { file: ${functionFile(`get-${kebabCase(type)}`, style)} });
    cache.grantRead(get);
    get.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM });
  }
}
`;

/** The import of the runner's functions. Jest's are global. */
const RUNNER: Readonly<Record<TestRunner, { readonly imports: string; readonly end: string }>> = {
  jest: { imports: '', end: '}, 120_000);' },
  vitest: { imports: "import { expect, test } from 'vitest';\n", end: '}, 120_000);' },
  'node:test': { imports: "import assert from 'node:assert/strict';\nimport { test } from 'node:test';\n", end: '});' },
};

function testOf({ owner, type, cache }: Added, { sources, extension }: Style, runner: TestRunner): string {
  const { imports, end } = RUNNER[runner];
  const value = `found.status === 'found' && found.value`;
  const check =
    runner === 'node:test'
      ? `assert.deepEqual(${value}, { name: 'First' });`
      : `expect(${value}).toEqual({ name: 'First' });`;
  return `${imports}import { createOwner, createReader } from 'freshet-aws';
import { cacheIn, cloudClient, ownerIn, startLocalCloud, synthesise } from 'freshet-local';
import ${contractsOf(owner)} from '../${sources}/${owner}/contracts${extension}';
import ${contractsOf(cache)} from '../${sources}/${cache}/contracts${extension}';

test('the cache of ${cache} has what the owner of ${type} puts', async () => {
  const cloud = await startLocalCloud({ assembly: await synthesise('.') });
  const client = cloudClient(cloud);
  try {
    const owner = createOwner({
      boundary: ${contractsOf(owner)},
      client,
      tableName: ownerIn(cloud, ${contractsOf(owner)}).table,
    });
    const reader = createReader({
      boundary: ${contractsOf(cache)},
      client,
      tableName: cacheIn(cloud, ${contractsOf(cache)}).table,
    });
    await owner.put('${type}', 'first', { name: 'First' });
    await cloud.idle();
    const found = await reader.get('${type}', 'first');
    ${check}
  } finally {
    client.destroy();
    await cloud.stop();
  }
${end}
`;
}

/** The lines that the app's entry needs. */
export interface EntryLines {
  readonly imports: readonly string[];
  readonly statements: readonly string[];
  /** The names that the statements declare, and the ids of the stacks. */
  readonly names: readonly string[];
  readonly stackIds: readonly string[];
}

/**
 * Returns the lines that create the two stacks.
 *
 * @param from the path from the entry's folder to the sources, such as `../lib`
 * @param app the variable that holds the CDK app
 */
export function entryLines({ owner, cache }: Added, { extension }: Style, from: string, app: string): EntryLines {
  const variable = `${camelCase(owner)}Stack`;
  const classes = [owner, cache].map((boundary) => `${pascalCase(boundary)}Stack`);
  return {
    imports: [owner, cache].map(
      (boundary) => `import { ${pascalCase(boundary)}Stack } from '${from}/${boundary}/stack${extension}';`,
    ),
    statements: [
      `const ${variable} = new ${classes[0]}(${app}, '${pascalCase(owner)}');`,
      `new ${classes[1]}(${app}, '${pascalCase(cache)}', { owner: ${variable}.owner });`,
    ],
    names: [variable, ...classes],
    stackIds: [pascalCase(owner), pascalCase(cache)],
  };
}
