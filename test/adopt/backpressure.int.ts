import { join } from 'node:path';
import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSurveyNotes } from '../../adapters/adopt/surveying.ts';
import { keyItem } from '../../adapters/aws/items.ts';
import { createFlow } from '../../adapters/govern/flow.ts';
import { readDecision } from '../../adapters/govern/flow-table.ts';
import { createReader } from '../../adapters/read/cache-table.ts';
import { BackpressureError } from '../../core/govern/admit.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { cacheIn, cloudClient, ownerIn } from '../../local/deployed.ts';
import { removeFolders, temporaryFolder } from '../local/provision/assembly-fixture.ts';
import { copyAssembly, reportOften } from '../support/copy-assembly.ts';
import { setTestCredentials } from '../support/credentials.ts';
import { synthesised } from './app.ts';
import basket, { catalogue } from './contracts.ts';
import { openProducts } from './products.ts';

const HIGH_WATER = 20;

let cloud: LocalCloud;
let client: DynamoDBClient;

beforeAll(async () => {
  setTestCredentials();
  const adopted = synthesised(true, { basket: { highWater: HIGH_WATER } });
  cloud = await startLocalCloud({ assembly: copyAssembly(adopted, join(temporaryFolder(), 'often'), reportOften) });
  client = cloudClient(cloud);
});
afterAll(async () => {
  client?.destroy();
  await cloud?.stop();
  removeFolders();
});

test('code that asks the flow before it writes the table waits while a cache lags; the adopter waits for none', async () => {
  const { table, flowTable } = ownerIn(cloud, catalogue);
  const { table: cacheTable, projector } = cacheIn(cloud, basket);
  const products = openProducts(client);
  /** The team's code, in a process that has not read any decision. */
  const write = async (sku: string) => {
    const flow = createFlow({ client, tableName: flowTable });
    await flow.enter({ type: 'Product', id: sku }, { maxWaitMs: 0 });
    await products.put(sku, 1);
  };
  const state = async () => {
    await cloud.tick();
    return (await readDecision({ client, tableName: flowTable }))?.state;
  };
  const skus = Array.from({ length: HIGH_WATER + 5 }, (_, n) => `p-${n}`);
  const notes = createSurveyNotes(client, flowTable);
  const surveyed = async () => [await state(), (await notes.read(catalogue.name))?.endedAtMs][1];
  await expect.poll(surveyed, { timeout: 60_000 }).toBeDefined();

  cloud.functions.setReservedConcurrency(projector, 0);
  for (const sku of skus) await write(sku);
  await cloud.idle();
  await expect.poll(state, { timeout: 30_000 }).toBe('refusing');
  const refused = await write('refused').catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(BackpressureError);
  expect(refused).toMatchObject({ cache: 'basket', backlog: expect.toSatisfy((backlog) => backlog >= HIGH_WATER) });

  await products.put('unasked', 1);
  await cloud.idle();
  const copy = { TableName: table, Key: keyItem({ type: 'Product', id: 'unasked' }) };
  expect((await client.send(new GetItemCommand(copy))).Item).toMatchObject({ version: { N: '1' } });

  cloud.functions.setReservedConcurrency(projector, undefined);
  await cloud.idle();
  await expect.poll(state, { timeout: 30_000 }).toMatch(/paced|normal/);
  await write('admitted');
  await cloud.idle();
  const reader = createReader({ boundary: basket, client, tableName: cacheTable });
  expect(await reader.get('Product', 'refused')).toMatchObject({ status: 'unknown' });
  for (const sku of [...skus, 'unasked', 'admitted'])
    expect(await reader.get('Product', sku)).toMatchObject({ status: 'found', version: 1 });
});
