import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { type Item, itemEntity, keyItem, storedItem } from 'freshet-aws/internal/adapters/aws/items';
import { listType, type PageOptions } from 'freshet-aws/internal/adapters/aws/list';
import type { EntityRef } from 'freshet-aws/internal/core/entity';
import type { Page } from 'freshet-aws/internal/core/read/read';
import type { CachedRecord } from 'freshet-aws/internal/core/repair/compare';

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
