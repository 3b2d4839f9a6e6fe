import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { EntityRef } from '../core/entity.ts';
import type { Page } from '../core/read.ts';
import type { CachedRecord } from '../core/repair/compare.ts';
import { type Item, itemEntity, keyItem, storedItem } from './items.ts';
import { listType, type PageOptions } from './list.ts';

/** What a cache's table holds, as an operator compares it: digests and stop markers, which a service's reader leaves out. */
export interface CacheRecords {
  /** A page of all that the cache holds of a type, deleted entities and bare stop markers included, in the order of an owner's list. */
  list(type: string, options?: PageOptions): Promise<Page<CachedRecord & { readonly id: string }>>;
  /** One entity, read consistently; undefined where the cache holds nothing of it. */
  get(entity: EntityRef): Promise<CachedRecord | undefined>;
}

/** Opens a cache's table for comparison. */
export function createCacheRecords(table: {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}): CacheRecords {
  return {
    list: (type, options = {}) => listType(table, type, record, options),
    async get(entity) {
      const { Item } = await table.client.send(
        new GetItemCommand({ TableName: table.tableName, Key: keyItem(entity), ConsistentRead: true }),
      );
      return Item && storedItem(Item);
    },
  };
}

function record(item: Item): CachedRecord & { readonly id: string } {
  return { id: itemEntity(item).id, ...storedItem(item) };
}
