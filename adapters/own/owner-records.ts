import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { EntityRef } from '../../core/entity.ts';
import type { OwnedEntity } from '../../core/own/own.ts';
import type { Page } from '../../core/read/read.ts';
import { isTaken } from '../aws/condition.ts';
import { ATTRIBUTE, keyItem } from '../aws/items.ts';
import { listType, type TypePageOptions } from '../aws/list.ts';
import { existing } from './owner-writes.ts';

/** An owner's table, for work that needs no contracts. */
export interface OwnerRecords {
  /** The entity as it is stored, read consistently; undefined if the table has never had it. */
  get(entity: EntityRef): Promise<OwnedEntity | undefined>;
  /**
   * A page of a type's entities, deleted ones included and heartbeats left out. The order is stable but not sorted.
   * Throws `InvalidCursor` | `InvalidLimit` | `InvalidEntityId` (the prefix).
   */
  list(type: string, options?: TypePageOptions): Promise<Page<OwnedEntity>>;
  /** See `Owner.resync`. */
  resync(entity: EntityRef, token: string): Promise<'requested' | 'unknown'>;
}

/** Opens an owner's table for work that needs no contracts. */
export function createOwnerRecords({
  client,
  tableName,
}: {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}): OwnerRecords {
  return {
    async get(entity) {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: tableName, Key: keyItem(entity), ConsistentRead: true }),
      );
      return existing(Item);
    },
    list: (type, options = {}) => listType({ client, tableName }, type, existing, options),
    async resync(entity, token) {
      const update = new UpdateItemCommand({
        TableName: tableName,
        Key: keyItem(entity),
        UpdateExpression: 'SET #resync = :token',
        ConditionExpression: 'attribute_exists(#version)',
        ExpressionAttributeNames: { '#resync': ATTRIBUTE.resync, '#version': ATTRIBUTE.version },
        ExpressionAttributeValues: { ':token': { S: token } },
      });
      return (await isTaken(client.send(update))) ? 'requested' : 'unknown';
    },
  };
}
