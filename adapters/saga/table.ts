import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactionCanceledException,
  TransactionConflictException,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { entityRef, PARTITIONS_PER_TYPE, partitionKey } from '../../core/entity.ts';
import type { Page } from '../../core/read/read.ts';
import type { Effect } from '../../core/saga/define.ts';
import type { DueInstances, SagaCommit, SagaStore } from '../../core/saga/handle.ts';
import type { ReviewedInstances } from '../../core/saga/review.ts';
import type { SagaInstance } from '../../core/saga/step.ts';
import { ATTRIBUTE, DUE_INDEX, keyItem, SAGA_ATTRIBUTE } from '../aws/items.ts';
import { listType, type PageOptions, type TypePageOptions } from '../aws/list.ts';
import {
  effectItem,
  INSTANCE,
  instanceItem,
  instanceKey,
  readEffect,
  readInstance,
  readReview,
  reviewItem,
  reviewKey,
  type SagaEffect,
} from './items.ts';

/** The table of a saga's instances and effects. */
export interface SagaTable {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

/** Reads the instances and effects of a saga, with consistent reads except for lists. See `createSagaReader`. */
export interface SagaReader {
  /** Returns the instance of a key; undefined if none of its facts has arrived, or the instance has expired. */
  instance(key: string): Promise<SagaInstance | undefined>;
  /**
   * Returns the effect with this name that was recorded for a key; undefined if there is none. Throws
   * `InvalidEntityType` | `InvalidEntityId`.
   */
  effect(name: string, key: string): Promise<SagaEffect | undefined>;
  /**
   * Returns a page of all effects with this name. The order is stable but not sorted. Throws `InvalidCursor` |
   * `InvalidLimit`.
   */
  effects(name: string, options?: PageOptions): Promise<Page<SagaEffect>>;
}

const ABSENT = `attribute_not_exists(${ATTRIBUTE.partition})`;

/**
 * Opens a saga's table for the saga's functions.
 *
 * @param options.saga name of the saga, which is stored with its effects
 * @param options.nowMs returns the current time, epoch milliseconds; default: the system clock
 */
export function createSagaStore(
  options: SagaTable & { readonly saga: string; readonly nowMs?: () => number },
): SagaStore & DueInstances & ReviewedInstances {
  const { client, tableName, saga, nowMs = Date.now } = options;

  const putInstance = (instance: SagaInstance) => ({
    TableName: tableName,
    Item: instanceItem(instance),
    ...(instance.revision === 1
      ? { ConditionExpression: ABSENT }
      : {
          ConditionExpression: '#revision = :before',
          ExpressionAttributeNames: { '#revision': SAGA_ATTRIBUTE.revision },
          ExpressionAttributeValues: { ':before': { N: String(instance.revision - 1) } },
        }),
  });

  const commitAlone = async (instance: SagaInstance): Promise<SagaCommit> => {
    try {
      await client.send(new PutItemCommand(putInstance(instance)));
      return { kind: 'committed' };
    } catch (error) {
      const overtaken =
        error instanceof ConditionalCheckFailedException || error instanceof TransactionConflictException;
      if (!overtaken) throw error;
      return { kind: 'overtaken' };
    }
  };

  const commitWith = async (instance: SagaInstance, effects: readonly Effect[]): Promise<SagaCommit> => {
    const recordedAt = new Date(nowMs()).toISOString();
    const puts = effects.map((effect) => ({
      Put: {
        TableName: tableName,
        Item: effectItem(saga, instance.key, effect, recordedAt),
        ConditionExpression: ABSENT,
      },
    }));
    try {
      await client.send(new TransactWriteItemsCommand({ TransactItems: [{ Put: putInstance(instance) }, ...puts] }));
      return { kind: 'committed' };
    } catch (error) {
      return refusal(error, effects);
    }
  };

  return {
    async read(key) {
      return readStored({ client, tableName }, key);
    },
    commit: (instance, effects) => (effects.length === 0 ? commitAlone(instance) : commitWith(instance, effects)),
    async review() {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: tableName, Key: reviewKey(saga), ConsistentRead: true }),
      );
      return Item && readReview(Item);
    },
    async noteReview(review) {
      await client.send(new PutItemCommand({ TableName: tableName, Item: reviewItem(saga, review) }));
    },
    page: (cursor) => listInstances({ client, tableName }, { cursor }),
    async due(atMs, limit) {
      const partitions = Array.from({ length: PARTITIONS_PER_TYPE }, (_, n) => partitionKey(INSTANCE, n));
      const pages = await Promise.all(partitions.map((pk) => dueOf({ client, tableName }, pk, atMs, limit)));
      const longest = Math.max(...pages.map(({ length }) => length));
      const ranks = Array.from({ length: longest }, (_, rank) => pages.flatMap((page) => page[rank] ?? []));
      return ranks.flat().slice(0, limit);
    },
  };
}

/**
 * Opens a saga's table for reading.
 *
 * @param table.tableName name of the saga's table
 * @param table.client a DynamoDB client, see `dynamoDbClient`
 */
export function createSagaReader(table: SagaTable): SagaReader {
  const { client, tableName } = table;
  return {
    instance: (key) => readStored(table, key),
    async effect(name, key) {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: tableName, Key: keyItem(entityRef(name, key)), ConsistentRead: true }),
      );
      return Item && readEffect(Item);
    },
    effects: (name, options = {}) => listType(table, name, readEffect, options),
  };
}

/**
 * Returns a page of a saga's stored instances. The order is stable but not sorted. Throws `InvalidCursor` |
 * `InvalidLimit` | `InvalidEntityId` (the prefix).
 *
 * @param options.idPrefix only instances whose key begins with this text
 */
export function listInstances(table: SagaTable, options: TypePageOptions): Promise<Page<SagaInstance>> {
  return listType(table, INSTANCE, readInstance, options);
}

async function readStored({ client, tableName }: SagaTable, key: string): Promise<SagaInstance | undefined> {
  const { Item } = await client.send(
    new GetItemCommand({ TableName: tableName, Key: instanceKey(key), ConsistentRead: true }),
  );
  return Item && readInstance(Item);
}

async function dueOf({ client, tableName }: SagaTable, pk: string, atMs: number, limit: number): Promise<string[]> {
  const { Items = [] } = await client.send(
    new QueryCommand({
      TableName: tableName,
      IndexName: DUE_INDEX,
      KeyConditionExpression: '#pk = :pk AND #due <= :at',
      ExpressionAttributeNames: { '#pk': ATTRIBUTE.partition, '#due': SAGA_ATTRIBUTE.dueAt },
      ExpressionAttributeValues: { ':pk': { S: pk }, ':at': { N: String(atMs) } },
      Limit: limit,
    }),
  );
  return Items.flatMap((item) => item[ATTRIBUTE.id]?.S ?? []);
}

/**
 * Explains a cancelled transaction, whose first item is the instance. Throws the error unless the cause is a failed
 * condition or another transaction.
 */
function refusal(error: unknown, effects: readonly Effect[]): SagaCommit {
  if (!(error instanceof TransactionCanceledException)) throw error;
  const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code);
  const expected = ['None', 'ConditionalCheckFailed', 'TransactionConflict'];
  if (codes.length === 0 || codes.some((code) => !expected.includes(code ?? ''))) throw error;
  const [instance, ...recorded] = codes;
  const names = effects.flatMap(({ name }, index) => (recorded[index] === 'ConditionalCheckFailed' ? [name] : []));
  const isOvertaken = instance !== 'None' || codes.includes('TransactionConflict');
  return isOvertaken || names.length === 0 ? { kind: 'overtaken' } : { kind: 'recorded', names };
}
