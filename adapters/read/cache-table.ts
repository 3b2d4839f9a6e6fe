import { BatchGetItemCommand, type BatchGetItemCommandOutput, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { cachedType } from '../../core/contract/define-boundary.ts';
import { entityRef } from '../../core/entity.ts';
import { FreshetError, quoted } from '../../core/errors.ts';
import { indexValue } from '../../core/project/fields.ts';
import { eachOf } from '../../core/read/pages.ts';
import {
  assertFresh,
  assertReached,
  checkFreshness,
  type FreshnessOptions,
  type GetOptions,
  type Page,
  type Staleness,
  type StoredEntity,
  versionOf,
} from '../../core/read/read.ts';
import { stalenessMs } from '../../core/read/staleness.ts';
import type { Json, State } from '../../core/state.ts';
import { ATTRIBUTE, heldJson, type Item, isPlaceholder, itemEntity, keyItem, readStamp } from '../aws/items.ts';
import { countType, listIndex, listType } from '../aws/list.ts';
import type { CachingBoundary, FoundItem, KnownItem, Reader } from './reader.ts';
import { readReadiness } from './readiness.ts';
import { createCompletenessReader } from './staleness.ts';
import type { CacheTable } from './table.ts';

/** Maximum number of keys in a BatchGetItem call (ddb/Constraints, 2026-11-23). */
const MAX_BATCH_GET_KEYS = 100;

/**
 * Maximum number of rounds in which a batch read requests keys that throttling left out, and the wait after the first
 * round.
 */
const MAX_BATCH_GET_ROUNDS = 8;
const FIRST_WAIT_MS = 25;

/**
 * Opens a cache for reading. Create the reader once per process and reuse it: it reads the staleness at most once a
 * second.
 *
 * @param options.boundary the boundary that caches the types, made by `defineBoundary`. The reader knows its types. It
 *   doesn't run their schemas
 * @param options.tableName name of the cache's table
 * @param options.client a DynamoDB client, see `dynamoDbClient`
 * @param options.now returns the current time, epoch milliseconds; default: the system clock
 */
export function createReader<B extends CachingBoundary>(
  options: CacheTable & { readonly boundary: B; readonly now?: () => number },
): Reader<B['caches']> {
  // The cast is safe: the projector stores only states that meet the contract, with the fields that the cache keeps.
  return openReader(options) as Reader<B['caches']>;
}

function openReader(options: CacheTable & { readonly boundary: CachingBoundary; readonly now?: () => number }): Reader {
  const { boundary, tableName, client, now = Date.now } = options;
  const table = { client, tableName };
  const completeUntil = createCompletenessReader(table, now);

  /** Returns the result of `read` with its staleness, or refuses it if it is too stale. Both are read concurrently. */
  async function fresh<T>(type: string, asked: GetOptions, read: () => Promise<T>): Promise<[T, Staleness]> {
    cachedType(boundary, type);
    checkFreshness(asked);
    const [found, until] = await Promise.all([read(), completeUntil()]);
    const staleness = { stalenessMs: stalenessMs(until, type, now()) };
    assertFresh(type, staleness.stalenessMs, asked);
    return [found, staleness];
  }

  async function page<T extends object>(type: string, asked: FreshnessOptions, read: () => Promise<Page<T>>) {
    const [{ items, cursor }, staleness] = await fresh(type, asked, read);
    return { items: items.map((item) => ({ ...item, ...staleness })), cursor };
  }

  const reader: Reader = {
    async get(type, id, asked = {}) {
      const read = (isConsistent: boolean) => getItem(table, type, id, isConsistent);
      const [found, staleness] = await fresh(type, asked, () => read(false));
      if (versionOf(found) >= (asked.atLeastVersion ?? 0)) return { ...found, ...staleness };
      // The eventually consistent read may return an older version than the table has, so a consistent read decides.
      const newest = await read(true);
      assertReached({ type, id }, versionOf(newest), asked);
      return { ...newest, ...staleness };
    },
    async getMany(type, ids, { maxStalenessMs } = {}) {
      const unique = [...new Set(ids)];
      const [items, staleness] = await fresh(type, { maxStalenessMs }, () => batchGet(table, type, unique));
      return ids.map((id) => ({ ...cachedEntity(id, items.get(id)), ...staleness }));
    },
    list: (type, asked = {}) => page(type, asked, () => listType(table, type, foundEntity, { ...asked, fills: true })),
    listAll: (type, { pageSize, maxStalenessMs } = {}) =>
      eachOf((cursor) => reader.list(type, { cursor, limit: pageSize, maxStalenessMs })),
    listWithDeleted: (type, asked = {}) => page(type, asked, () => listType(table, type, knownEntity, asked)),
    async listBy(type, index, value, asked = {}) {
      const key = listedUnder(boundary, type, index, value);
      const nothing = { items: [], cursor: undefined };
      return page(type, asked, async () =>
        key === undefined ? nothing : listIndex(table, index, key, foundEntity, asked),
      );
    },
    listAllBy: (type, index, value, { pageSize, maxStalenessMs } = {}) =>
      eachOf((cursor) => reader.listBy(type, index, value, { cursor, limit: pageSize, maxStalenessMs })),
    async readiness(type) {
      return readReadiness(table, type, cachedType(boundary, type));
    },
    async count(type) {
      cachedType(boundary, type);
      return countType(table, type, ATTRIBUTE.data);
    },
  };
  return reader;
}

async function getItem({ client, tableName }: CacheTable, type: string, id: string, ConsistentRead: boolean) {
  const Key = keyItem(entityRef(type, id));
  const { Item } = await client.send(new GetItemCommand({ TableName: tableName, Key, ConsistentRead }));
  return cachedEntity(id, Item);
}

/**
 * Returns the key of a value in a cache's index; undefined if the value has no key. Throws `UnknownEntityType` |
 * `UnknownIndex`.
 */
export function listedUnder(boundary: CachingBoundary, type: string, index: string, value: Json): string | undefined {
  const { indexes } = cachedType(boundary, type);
  if (Object.hasOwn(indexes, index)) return indexValue(type, value);
  throw new FreshetError(
    `index: cache ${boundary.name} has no index ${quoted(index)} for ${type}. ` +
      `Declared: ${Object.keys(indexes).join(', ') || 'none'}. Declare the index in \`keep\`.`,
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
        if (round === MAX_BATCH_GET_ROUNDS) {
          throw new Error(
            `table ${tableName} didn't return ${keys.length} keys in ${round} rounds because of throttling`,
          );
        }
        const answer: BatchGetItemCommandOutput = await client.send(
          new BatchGetItemCommand({ RequestItems: { [tableName]: { Keys: keys } } }),
        );
        for (const item of answer.Responses?.[tableName] ?? []) items.set(itemEntity(item).id, item);
        keys = answer.UnprocessedKeys?.[tableName]?.Keys;
        if (keys !== undefined) await new Promise((resolve) => setTimeout(resolve, FIRST_WAIT_MS * 2 ** round));
      }
    }),
  );
  return items;
}

function cachedEntity(id: string, item: Item | undefined): StoredEntity {
  return (item && knownEntity(item)) ?? { status: 'unknown', id };
}

function knownEntity(item: Item): KnownItem | undefined {
  if (isPlaceholder(item)) return undefined;
  const { id } = itemEntity(item);
  const { version, changedAt } = readStamp(item);
  const { json } = heldJson(item, 'data');
  if (json === undefined) return { status: 'deleted', id, version, changedAt };
  return { status: 'found', id, version, changedAt, value: JSON.parse(json) as State };
}

function foundEntity(item: Item): FoundItem | undefined {
  const entity = knownEntity(item);
  return entity?.status === 'found' ? entity : undefined;
}
