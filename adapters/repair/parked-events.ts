import {
  BatchWriteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  paginateQuery,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { EntityRef } from '../../core/entity.ts';
import type { ParkedEvent } from '../../core/project/ports.ts';
import type { Page } from '../../core/read/read.ts';
import type { ParkedKey } from '../../core/repair/parked-key.ts';
import type { RepairPorts } from '../../core/repair/redrive.ts';
import { isTaken } from '../aws/condition.ts';
import { ATTRIBUTE, type Item, keyItem } from '../aws/items.ts';
import { EVENT, parkedEventOf, parkedItem, parkingKey } from '../project/parked-items.ts';
import type { ParkingTables } from '../project/parking-table.ts';

/** Most items of one BatchWriteItem call (ddb/Constraints, 2026-11-23). */
const MAX_BATCH_WRITE_ITEMS = 25;

/** Reads parked events, for an operator. */
export interface ParkedReader {
  /** One page of all parked events, in no order. @param cursor the cursor of the page before */
  list(options?: { readonly cursor?: string | undefined; readonly limit?: number }): Promise<Page<ParkedEvent>>;
  /** All parked events of a message group, in order. */
  ofGroup(groupId: string): Promise<readonly ParkedEvent[]>;
  /** One parked event, and how often it was received before it was parked; undefined if there is none. */
  find(key: ParkedKey): Promise<{ readonly event: ParkedEvent; readonly attempts: number } | undefined>;
}

/** The ports of repair: reads, replaces and removes parked events, and removes stop markers. */
export function createRepair(
  tables: ParkingTables & { readonly tombstoneLifeSeconds: number; readonly nowMs: () => number },
): RepairPorts {
  const { client, parkingTable, cacheTable, tombstoneLifeSeconds, nowMs } = tables;
  return {
    parkedOf: createParkedReader(tables).ofGroup,
    removeParked: (keys) => removeParked(client, parkingTable, keys),
    async replaceParked(event) {
      await client.send(new PutItemCommand({ TableName: parkingTable, Item: parkedItem(event) }));
    },
    async clearStop(entity, marker) {
      const expires = Math.ceil(nowMs() / 1000) + tombstoneLifeSeconds;
      const isCleared =
        (await clear(entity, marker, 'attribute_exists(#data) OR #version = :none', 'REMOVE #stopped', {})) ||
        // A tombstone doesn't expire while its entity is stopped. Its life starts now.
        (await clear(
          entity,
          marker,
          'attribute_not_exists(#data) AND #version <> :none',
          'REMOVE #stopped SET #expires = :expires',
          { ':expires': { N: String(expires) } },
        ));
      return isCleared ? 'cleared' : 'changed';
    },
  };

  /** Removes a stop marker if the item meets a condition. Returns whether it did. */
  async function clear(
    entity: EntityRef,
    marker: number,
    condition: string,
    expression: string,
    values: Item,
  ): Promise<boolean> {
    const update = new UpdateItemCommand({
      TableName: cacheTable,
      Key: keyItem(entity),
      UpdateExpression: expression,
      ConditionExpression: `#stopped = :marker AND (${condition})`,
      ExpressionAttributeNames: {
        '#stopped': ATTRIBUTE.stopped,
        '#data': ATTRIBUTE.data,
        '#version': ATTRIBUTE.version,
        ...(':expires' in values && { '#expires': ATTRIBUTE.expiresAt }),
      },
      ExpressionAttributeValues: { ':marker': { N: String(marker) }, ':none': { N: '0' }, ...values },
    });
    return isTaken(client.send(update));
  }
}

/** Opens a parking table for reading. */
export function createParkedReader({
  client,
  parkingTable,
}: Pick<ParkingTables, 'client' | 'parkingTable'>): ParkedReader {
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
      return { items: Items.map(parkedEventOf), cursor: next };
    },
    async ofGroup(groupId) {
      const query = {
        TableName: parkingTable,
        KeyConditionExpression: '#pk = :group AND begins_with(#id, :event)',
        ExpressionAttributeNames: { '#pk': ATTRIBUTE.partition, '#id': ATTRIBUTE.id },
        ExpressionAttributeValues: { ':group': { S: groupId }, ':event': { S: EVENT } },
        ConsistentRead: true,
      };
      const all: ParkedEvent[] = [];
      for await (const { Items = [] } of paginateQuery({ client }, query)) all.push(...Items.map(parkedEventOf));
      return all;
    },
    async find(key) {
      const { pk, id } = parkingKey(EVENT, key);
      // An operator may query the table, but not get an item.
      const query = new QueryCommand({
        TableName: parkingTable,
        KeyConditionExpression: '#pk = :group AND #id = :event',
        ExpressionAttributeNames: { '#pk': ATTRIBUTE.partition, '#id': ATTRIBUTE.id },
        ExpressionAttributeValues: { ':group': pk, ':event': id },
        ConsistentRead: true,
      });
      const [item] = (await client.send(query)).Items ?? [];
      return item && { event: parkedEventOf(item), attempts: Number(item.receiveCount?.N ?? 1) };
    },
  };
}

/** Removes parked events. A key without an event counts as removed. */
export async function removeParked(
  client: DynamoDBClient,
  parkingTable: string,
  keys: readonly ParkedKey[],
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
