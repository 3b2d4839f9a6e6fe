import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteItemCommand, type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import type { DynamoDBRecord } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { keyItem } from '../../adapters/aws/items.ts';
import { createFacts } from '../../adapters/facts/outbox.ts';
import { createParkedReader } from '../../adapters/repair/parked-events.ts';
import { effectBatch } from '../../adapters/saga/batch.ts';
import { instanceKey, type SagaEffect } from '../../adapters/saga/items.ts';
import { createSagaReader } from '../../adapters/saga/table.ts';
import { writeLocalFile } from '../../cli/deployment/local-file.ts';
import { FactTopic } from '../../lib/fact-topic.ts';
import { Saga } from '../../lib/saga.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { cloudClient } from '../../local/deployed.ts';
import { recordFact } from '../../local/rehearse.ts';
import { runFreshet } from '../support/command-line.ts';
import billing from './billing.ts';
import sales from './sales.ts';
import shipping from './shipping.ts';

/** The lines that the functions logged. */
const lines: string[] = [];
let assembly: string;
/** The folder in which the command line finds the cloud. */
let folder: string;
let cloud: LocalCloud;
let client: DynamoDBClient;
let names: Record<'sales' | 'billing' | 'saga' | 'parking' | 'queue', string>;

beforeAll(async () => {
  assembly = mkdtempSync(join(tmpdir(), 'freshet-sagas-'));
  synthesise(assembly);
  cloud = await startLocalCloud({ assembly, onLog: (_, line) => lines.push(line) });
  client = cloudClient(cloud);
  const all = Object.values(cloud.outputs).flatMap((outputs) => Object.values(outputs));
  const { sqs: url, dynamodb: dynamodbUrl } = cloud.endpoints;
  folder = mkdtempSync(join(tmpdir(), 'freshet-sagas-folder-'));
  const startedAt = new Date().toISOString();
  writeLocalFile(folder, { pid: process.pid, startedAt, url, dynamodbUrl, deployed: all });
  names = JSON.parse(cloud.outputs.Test?.Names ?? '');
});
afterAll(async () => {
  client?.destroy();
  await cloud?.stop();
  for (const path of [assembly, folder]) rmSync(path, { recursive: true, force: true });
});

function synthesise(outdir: string): void {
  const app = new App({ outdir });
  const stack = new Stack(app, 'Test');
  const [ofSales, ofBilling] = [sales, billing].map((boundary) => new FactTopic(stack, boundary.name, { boundary }));
  if (ofSales === undefined || ofBilling === undefined) return;
  const retryBudget = { attempts: 2, age: Duration.seconds(1) };
  const saga = new Saga(stack, 'Shipping', { saga: shipping, sources: [ofSales, ofBilling], retryBudget });
  const value = stack.toJsonString({
    sales: ofSales.table.tableName,
    billing: ofBilling.table.tableName,
    saga: saga.table.tableName,
    parking: saga.facts.parkingTable.tableName,
    queue: saga.facts.queue.queueUrl,
  });
  new CfnOutput(stack, 'Names', { value });
  app.synth();
}

const placed = (id: string) =>
  createFacts({ boundary: sales, tableName: names.sales, client }).commit('OrderPlaced', {
    orderId: id,
    shoppingCartId: `cart-of-${id}`,
  });
const cancelled = (id: string) =>
  createFacts({ boundary: sales, tableName: names.sales, client }).commit('OrderCancelled', { orderId: id });
const billed = (id: string) =>
  createFacts({ boundary: billing, tableName: names.billing, client }).commit('OrderBilled', {
    orderId: id,
    paymentId: `payment-of-${id}`,
  });
const parked = async () => (await createParkedReader({ client, parkingTable: names.parking }).list()).items;
const exhausted = async () => (await parked()).filter(({ reason }) => reason === 'retries-exhausted');
const reader = () => createSagaReader({ client, tableName: names.saga });

