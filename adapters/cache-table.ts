import {
  BatchGetItemCommand,
  type BatchGetItemCommandOutput,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type Boundary, cachedType } from '../core/contract.ts';
import { entityRef, utf8Bytes } from '../core/entity.ts';
import { FreshetError, quoted } from '../core/errors.ts';
import { type CachedItem, indexValue, type WriteResult } from '../core/project.ts';
import type { CachedEntity, Page } from '../core/read.ts';
import type { Json, State } from '../core/state.ts';
import { ATTRIBUTE, type Item, indexAttribute, itemEntity, keyItem, readStamp } from './items.ts';
import { countType, listIndex, listType, type PageOptions } from './list.ts';

/** Keys a BatchGetItem call takes (ddb/Constraints, 2026-11-23). */
const MAX_BATCH_GET_KEYS = 100;

/** Rounds that a batch read asks for what throttling left out before it gives up. */
const MAX_BATCH_GET_ROUNDS = 8;

/** Bytes of kept fields that an item holds: DynamoDB's 400 KB (ddb/Constraints) less 32 KiB for key, stamps and index values. */
const MAX_DATA_BYTES = 400 * 1024 - 32 * 1024;

/** A service's view of its local cache: it never calls the owner, and it can't write. */
export interface Reader {
  /** One entity: `found`, `deleted` or `unknown`. @throws FreshetError `UnknownEntityType` | `InvalidEntityId` */
  get(type: string, id: string): Promise<CachedEntity>;
  /** Many entities of a type, any number, in the order asked for. Errors as for `get`. */
  getMany(type: string, ids: readonly string[]): Promise<readonly CachedEntity[]>;
  /** A page of a type's entities without the deleted ones, in a stable order that isn't sorted. @throws FreshetError `InvalidCursor` | `InvalidLimit` */
  list(type: string, options?: PageOptions): Promise<Page<FoundEntity>>;
  /** Like `list`, with the deleted entities that the cache still remembers. For export and comparison. */
  listWithDeleted(type: string, options?: PageOptions): Promise<Page<KnownEntity>>;
  /** A page of the entities whose indexed field has this value, sorted by id. @throws FreshetError `UnknownIndex` | `InvalidCursor` | `InvalidLimit` */
  listBy(type: string, index: string, value: Json, options?: PageOptions): Promise<Page<FoundEntity>>;
  /** How many entities of a type are cached, deleted ones not counted. Reads them all: for operators, not for a request's path. */
  count(type: string): Promise<number>;
}

/** An entity that a version has arrived of. */
export type KnownEntity = Exclude<CachedEntity, { status: 'unknown' }>;

/** An entity that a cache holds a state of. */
export type FoundEntity = Extract<CachedEntity, { status: 'found' }>;

interface CacheTable {
  readonly tableName: string;
  readonly client: DynamoDBClient;
}

/** Opens a cache for reading. */
export function createReader({ boundary, tableName, client }: CacheTable & { readonly boundary: Boundary }): Reader {
  return {
    async get(type, id) {
      cachedType(boundary, type);
      const { Item } = await client.send(
        new GetItemCommand({ TableName: tableName, Key: keyItem(entityRef(type, id)) }),
      );
      return cachedEntity(id, Item);
    },
    async getMany(type, ids) {
      cachedType(boundary, type);
      const items = await batchGet({ client, tableName }, type, [...new Set(ids)]);
      return ids.map((id) => cachedEntity(id, items.get(id)));
    },
    async list(type, options = {}) {
      cachedType(boundary, type);
      return listType({ client, tableName }, type, foundEntity, options);
    },
    async listWithDeleted(type, options = {}) {
      cachedType(boundary, type);
      return listType({ client, tableName }, type, knownEntity, options);
    },
    async listBy(type, index, value, options = {}) {
      const { indexes } = cachedType(boundary, type);
      if (!Object.hasOwn(indexes, index)) {
        throw new FreshetError(
          `index: cache ${boundary.name} doesn't list ${type} by ${quoted(index)}. Declared: ${Object.keys(indexes).join(', ') || 'none'}.`,
          { code: 'UnknownIndex', field: 'index' },
        );
      }
      const key = indexValue(type, value);
      if (key === undefined) return { items: [], cursor: undefined };
      return listIndex({ client, tableName }, index, key, foundEntity, options);
    },
    async count(type) {
      cachedType(boundary, type);
      return countType({ client, tableName }, type, ATTRIBUTE.data);
    },
  };
}

