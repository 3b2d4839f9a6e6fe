import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createOwner } from '../../adapters/own/owner-table.ts';
import { localContracts } from '../../cli/deployment/contracts.ts';
import type { Boundary } from '../../core/contract/contract.ts';
import { HEARTBEAT_ID } from '../../core/entity.ts';
import { EntityOwner } from '../../lib/entity-owner.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { cloudClient, ownerIn } from '../../local/deployed.ts';
import { removeFolders, temporaryFolder } from '../local/provision/assembly-fixture.ts';
import { root } from '../support/command-line.ts';
import first, { second } from './contracts.ts';

let cloud: LocalCloud;
const logged: string[] = [];

beforeAll(async () => {
  const app = new App({ outdir: join(temporaryFolder(), 'cdk.out'), analyticsReporting: false });
  new EntityOwner(new Stack(app, 'First'), 'Owner', { boundary: first });
  new EntityOwner(new Stack(app, 'Second'), 'Owner', { boundary: second });
  cloud = await startLocalCloud({ assembly: app.synth().directory, onLog: (_, line) => logged.push(line) });
}, 60_000);
afterAll(async () => {
  await cloud?.stop();
  removeFolders();
});

test('the functions of each of two boundaries in one module work with their own boundary', async () => {
  const client = cloudClient(cloud);
  try {
    for (const [boundary, type] of [
      [first, 'Country'],
      [second, 'Town'],
    ] as const) {
      const { table } = ownerIn(cloud, boundary);
      const owner = createOwner<Boundary>({ boundary, tableName: table, client });
      expect(await owner.get(type, HEARTBEAT_ID)).toMatchObject({ version: 1 });
      await owner.put(type, 'a', { name: 'A' });
    }
    await cloud.idle();
    expect(logged.filter((line) => line.includes('"level":"ERROR"') || line.includes('not published'))).toEqual([]);
  } finally {
    client.destroy();
  }
});

test('the command line loads each of two boundaries in one module by its name', async () => {
  const contracts = localContracts(root, { importModule: (url) => import(url) });
  const path = 'test/two-boundaries/contracts.ts';
  expect((await contracts.load(path, 'first'))?.name).toBe('first');
  expect((await contracts.load(path, 'second'))?.name).toBe('second');
});
