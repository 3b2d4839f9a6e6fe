import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAsideReader } from '../../adapters/aside.ts';
import { createFacts } from '../../adapters/facts.ts';
import { createSagaReader, createSagaStore } from '../../adapters/saga-table.ts';
import { handleFact } from '../../core/saga/handle.ts';
import { FactTopic } from '../../lib/fact-topic.ts';
import { Saga } from '../../lib/saga.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { cloudClient } from '../../local/deployed.ts';
import { happened } from '../support/sagas.ts';
import billing from './billing.ts';
import sales from './sales.ts';
import shipping from './shipping.ts';

/** What the functions logged. */
const lines: string[] = [];
let assembly: string;
let cloud: LocalCloud;
let client: DynamoDBClient;
let names: Record<'sales' | 'billing' | 'saga' | 'parking' | 'queue', string>;

beforeAll(async () => {
  assembly = mkdtempSync(join(tmpdir(), 'freshet-sagas-'));
  synthesise(assembly);
  cloud = await startLocalCloud({ assembly, onLog: (_, line) => lines.push(line) });
  client = cloudClient(cloud);
  names = JSON.parse(cloud.outputs.Test?.Names ?? '');
});
afterAll(async () => {
  client?.destroy();
  await cloud?.stop();
  rmSync(assembly, { recursive: true, force: true });
});

function synthesise(outdir: string): void {
  const app = new App({ outdir });
  const stack = new Stack(app, 'Test');
  const [ofSales, ofBilling] = [sales, billing].map((boundary) => new FactTopic(stack, boundary.name, { boundary }));
  if (ofSales === undefined || ofBilling === undefined) return;
  const saga = new Saga(stack, 'Shipping', { saga: shipping, sources: [ofSales, ofBilling] });
  const value = stack.toJsonString({
    ...{ sales: ofSales.table.tableName, billing: ofBilling.table.tableName, saga: saga.table.tableName },
    ...{ parking: saga.facts.parkingTable.tableName, queue: saga.facts.queue.queueUrl },
  });
  new CfnOutput(stack, 'Names', { value });
  app.synth();
}

const placed = (id: string) =>
  createFacts({ boundary: sales, tableName: names.sales, client }).commit('OrderPlaced', {
    ...{ orderId: id, shoppingCartId: `cart-of-${id}` },
  });
const cancelled = (id: string) =>
  createFacts({ boundary: sales, tableName: names.sales, client }).commit('OrderCancelled', { orderId: id });
const billed = (id: string) =>
  createFacts({ boundary: billing, tableName: names.billing, client }).commit('OrderBilled', {
    ...{ orderId: id, paymentId: `payment-of-${id}` },
  });
const reader = () => createSagaReader({ client, tableName: names.saga });

describe('facts of two boundaries, from their tables to a saga, as it is deployed', () => {
  test('leave one label for each order that is placed and billed in whatever order, and none for one cancelled before', async () => {
    await Promise.all([placed('o1'), billed('o2'), placed('o3'), cancelled('o4')]);
    await cloud.idle();
    await Promise.all([billed('o1'), placed('o2'), cancelled('o3'), placed('o4'), placed('o1')]);
    await cloud.idle();
    await Promise.all([billed('o3'), billed('o4'), billed('o2')]);
    await cloud.idle();
    const { items } = await reader().effects('CreateShippingLabel');
    expect(items.map(({ idempotencyKey, data }) => [idempotencyKey, data]).sort()).toEqual([
      ['shipping/o1/CreateShippingLabel', { orderId: 'o1', paymentId: 'payment-of-o1' }],
      ['shipping/o2/CreateShippingLabel', { orderId: 'o2', paymentId: 'payment-of-o2' }],
    ]);
    expect((await reader().instance('o4'))?.status).toBe('cancelled');
  });

  test('raise an alert when one never comes, once', async () => {
    const store = createSagaStore({ client, tableName: names.saga, saga: shipping.name });
    // It came three days ago.
    const clock = { nowMs: Date.now() - 72 * 3_600_000, keepSeconds: 100 };
    await handleFact(shipping, store, happened('OrderPlaced', 'late'), clock);
    await cloud.tick();
    await cloud.tick();
    expect((await reader().effect('Overdue', 'late'))?.data).toMatchObject({ missing: ['OrderBilled'] });
  });

  test('are parked with their reason where they are none', async () => {
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const queues = new SQSClient({ endpoint: cloud.endpoints.sqs, region: cloud.region, credentials });
    const message = { MessageGroupId: 'orderId/x', MessageDeduplicationId: 'x', MessageBody: '{' };
    await queues.send(new SendMessageCommand({ QueueUrl: names.queue, ...message }));
    queues.destroy();
    await cloud.idle();
    const { items } = await createAsideReader({ client, parkingTable: names.parking }).list();
    expect(items).toMatchObject([{ reason: 'malformed', message: { body: '{', groupId: 'orderId/x' } }]);
  });

  test('are counted apart from the entities of their boundary', () => {
    const relays = lines.filter((line) => line.includes('"Published"')).map((line) => JSON.parse(line).service);
    expect(new Set(relays)).toEqual(new Set(['sales:facts', 'billing:facts']));
  });

  test('need no permission that they were not granted', () => {
    expect(cloud.access.denials).toEqual([]);
  });
});