async function batchGet({ client, tableName }: CacheTable, type: string, ids: string[]): Promise<Map<string, Item>> {
  const items = new Map<string, Item>();
  const chunks = Array.from({ length: Math.ceil(ids.length / MAX_BATCH_GET_KEYS) }, (_, chunk) =>
    ids.slice(chunk * MAX_BATCH_GET_KEYS, (chunk + 1) * MAX_BATCH_GET_KEYS),
  );
  await Promise.all(
    chunks.map(async (chunk) => {
      let keys: Item[] | undefined = chunk.map((id) => keyItem(entityRef(type, id)));
      for (let round = 0; keys !== undefined && keys.length > 0; round += 1) {
        if (round === MAX_BATCH_GET_ROUNDS) throw new Error(`${keys.length} keys of ${tableName} stay unprocessed`);
        const answer: BatchGetItemCommandOutput = await client.send(
          new BatchGetItemCommand({ RequestItems: { [tableName]: { Keys: keys } } }),
        );
        for (const item of answer.Responses?.[tableName] ?? []) items.set(itemEntity(item).id, item);
        keys = answer.UnprocessedKeys?.[tableName]?.Keys;
        if (keys !== undefined) await new Promise((resolve) => setTimeout(resolve, 25 * 2 ** round));
      }
    }),
  );
  return items;
}

function cachedEntity(id: string, item: Item | undefined): CachedEntity {
  return item === undefined ? { status: 'unknown', id } : knownEntity(item);
}

function knownEntity(item: Item): KnownEntity {
  const { id } = itemEntity(item);
  const { version, changedAt } = readStamp(item);
  const json = item[ATTRIBUTE.data]?.S;
  if (json === undefined) return { status: 'deleted', id, version, changedAt };
  return { status: 'found', id, version, changedAt, value: JSON.parse(json) as State };
}

function foundEntity(item: Item): FoundEntity | undefined {
  const entity = knownEntity(item);
  return entity.status === 'found' ? entity : undefined;
}

/**
 * The projector's write: stores an item if nothing is stored, or something older, or the same version and state with an older
 * selection of fields. A refusal brings the stored item with it, which saves a read.
 */
export function createCacheWriter({ tableName, client }: CacheTable): (item: CachedItem) => Promise<WriteResult> {
  return async (item) => {
    const dataBytes = utf8Bytes(item.dataJson ?? '');
    if (dataBytes > MAX_DATA_BYTES) {
      return { kind: 'unstorable', message: `${dataBytes} bytes of data; the cache's table holds ${MAX_DATA_BYTES}` };
    }
    try {
      await client.send(
        new PutItemCommand({
          TableName: tableName,
          Item: toItem(item),
          ConditionExpression:
            'attribute_not_exists(#pk) OR #version < :version OR (#version = :version AND #digest = :digest AND #revision < :revision)',
          ExpressionAttributeNames: {
            '#pk': ATTRIBUTE.partition,
            '#version': ATTRIBUTE.version,
            '#digest': ATTRIBUTE.digest,
            '#revision': ATTRIBUTE.fieldsRevision,
          },
          ExpressionAttributeValues: {
            ':version': { N: String(item.version) },
            ':digest': { S: item.digest },
            ':revision': { N: String(item.fieldsRevision) },
          },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return { kind: 'stored' };
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException && error.Item !== undefined) {
        const { version, digest } = readStamp(error.Item);
        return { kind: 'refused', stored: { version, digest } };
      }
      throw error;
    }
  };
}

function toItem(item: CachedItem): Item {
  const indexed = Object.entries(item.indexed).map(([index, value]) => [indexAttribute(index), { S: value }] as const);
  return {
    ...keyItem(item.entity),
    [ATTRIBUTE.version]: { N: String(item.version) },
    [ATTRIBUTE.digest]: { S: item.digest },
    [ATTRIBUTE.changedAt]: { S: item.changedAt },
    [ATTRIBUTE.fieldsRevision]: { N: String(item.fieldsRevision) },
    ...Object.fromEntries(indexed),
    ...(item.dataJson !== undefined && { [ATTRIBUTE.data]: { S: item.dataJson } }),
    ...(item.expiresAtSeconds !== undefined && { [ATTRIBUTE.expiresAt]: { N: String(item.expiresAtSeconds) } }),
  };
}