describe('a deployed saga over the facts of two boundaries', () => {
  test('each order that is placed and billed gets one label, and an order cancelled before gets none', async () => {
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

  test('a fact that never arrives raises one alert', async () => {
    const threeDaysAgo = new Date(Date.now() - 72 * 3_600_000);
    const ids = { orderId: 'late', shoppingCartId: 'cart-of-late' };
    await recordFact(cloud, shipping, sales.publishes.OrderPlaced, ids, threeDaysAgo);
    await cloud.tick();
    await cloud.tick();
    expect((await reader().effect('Overdue', 'late'))?.data).toMatchObject({ missing: ['OrderBilled'] });
  });

  test('a message that is no fact is parked with its reason', async () => {
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const queues = new SQSClient({ endpoint: cloud.endpoints.sqs, region: cloud.region, credentials });
    const message = { MessageGroupId: 'orderId/x', MessageDeduplicationId: 'x', MessageBody: '{' };
    await queues.send(new SendMessageCommand({ QueueUrl: names.queue, ...message }));
    queues.destroy();
    await cloud.idle();
    expect(await parked()).toMatchObject([{ reason: 'malformed', message: { body: '{', groupId: 'orderId/x' } }]);
  });

  test('a fact that fails too often is parked, and is handled when it is sent again after the repair', async () => {
    const table = { TableName: names.saga };
    const Key = instanceKey('o9');
    // The saga's function fails on this order, because the item isn't one of a saga.
    await client.send(new PutItemCommand({ ...table, Item: { ...Key, revision: { S: 'broken' } } }));
    await Promise.all([placed('o9'), billed('o9')]);
    await vi.waitFor(async () => expect(await exhausted()).toHaveLength(2), { timeout: 20_000, interval: 100 });
    expect((await exhausted()).map(({ explanation }) => explanation)).toEqual(
      Array(2).fill(expect.stringMatching(/^failed \d times; last error: Error$/)),
    );
    await client.send(new DeleteItemCommand({ ...table, Key }));
    const redrive = ['parked', 'redrive', 'shipping', '--reason', 'retries-exhausted', '--json'];
    const { code, out } = await runFreshet(redrive, folder);
    expect({ code, result: JSON.parse(out) }).toMatchObject({ code: 0, result: { counts: { 'sent again': 2 } } });
    await cloud.idle();
    expect((await reader().instance('o9'))?.status).toBe('decided');
    expect(await exhausted()).toEqual([]);
  });

  test("an effect can be carried out again from its item in the saga's table, as in the runbook", async () => {
    const key = keyItem({ type: 'CreateShippingLabel', id: 'o1' });
    const { Item = {} } = await client.send(new GetItemCommand({ TableName: names.saga, Key: key }));
    const record = { eventName: 'INSERT', dynamodb: { NewImage: Item, SequenceNumber: '0' } } as DynamoDBRecord;
    const again: string[] = [];
    const CreateShippingLabel = async ({ idempotencyKey }: SagaEffect) => again.push(idempotencyKey);
    await effectBatch({ CreateShippingLabel }, { Records: [record] });
    expect(again).toEqual(['shipping/o1/CreateShippingLabel']);
  });

  test('facts are counted apart from the entities of their boundary', () => {
    const relays = lines.filter((line) => line.includes('"Published"')).map((line) => JSON.parse(line).service);
    expect(new Set(relays)).toEqual(new Set(['sales:facts', 'billing:facts']));
  });

  test("facts that the saga's function fails on are counted under the name of its queue", () => {
    const counted = (metric: string) => {
      const emitted = lines.filter((line) => line.includes(`"${metric}"`)).map((line) => JSON.parse(line));
      return emitted.reduce((sum, { service, [metric]: value }) => sum + (service === 'shipping:queue' ? value : 0), 0);
    };
    // One message that is no fact, and the two facts of the order on which the function failed.
    expect(counted('Parked')).toBe(3);
    expect(counted('Returned')).toBeGreaterThanOrEqual(2);
  });

  test('the functions of the saga need no permission that they lack', () => {
    expect(cloud.access.denials).toEqual([]);
  });
});
