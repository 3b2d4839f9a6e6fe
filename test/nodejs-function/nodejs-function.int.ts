import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App, Stack } from 'aws-cdk-lib';
import { Runtime } from 'aws-cdk-lib/aws-lambda';
import { type BundlingOptions, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { EntityOwner, LocalCache } from '../../package/cdk.ts';
import { root } from '../support/command-line.ts';
import { setTestCredentials } from '../support/credentials.ts';
import voyage, { atlas } from './contracts.ts';

let cloud: LocalCloud;
let folder: string;

/** In a clone, the functions find the sources of the packages. An app needs no such setting. */
const OF_CLONE = { esbuildArgs: { '--conditions': 'freshet-source' } };

/** The banner of docs/deploy.md: `require` for CommonJS packages, and `__filename` for contracts of a CommonJS app. */
const BANNER =
  "import{createRequire as load}from'node:module';const require=load(import.meta.url),__filename=import.meta.filename;";
const ESM = { format: OutputFormat.ESM, banner: BANNER };

const FORMATS: Readonly<Record<string, { readonly entry: string; readonly bundling: BundlingOptions }>> = {
  // The SDK stays outside the bundle, where it is CommonJS. That is the default of NodejsFunction.
  PutEsm: { entry: 'put', bundling: ESM },
  PutCommonJs: { entry: 'put', bundling: {} },
  GetEsm: { entry: 'get', bundling: { ...ESM, minify: true } },
  GetWithSdk: { entry: 'get', bundling: { ...ESM, externalModules: [] } },
  GetCommonJs: { entry: 'get', bundling: {} },
  GetOfFilename: { entry: 'get-of-filename', bundling: ESM },
};

beforeAll(async () => {
  setTestCredentials();
  mkdirSync(join(root, '.freshet'), { recursive: true });
  // Below the repository, so that the functions find the SDK as they do on Lambda.
  folder = mkdtempSync(join(root, '.freshet', 'nodejs-function-'));
  const app = new App({ outdir: join(folder, 'cdk.out'), analyticsReporting: false });
  const stack = new Stack(app, 'Journeys');
  const owner = new EntityOwner(stack, 'Owner', { boundary: atlas });
  const cache = new LocalCache(stack, 'Cache', { boundary: voyage, sources: [owner] });
  for (const [id, { entry, bundling }] of Object.entries(FORMATS)) {
    const fn = new NodejsFunction(stack, id, {
      entry: fileURLToPath(new URL(`functions/${entry}.ts`, import.meta.url)),
      runtime: Runtime.NODEJS_24_X,
      projectRoot: root,
      depsLockFilePath: join(root, 'package-lock.json'),
      bundling: { ...OF_CLONE, ...bundling },
    });
    if (entry === 'put') owner.grantWrite(fn);
    else cache.grantRead(fn);
  }
  cloud = await startLocalCloud({ assembly: app.synth().directory });
}, 120_000);
afterAll(async () => {
  await cloud?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function invoke(id: string, payload: object): Promise<unknown> {
  const name = cloud.functions.functions().find((one) => one.name.includes(id))?.name ?? id;
  const result = await cloud.functions.invoke(name, payload);
  return result.ok ? result.payload : result.message;
}

test.each(['PutEsm', 'PutCommonJs'])('a NodejsFunction with the grant of an owner writes: %s', async (id) => {
  expect(await invoke(id, { id, name: `by ${id}` })).toMatchObject({ version: 1 });
});

test.each([
  'GetEsm',
  'GetWithSdk',
  'GetCommonJs',
  'GetOfFilename',
])('a NodejsFunction with the grant of a cache reads: %s', async (id) => {
  await invoke('PutEsm', { id: 'CH', name: 'Switzerland' });
  await cloud.idle();
  expect(await invoke(id, { id: 'CH' })).toMatchObject({ value: { name: 'Switzerland' } });
});
