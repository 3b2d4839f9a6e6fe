import {
  BatchWriteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  paginateQuery,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { EntityRef } from '../../core/entity.ts';
import type { SetAside } from '../../core/project/ports.ts';
import type { Page } from '../../core/read/read.ts';
import type { RepairPorts, SetAsideKey } from '../../core/repair/redrive.ts';
import { isTaken } from '../aws/condition.ts';
import { ATTRIBUTE, type Item, keyItem } from '../aws/items.ts';
import { asideItem, asideOf, EVENT, parkingKey } from '../project/parked-items.ts';
import type { ParkingTables } from '../project/parking-table.ts';

/** Items a BatchWriteItem call takes (ddb/Constraints, 2026-11-23). */
const MAX_BATCH_WRITE_ITEMS = 25;

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
