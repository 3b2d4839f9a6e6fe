import {
  BatchGetItemCommand,
  type BatchGetItemCommandOutput,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { type Boundary, cachedType } from '../core/contract.ts';
import { entityRef, utf8Bytes } from '../core/entity.ts';
import { FreshetError, quoted } from '../core/errors.ts';
import { indexValue } from '../core/project/fields.ts';
import type { CachedItem, Expectation, ProjectPorts, WriteResult } from '../core/project/ports.ts';
import type { CachedEntity, Page } from '../core/read.ts';
import type { Json, State } from '../core/state.ts';
import {
  ATTRIBUTE,
  type Item,
  indexAttribute,
  isPlaceholder,
  itemEntity,
  keyItem,
  readStamp,
  storedItem,
} from './items.ts';
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
  /** How far the cache was filled with what its owner had before: until it is `ready`, `unknown` may only mean not yet. */
  readiness(type: string): Promise<Readiness>;
  /** How many entities of a type are cached, deleted ones not counted. Reads them all: for operators, not for a request's path. */
  count(type: string): Promise<number>;
}

const readiness = z.discriminatedUnion('status', [
  z.object({ status: z.literal('empty') }),
  z.object({ status: z.literal('filling'), startedAt: z.string(), sent: z.int(), cursor: z.optional(z.string()) }),
  z.object({ status: z.literal('ready'), readyAt: z.string(), sent: z.int() }),
]);

/**
 * `empty`: no backfill was begun, so only what changed since the cache was deployed is here · `filling`: one is under way, or was
 * interrupted · `ready`: one came to its end.
 */
export type Readiness = z.infer<typeof readiness>;

/** Checks what is to be noted of a backfill; undefined for anything else. */
export function parseReadiness(value: unknown): Readiness | undefined {
  return readiness.safeParse(value).data;
}

/** Beside the type's partitions, so that no list comes upon it. */
function readinessKey(type: string): Item {
  return { [ATTRIBUTE.partition]: { S: `${type}#readiness` }, [ATTRIBUTE.id]: { S: 'readiness' } };
}

/** Notes how far a type's backfill is. */
export function createReadinessWriter({
  tableName,
  client,
}: CacheTable): (type: string, state: Readiness) => Promise<void> {
  return async (type, state) => {
    const Item = { ...readinessKey(type), readiness: { S: JSON.stringify(state) } };
    await client.send(new PutItemCommand({ TableName: tableName, Item }));
  };
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
    async readiness(type) {
      cachedType(boundary, type);
      const { Item } = await client.send(new GetItemCommand({ TableName: tableName, Key: readinessKey(type) }));
      const stored = readiness.safeParse(JSON.parse(Item?.readiness?.S ?? 'null'));
      return stored.data ?? { status: 'empty' };
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

/** The projector's view of the cache: what is stored, and conditional writes. */
export function createCacheWriter({ tableName, client }: CacheTable): Pick<ProjectPorts, 'read' | 'write'> {
  return {
    async read(entity) {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: tableName, Key: keyItem(entity), ConsistentRead: true }),
      );
      return Item && storedItem(Item);
    },
    async write(item, expectation): Promise<WriteResult> {
      const dataBytes = utf8Bytes(item.dataJson ?? '');
      if (dataBytes > MAX_DATA_BYTES) {
        return { kind: 'unstorable', message: `${dataBytes} bytes of data; the cache's table holds ${MAX_DATA_BYTES}` };
      }
      try {
        await client.send(
          new PutItemCommand({
            TableName: tableName,
            Item: toItem(item, expectation),
            ...conditionOf(item, expectation),
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        );
        return { kind: 'stored' };
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        const stored = error.Item && storedItem(error.Item);
        return stored?.stopMarker === expectation.stopMarker ? { kind: 'refused', stored } : { kind: 'stopped' };
      }
    },
  };
}

/** The names that a condition uses, and no others: DynamoDB refuses what isn't used. */
function conditionOf(item: CachedItem, { stored, stopMarker }: Expectation) {
  const notStopped = stopMarker === undefined ? 'attribute_not_exists(#stopped)' : '#stopped = :stopped';
  const isOlder = '#version = :version AND #digest = :digest AND (#revision < :revision OR #schema < :schema)';
  const expected =
    stored.kind === 'newer'
      ? `(attribute_not_exists(#pk) OR #version < :version OR (${isOlder}))`
      : '#version = :version AND #digest = :digest AND #revision = :revision AND #schema = :schema';
  const { version, digest, schemaVersion, fieldsRevision } = stored.kind === 'base' ? stored.base : item;
  return {
    ConditionExpression: `${notStopped} AND ${expected}`,
    ExpressionAttributeNames: {
      ...(stored.kind === 'newer' && { '#pk': ATTRIBUTE.partition }),
      '#stopped': ATTRIBUTE.stopped,
      '#version': ATTRIBUTE.version,
      '#digest': ATTRIBUTE.digest,
      '#revision': ATTRIBUTE.fieldsRevision,
      '#schema': ATTRIBUTE.schemaVersion,
    },
    ExpressionAttributeValues: {
      ':version': { N: String(version) },
      ':digest': { S: digest },
      ':revision': { N: String(fieldsRevision) },
      ':schema': { N: String(schemaVersion) },
      ...(stopMarker !== undefined && { ':stopped': { N: String(stopMarker) } }),
    },
  };
}

/** A stop marker stays, and while it stands a tombstone doesn't expire: the marker would go with it. */
function toItem(item: CachedItem, { stopMarker }: Expectation): Item {
  const indexed = Object.entries(item.indexed).map(([index, value]) => [indexAttribute(index), { S: value }] as const);
  const expires = stopMarker === undefined && item.expiresAtSeconds !== undefined;
  return {
    ...keyItem(item.entity),
    [ATTRIBUTE.version]: { N: String(item.version) },
    [ATTRIBUTE.digest]: { S: item.digest },
    [ATTRIBUTE.changedAt]: { S: item.changedAt },
    [ATTRIBUTE.schemaVersion]: { N: String(item.schemaVersion) },
    [ATTRIBUTE.fieldsRevision]: { N: String(item.fieldsRevision) },
    ...Object.fromEntries(indexed),
    ...(item.dataJson !== undefined && { [ATTRIBUTE.data]: { S: item.dataJson } }),
    ...(expires && { [ATTRIBUTE.expiresAt]: { N: String(item.expiresAtSeconds) } }),
    ...(stopMarker !== undefined && { [ATTRIBUTE.stopped]: { N: String(stopMarker) } }),
  };
}
