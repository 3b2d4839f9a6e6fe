import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { ATTRIBUTE, type Item, itemEntity, keyItem, storedItem } from 'freshet-aws/internal/adapters/aws/items';
import { listType, type TypePageOptions } from 'freshet-aws/internal/adapters/aws/list';
import type { EntityRef } from 'freshet-aws/internal/core/entity';
import type { Page } from 'freshet-aws/internal/core/read/read';
import type { CachedRecord } from 'freshet-aws/internal/core/repair/compare';

/** The item of one entity. */
export interface FoundRecord extends CachedRecord {
  /** When the owner committed the version, ISO 8601; undefined if no version has arrived. */
  readonly changedAt: string | undefined;
}

/** The items of a cache's table, with the digests and stop markers that a service's reader leaves out. */
export interface CacheRecords {
  /**
   * A page of a type's items, in the same order as a list of the owner. It includes deleted entities, and the stop
   * markers of entities that were never stored.
   */
  list(type: string, options?: TypePageOptions): Promise<Page<FoundRecord & { readonly id: string }>>;
  /** The item of one entity, read consistently; undefined if the cache has none. */
  get(entity: EntityRef): Promise<FoundRecord | undefined>;
}

/** Opens the table of a cache. */
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
      return Item && found(Item);
    },
  };
}

function record(item: Item): FoundRecord & { readonly id: string } {
  return { id: itemEntity(item).id, ...found(item) };
}

function found(item: Item): FoundRecord {
  return { ...storedItem(item), changedAt: item[ATTRIBUTE.changedAt]?.S };
}
