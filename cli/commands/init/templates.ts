import type { Project, TestRunner } from './project.ts';

/** What `freshet init` adds to an app: one type, the service that owns it and a service that caches it. */
export interface Added {
  /** The boundary that owns the type. */
  readonly owner: string;
  /** The entity type. */
  readonly type: string;
  /** The boundary that caches the type. */
  readonly cache: string;
}

/** How the app's modules are written. */
export type Style = Pick<Project, 'isCommonJs' | 'extension' | 'sources'>;

/** `order-desk` as `OrderDesk`, for the names of classes and stacks. */
export function pascalCase(name: string): string {
  return name.replaceAll(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()).replaceAll('-', '');
}

/** `order-desk` as `orderDesk`, and `OrderLine` as `orderLine`, for the names of variables. */
export function camelCase(name: string): string {
  const pascal = pascalCase(name);
  return pascal.charAt(0).toLowerCase() + pascal.slice(1);
}

/** `OrderLine` as `order-line`, for the names of files. */
export function kebabCase(type: string): string {
  return type.replaceAll(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, '-').toLowerCase();
}

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

/** The variable of the contracts of a boundary. No keyword and no other variable of the files has this end. */
const contractsOf = (boundary: string) => `${camelCase(boundary)}Contracts`;

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

const putFunction = ({ owner, type }: Added, { extension }: Style) => `\
import { FreshetError, ownerFromEnvironment } from 'freshet-aws';
import ${contractsOf(owner)} from './contracts${extension}';

const owner = ownerFromEnvironment({ boundary: ${contractsOf(owner)} });

interface Request {
  rawPath: string;
  body?: string;
  isBase64Encoded: boolean;
  requestContext: { http: { method: string } };
}

/** The request PUT /ID commits the state in its body, which is JSON. */
export async function handler({ rawPath, body, isBase64Encoded, requestContext }: Request) {
  if (requestContext.http.method !== 'PUT') return { statusCode: 405, headers: { allow: 'PUT' } };
  try {
    const id = decodeURIComponent(rawPath.slice(1));
    const json = Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8').toString();
    const { version } = await owner.put('${type}', id, JSON.parse(json));
    return { statusCode: 200, body: JSON.stringify({ id, version }) };
  } catch (error) {
    if (!(error instanceof FreshetError || error instanceof SyntaxError || error instanceof URIError)) throw error;
    const isSlowed = error instanceof FreshetError && error.code === 'Backpressure';
    return { statusCode: isSlowed ? 503 : 400, body: JSON.stringify({ error: error.message }) };
  }
}
`;

const getFunction = ({ type, cache }: Added, { extension }: Style) => `\
import { FreshetError, readerFromEnvironment } from 'freshet-aws';
import ${contractsOf(cache)} from './contracts${extension}';

const reader = readerFromEnvironment({ boundary: ${contractsOf(cache)} });

interface Request {
  rawPath: string;
  requestContext: { http: { method: string } };
}

/** The request GET /ID reads the entity from the cache. The owner isn't called. */
export async function handler({ rawPath, requestContext }: Request) {
  if (requestContext.http.method !== 'GET') return { statusCode: 405, headers: { allow: 'GET' } };
  try {
    const found = await reader.get('${type}', decodeURIComponent(rawPath.slice(1)));
    if (found.status !== 'found') return { statusCode: 404, body: JSON.stringify({ status: found.status }) };
    return { statusCode: 200, body: JSON.stringify({ ...found.value, version: found.version }) };
  } catch (error) {
    if (!(error instanceof FreshetError || error instanceof URIError)) throw error;
    return { statusCode: 400, body: JSON.stringify({ error: error.message }) };
  }
}
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
