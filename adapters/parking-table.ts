import { randomUUID } from 'node:crypto';
import {
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  paginateQuery,
  ScanCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type EntityRef, utf8Bytes } from '../core/entity.ts';
import type { ProjectPorts, ReceivedMessage, SetAside } from '../core/project/ports.ts';
import type { Page } from '../core/read.ts';
import type { RepairPorts, SetAsideKey } from '../core/repair/redrive.ts';
import { ATTRIBUTE, type Item, keyItem } from './items.ts';

/** Sort keys of the parking table: what lies there of a message group. */
const EVENT = 'event#';
const ALONE = 'alone#';

/** Nothing lies under the key. */
const ABSENT = `attribute_not_exists(${ATTRIBUTE.partition})`;

/** How long the note of a try alone is kept, should its message be gone: the longest retention of a queue (sqs/quotas-queues). */
const NOTE_LIFE_SECONDS = 14 * 86_400;

/** Items a BatchWriteItem call takes (ddb/Constraints, 2026-11-23). */
const MAX_BATCH_WRITE_ITEMS = 25;

/** Where a boundary's set-aside events lie, and the cache table that stop markers are in. */
export interface ParkingTables {
  readonly client: DynamoDBClient;
  readonly parkingTable: string;
  readonly cacheTable: string;
}

type ParkingPorts = Pick<ProjectPorts, 'park' | 'stop' | 'hold' | 'beginAlone' | 'endAlone'>;

