import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Deployment } from '../cli/deployment/deployment.ts';
import { openLocalCloud } from '../cli/deployment/local-cloud.ts';
import { localFileOf } from '../cli/deployment/local-file.ts';
import { type LocalCloud, startLocalCloud } from '../local/cloud.ts';
import { assemblyOf, SHOP } from './support/assembly.ts';
import { setTestCredentials } from './support/credentials.ts';

let cloud: LocalCloud;
let deployment: Deployment;

beforeAll(async () => {
  setTestCredentials();
  cloud = await startLocalCloud({ assembly: await assemblyOf(SHOP) });
  deployment = openLocalCloud({ file: localFileOf(cloud), projectFolder: process.cwd() });
});
afterAll(async () => {
  deployment?.close();
  await cloud?.stop();
});

test('a read with maxStaleness is not refused as too stale in the first minute after the deployment', async () => {
  expect(deployment.caches.length).toBeGreaterThan(1);
  for (const cache of deployment.caches) {
    const { reader, boundary } = await cache.open();
    for (const type of Object.keys(boundary.caches)) {
      const found = await reader.get(type, 'none', { maxStalenessMs: 30_000 });
      expect(found).toMatchObject({ status: 'unknown', stalenessMs: expect.any(Number) });
    }
  }
}, 20_000);
