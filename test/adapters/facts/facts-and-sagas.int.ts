import { ScanCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFacts, factChange } from '../../../adapters/facts/outbox.ts';
import { effectBatch } from '../../../adapters/saga/batch.ts';
import type { SagaEffect } from '../../../adapters/saga/items.ts';
import { createSagaReader, createSagaStore, type SagaTable } from '../../../adapters/saga/table.ts';
import { handleFact } from '../../../core/saga/handle.ts';
import { FactTopic } from '../../../lib/fact-topic.ts';
import { sagaTable } from '../../../lib/saga-table.ts';
import { happened, sales, shipping } from '../../support/sagas.ts';
import { stackTemplate } from '../../support/shop.ts';
import { startTables, type TestTables } from '../../support/tables.ts';
import { reviewedInstancesContract, sagaStoreContract } from '../saga/store-contract.ts';

const nowMs = () => Date.parse('2026-11-23T12:00:00Z');
let tables: TestTables;
let table: SagaTable;
let factTable: string;

beforeAll(async () => {
  tables = await startTables();
  const tableName = await tables.createLike(stackTemplate((stack) => void sagaTable(stack, {})));
  table = { client: tables.client, tableName };
  factTable = await tables.createLike(
    stackTemplate((stack) => void new FactTopic(stack, 'Facts', { boundary: sales })),
  );
});
afterAll(() => tables.stop());

/** The records of a table's stream as a function receives them. */
const recordsOf = async (tableName: string) => (await tables.changes(tableName)) as unknown as DynamoDBRecord[];

const open = () => createSagaStore({ ...table, saga: 'shipping', nowMs });

sagaStoreContract(async () => ({
  store: open(),
  async effectNames(key) {
    const { Items = [] } = await table.client.send(
      new ScanCommand({ TableName: table.tableName, ConsistentRead: true }),
    );
    const ofKey = Items.filter((item) => item.id?.S === key && item.saga !== undefined);
    return ofKey.map((item) => item.pk?.S?.split('#')[0] ?? '').sort();
  },
}));

reviewedInstancesContract(async () => ({ store: open() }));

describe('the reads of a saga', () => {
  test('an instance is read with its progress, and each effect with its idempotency key', async () => {
    const reader = createSagaReader(table);
    const clock = { nowMs: nowMs(), keepSeconds: 100 };
    await handleFact(shipping, open(), happened('OrderPlaced', 'read-1'), clock);
    expect(await reader.instance('read-1')).toMatchObject({ status: 'waiting', revision: 1 });
    expect(await reader.effect('CreateShippingLabel', 'read-1')).toBeUndefined();
    await handleFact(shipping, open(), happened('OrderBilled', 'read-1'), clock);
    const label = {
      saga: 'shipping',
      key: 'read-1',
      name: 'CreateShippingLabel',
      recordedAt: '2026-11-23T12:00:00.000Z',
      data: { orderId: 'read-1', paymentId: 'paymentId-of-read-1' },
      idempotencyKey: 'shipping/read-1/CreateShippingLabel',
    };
    expect(await reader.effect('CreateShippingLabel', 'read-1')).toEqual(label);
    expect((await reader.effects('CreateShippingLabel')).items).toContainEqual(label);
    expect(await reader.instance('read-1')).toMatchObject({
      status: 'decided',
      expiresAtSeconds: nowMs() / 1000 + 100,
    });
    expect(await reader.instance('never')).toBeUndefined();
  });

  test('an instance is not read as an effect', async () => {
    expect((await createSagaReader(table).effects('saga:instance')).items).toEqual([]);
  });
});

describe("the stream of a saga's table", () => {
  test("each effect is in the table's stream once, and comes again with the same key after a failure", async () => {
    const store = open();
    const clock = { nowMs: nowMs(), keepSeconds: 100 };
    for (const type of ['OrderPlaced', 'OrderBilled', 'OrderCancelled']) {
      await handleFact(shipping, store, happened(type, 'told-1'), clock);
    }
    const records = await recordsOf(table.tableName);
    const Records = records.filter(({ dynamodb }) => dynamodb?.NewImage?.id?.S === 'told-1');
    expect(Records).toHaveLength(5);
    const told: string[] = [];
    const CreateShippingLabel = async ({ idempotencyKey }: SagaEffect) => {
      told.push(idempotencyKey);
      if (told.length === 1) throw new Error('out of paper');
    };
    const failed = Records.find(({ dynamodb }) => dynamodb?.NewImage?.pk?.S?.startsWith('CreateShippingLabel#'));
    expect(await effectBatch({ CreateShippingLabel }, { Records })).toEqual({
      batchItemFailures: [{ itemIdentifier: failed?.dynamodb?.SequenceNumber }],
    });
    expect(await effectBatch({ CreateShippingLabel }, { Records })).toEqual({ batchItemFailures: [] });
    expect(told).toEqual(Array(2).fill('shipping/told-1/CreateShippingLabel'));
  });
});

