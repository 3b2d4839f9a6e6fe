import {
  BatchGetItemCommand,
  type BatchGetItemCommandOutput,
  type DynamoDBClient,
  GetItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type Boundary, cachedType } from '../core/contract.ts';
import { entityRef } from '../core/entity.ts';
import { FreshetError, quoted } from '../core/errors.ts';
import { indexValue } from '../core/project/fields.ts';
import type { CachedEntity, Page } from '../core/read.ts';
import type { Json, State } from '../core/state.ts';
import { ATTRIBUTE, type Item, isPlaceholder, itemEntity, keyItem, readStamp } from './items.ts';
import { countType, listIndex, listType, type PageOptions } from './list.ts';
import { type Readiness, readReadiness } from './readiness.ts';

/** Keys a BatchGetItem call takes (ddb/Constraints, 2026-11-23). */
const MAX_BATCH_GET_KEYS = 100;

/** Rounds that a batch read asks for what throttling left out before it gives up. */
const MAX_BATCH_GET_ROUNDS = 8;

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
  /** How far the cache was filled with what its owner had before: until it is `ready`, `unknown` may only mean not yet. */
  readiness(type: string): Promise<Readiness>;
  /** How many entities of a type are cached, deleted ones not counted. Reads them all: for operators, not for a request's path. */
  count(type: string): Promise<number>;
}

/** An entity that a version has arrived of. */
export type KnownEntity = Exclude<CachedEntity, { status: 'unknown' }>;

/** An entity that a cache holds a state of. */
export type FoundEntity = Extract<CachedEntity, { status: 'found' }>;

/** A cache's table. */
export interface CacheTable {
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
      const key = listedUnder(boundary, type, index, value);
      if (key === undefined) return { items: [], cursor: undefined };
      return listIndex({ client, tableName }, index, key, foundEntity, options);
    },
    async readiness(type) {
      cachedType(boundary, type);
      return readReadiness({ client, tableName }, type);
    },
    async count(type) {
      cachedType(boundary, type);
      return countType({ client, tableName }, type, ATTRIBUTE.data);
    },
  };
}

/** The key under which a cache's index lists a value; undefined: under none. Throws `UnknownEntityType` | `UnknownIndex`. */
export function listedUnder(boundary: Boundary, type: string, index: string, value: Json): string | undefined {
  const { indexes } = cachedType(boundary, type);
  if (Object.hasOwn(indexes, index)) return indexValue(type, value);
  throw new FreshetError(
    `index: cache ${boundary.name} doesn't list ${type} by ${quoted(index)}. Declared: ${Object.keys(indexes).join(', ') || 'none'}.`,
    { code: 'UnknownIndex', field: 'index' },
  );
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
  return (item && knownEntity(item)) ?? { status: 'unknown', id };
}

function knownEntity(item: Item): KnownEntity | undefined {
  if (isPlaceholder(item)) return undefined;
  const { id } = itemEntity(item);
  const { version, changedAt } = readStamp(item);
  const json = item[ATTRIBUTE.data]?.S;
  if (json === undefined) return { status: 'deleted', id, version, changedAt };
  return { status: 'found', id, version, changedAt, value: JSON.parse(json) as State };
}

function foundEntity(item: Item): FoundEntity | undefined {
  const entity = knownEntity(item);
  return entity?.status === 'found' ? entity : undefined;
}