/** Sets events aside, in the parking table, and stops entities, by a marker on the cache's item that every write is conditional on. */
export function createParking({ client, parkingTable, cacheTable }: ParkingTables): ParkingPorts {
  const put = (aside: SetAside) => ({ TableName: parkingTable, Item: asideItem(aside) });

  const ports: ParkingPorts = {
    async park(aside) {
      try {
        await client.send(new PutItemCommand({ ...put(aside), ConditionExpression: ABSENT }));
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      }
    },
    async stop(entity, aside) {
      const update = {
        TableName: cacheTable,
        Key: keyItem(entity),
        UpdateExpression: 'SET #stopped = :marker, #version = if_not_exists(#version, :none) REMOVE #expires',
        ConditionExpression: 'attribute_not_exists(#stopped)',
        ExpressionAttributeNames: {
          '#stopped': ATTRIBUTE.stopped,
          '#version': ATTRIBUTE.version,
          '#expires': ATTRIBUTE.expiresAt,
        },
        ExpressionAttributeValues: { ':marker': { N: String(aside.setAsideAtMs) }, ':none': { N: '0' } },
      };
      const [stopped] = await refusals(client, [{ Update: update }, { Put: put(aside) }]);
      return stopped === true ? 'stopped' : 'done';
    },
    async hold(entity, asides) {
      const [chunk, ...later] = chunks(asides);
      let left = chunk ?? [];
      while (left.length > 0) {
        const update = {
          TableName: cacheTable,
          Key: keyItem(entity),
          UpdateExpression: 'SET #stopped = #stopped + :count',
          ConditionExpression: 'attribute_exists(#stopped)',
          ExpressionAttributeNames: { '#stopped': ATTRIBUTE.stopped },
          ExpressionAttributeValues: { ':count': { N: String(left.length) } },
        };
        const puts = left.map((aside) => ({ Put: { ...put(aside), ConditionExpression: ABSENT } }));
        const [released, ...there] = await refusals(client, [{ Update: update }, ...puts]);
        if (released === undefined) break;
        if (released) return 'released';
        // Delivered again: what is there was counted.
        left = left.filter((_, index) => !there[index]);
      }
      return later.length === 0 ? 'done' : ports.hold(entity, later.flat());
    },
    async beginAlone(message, onlyFirst) {
      // A name of its own for each try: sent twice by the SDK, whose first answer was lost, it counts once.
      const name = randomUUID();
      const before = (tries: Item[string] | undefined) => (tries?.SS ?? []).filter((one) => one !== name).length;
      try {
        const { Attributes } = await client.send(
          new UpdateItemCommand({
            TableName: parkingTable,
            Key: parkingKey(ALONE, message),
            UpdateExpression: 'ADD tries :try SET #expires = :expires',
            ...(onlyFirst && { ConditionExpression: 'attribute_not_exists(tries)' }),
            ExpressionAttributeNames: { '#expires': ATTRIBUTE.expiresAt },
            ExpressionAttributeValues: {
              ':try': { SS: [name] },
              ':expires': { N: String(Math.ceil(message.sentAtMs / 1000) + NOTE_LIFE_SECONDS) },
            },
            ReturnValues: 'UPDATED_NEW',
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        );
        return before(Attributes?.tries);
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return before(error.Item?.tries);
        throw error;
      }
    },
    async endAlone(message) {
      await client.send(new DeleteItemCommand({ TableName: parkingTable, Key: parkingKey(ALONE, message) }));
    },
  };
  return ports;
}

/** What one transaction takes: 100 actions and 4 MB (ddb/Constraints, 2026-11-23), with room for keys and the marker. */
const MAX_HELD_AT_ONCE = 50;
const MAX_HELD_BYTES = 3 * 1024 * 1024;

function chunks(asides: readonly SetAside[]): SetAside[][] {
  const all: SetAside[][] = [];
  let bytes = 0;
  for (const aside of asides) {
    const size = utf8Bytes(aside.message.body) + 4_096;
    const last = all.at(-1);
    if (last === undefined || last.length === MAX_HELD_AT_ONCE || bytes + size > MAX_HELD_BYTES) {
      all.push([aside]);
      bytes = size;
    } else {
      last.push(aside);
      bytes += size;
    }
  }
  return all;
}

type TransactItems = NonNullable<ConstructorParameters<typeof TransactWriteItemsCommand>[0]['TransactItems']>;

/** Carries out a transaction: nothing if it went through, else for each item whether its condition refused it. Throws for any other cause. */
async function refusals(client: DynamoDBClient, TransactItems: TransactItems): Promise<readonly boolean[]> {
  try {
    await client.send(new TransactWriteItemsCommand({ TransactItems }));
    return [];
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error;
    const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code);
    if (codes.some((code) => code !== 'None' && code !== 'ConditionalCheckFailed')) throw error;
    return codes.map((code) => code === 'ConditionalCheckFailed');
  }
}

/** What an operator looks through. */
export interface AsideReader {
  /** A page of everything that is set aside, in no order. @param cursor where the page before ended */
  list(options?: { readonly cursor?: string | undefined; readonly limit?: number }): Promise<Page<SetAside>>;
  /** All that is set aside of a message group, in order. */
  ofGroup(groupId: string): Promise<readonly SetAside[]>;
}

/** Reads and forgets what was set aside, and lets stopped entities go on. */
export function createRepair(
  tables: ParkingTables & { readonly tombstoneLifeSeconds: number; readonly nowMs: () => number },
): RepairPorts {
  const { client, parkingTable, cacheTable, tombstoneLifeSeconds, nowMs } = tables;
  return {
    asideOf: createAsideReader(tables).ofGroup,
    removeAside: (keys) => removeAside(client, parkingTable, keys),
    async replaceAside(aside) {
      await client.send(new PutItemCommand({ TableName: parkingTable, Item: asideItem(aside) }));
    },
    async clearStop(entity, marker) {
      const expires = Math.ceil(nowMs() / 1000) + tombstoneLifeSeconds;
      const isState = await clear(entity, marker, 'attribute_exists(#data) OR #version = :none', 'REMOVE #stopped', {});
      if (isState) return 'cleared';
      const set = 'REMOVE #stopped SET #expires = :expires';
      return (await clear(entity, marker, 'attribute_not_exists(#data) AND #version <> :none', set, {
        ':expires': { N: String(expires) },
      }))
        ? 'cleared'
        : 'changed';
    },
  };

  /** Whether the marker was taken off: a tombstone begins to expire anew with that. */
  async function clear(
    entity: EntityRef,
    marker: number,
    condition: string,
    update: string,
    values: Item,
  ): Promise<boolean> {
    try {
      await client.send(
        new UpdateItemCommand({
          TableName: cacheTable,
          Key: keyItem(entity),
          UpdateExpression: update,
          ConditionExpression: `#stopped = :marker AND (${condition})`,
          ExpressionAttributeNames: {
            '#stopped': ATTRIBUTE.stopped,
            '#data': ATTRIBUTE.data,
            '#version': ATTRIBUTE.version,
            ...(':expires' in values && { '#expires': ATTRIBUTE.expiresAt }),
          },
          ExpressionAttributeValues: { ':marker': { N: String(marker) }, ':none': { N: '0' }, ...values },
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }
}

/** Reads what is set aside, page by page. */
export function createAsideReader({
  client,
  parkingTable,
}: Pick<ParkingTables, 'client' | 'parkingTable'>): AsideReader {
  return {
    async list({ cursor, limit = 100 } = {}) {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new ScanCommand({
          TableName: parkingTable,
          FilterExpression: 'begins_with(#id, :event)',
          ExpressionAttributeNames: { '#id': ATTRIBUTE.id },
          ExpressionAttributeValues: { ':event': { S: EVENT } },
          Limit: limit,
          ExclusiveStartKey:
            cursor === undefined ? undefined : (JSON.parse(Buffer.from(cursor, 'base64url').toString()) as Item),
        }),
      );
      const next = LastEvaluatedKey && Buffer.from(JSON.stringify(LastEvaluatedKey)).toString('base64url');
      return { items: Items.map(asideOf), cursor: next };
    },
    async ofGroup(groupId) {
      const query = {
        TableName: parkingTable,
        KeyConditionExpression: '#pk = :group AND begins_with(#id, :event)',
        ExpressionAttributeNames: { '#pk': ATTRIBUTE.partition, '#id': ATTRIBUTE.id },
        ExpressionAttributeValues: { ':group': { S: groupId }, ':event': { S: EVENT } },
        ConsistentRead: true,
      };
      const all: SetAside[] = [];
      for await (const { Items = [] } of paginateQuery({ client }, query)) all.push(...Items.map(asideOf));
      return all;
    },
  };
}

/** Forgets events that were set aside; those that aren't there count as forgotten. */
export async function removeAside(
  client: DynamoDBClient,
  parkingTable: string,
  keys: readonly SetAsideKey[],
): Promise<void> {
  let requests = keys.map((key) => ({ DeleteRequest: { Key: parkingKey(EVENT, key) } }));
  for (let round = 0; requests.length > 0; round += 1) {
    const { UnprocessedItems } = await client.send(
      new BatchWriteItemCommand({ RequestItems: { [parkingTable]: requests.slice(0, MAX_BATCH_WRITE_ITEMS) } }),
    );
    const left = (UnprocessedItems?.[parkingTable] ?? []) as typeof requests;
    requests = [...left, ...requests.slice(MAX_BATCH_WRITE_ITEMS)];
    if (left.length > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(1_000, 25 * 2 ** round)));
  }
}

function parkingKey(kind: string, { groupId, sequenceNumber }: SetAsideKey | ReceivedMessage) {
  return { [ATTRIBUTE.partition]: { S: groupId }, [ATTRIBUTE.id]: { S: kind + sequenceNumber } };
}

function asideItem({ status, message, reason, explanation, entity, version, setAsideAtMs }: SetAside): Item {
  return {
    ...parkingKey(EVENT, message),
    status: { S: status },
    reason: { S: reason },
    explanation: { S: explanation },
    body: { S: message.body },
    messageId: { S: message.messageId },
    receiveCount: { N: String(message.receiveCount) },
    sentAt: { N: String(message.sentAtMs) },
    setAsideAt: { N: String(setAsideAtMs) },
    ...(entity && { entityType: { S: entity.type }, entityId: { S: entity.id } }),
    ...(version !== undefined && { version: { N: String(version) } }),
  };
}

function asideOf(item: Item): SetAside {
  const text = (name: string) => item[name]?.S ?? '';
  const number = (name: string) => Number(item[name]?.N);
  const type = item.entityType?.S;
  return {
    status: text('status') as SetAside['status'],
    message: {
      messageId: text('messageId'),
      groupId: text(ATTRIBUTE.partition),
      sequenceNumber: text(ATTRIBUTE.id).slice(EVENT.length),
      body: text('body'),
      // It starts anew: what it failed of before is not what it is judged by now.
      receiveCount: 1,
      sentAtMs: number('sentAt'),
    },
    reason: text('reason') as SetAside['reason'],
    explanation: text('explanation'),
    entity: type === undefined ? undefined : { type, id: text('entityId') },
    version: item.version === undefined ? undefined : number('version'),
    setAsideAtMs: number('setAsideAt'),
  };
}