describe('the commit of a fact', () => {
  const facts = () => createFacts({ boundary: sales, tableName: factTable, client: tables.client, now: nowMs });
  const ids = (orderId: string) => ({ orderId, shoppingCartId: `cart-of-${orderId}` });
  const order = (id: string) => ({ Put: { TableName: table.tableName, Item: { pk: { S: 'order' }, id: { S: id } } } });
  const commit = (id: string, expected?: string) =>
    tables.client.send(
      new TransactWriteItemsCommand({
        TransactItems: [
          { Put: { ...order(id).Put, ...(expected && { ConditionExpression: expected }) } },
          facts().put('OrderPlaced', ids(id)),
        ],
      }),
    );
  const changes = async () => (await recordsOf(factTable)).map(factChange);

  test('a fact and its change are committed together or not at all, and the fact reaches the relay', async () => {
    await commit('a1');
    await expect(commit('a1')).rejects.toMatchObject({ name: 'TransactionCanceledException' });
    await expect(commit('a2', 'attribute_exists(pk)')).rejects.toMatchObject({ name: 'TransactionCanceledException' });
    expect(await changes()).toEqual([
      {
        kind: 'fact',
        sequenceNumber: expect.any(String),
        fact: {
          type: 'OrderPlaced',
          id: 'OrderPlaced/a1',
          owner: 'sales',
          data: ids('a1'),
          occurredAt: '2026-11-23T12:00:00.000Z',
        },
      },
    ]);
  });

  test('a fact is committed once, and again under another key', async () => {
    const before = (await changes()).length;
    expect(await facts().commit('OrderCancelled', { orderId: 'b1' })).toBe('committed');
    expect(await facts().commit('OrderCancelled', { orderId: 'b1' })).toBe('known');
    expect(await facts().commit('OrderCancelled', { orderId: 'b1' }, { key: 'again' })).toBe('committed');
    expect(await facts().commit('OrderCancelled', { orderId: 'b2' }, { key: 'again' })).toBe('committed');
    const told = (await changes()).slice(before).map((change) => ('fact' in change ? change.fact.id : change.kind));
    expect(told).toEqual([
      'OrderCancelled/b1',
      expect.stringMatching(/^OrderCancelled\/b1@[\w-]{32}$/),
      expect.stringMatching(/^OrderCancelled\/b2@[\w-]{32}$/),
    ]);
  });

  test.each<[string, object, string]>([
    ['an id that is missing', { orderId: 'c1' }, 'InvalidFact'],
    ['an empty id', { ...ids('c1'), orderId: '' }, 'InvalidFact'],
    ['a number', { ...ids('c1'), orderId: 1 }, 'InvalidFact'],
    ['more than ids', { ...ids('c1'), card: '4111111111111111' }, 'InvalidFact'],
  ])('a fact with %s is refused', async (_, given, code) => {
    expect(() => facts().put('OrderPlaced', given as ReturnType<typeof ids>)).toThrowError(
      expect.objectContaining({ code }),
    );
  });

  test('a fact of a type that the boundary does not publish is refused', () => {
    expect(() => facts().put('OrderBilled' as 'OrderPlaced', ids('d1'))).toThrow(
      'type: boundary sales doesn\'t publish "OrderBilled". It publishes: OrderPlaced, OrderCancelled.',
    );
  });

  test('an edited item or one that is no fact cannot be published, and a removed one is skipped', () => {
    const NewImage = { pk: { S: 'orderId/x' }, id: { S: 'x' } };
    const kinds = (['MODIFY', 'INSERT', 'REMOVE'] as const).map((eventName) => {
      const change = factChange({ eventName, dynamodb: { SequenceNumber: '1', NewImage } });
      return 'reason' in change ? change.reason : change.kind;
    });
    expect(kinds).toEqual(['unreadable', 'unreadable', 'expired']);
  });
});
