import {
  BatchGetItemCommand,
  type BatchGetItemCommandOutput,
  type DynamoDBClient,
  GetItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type Boundary, cachedType } from '../../core/contract.ts';
import { entityRef } from '../../core/entity.ts';
import { FreshetError, quoted } from '../../core/errors.ts';
import { indexValue } from '../../core/project/fields.ts';
import {
  assertFresh,
  assertReached,
  type CachedEntity,
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
import { ATTRIBUTE, type Item, isPlaceholder, itemEntity, keyItem, readStamp } from '../aws/items.ts';
import { countType, listIndex, listType, type PageOptions } from '../aws/list.ts';
import { type Readiness, readReadiness } from './readiness.ts';
import { createCompletenessReader } from './staleness.ts';

/** Keys a BatchGetItem call takes (ddb/Constraints, 2026-11-23). */
const MAX_BATCH_GET_KEYS = 100;

/** Rounds that a batch read asks for what throttling left out before it gives up. */
const MAX_BATCH_GET_ROUNDS = 8;

/**
 * A service's view of its local cache: it never calls the owner, and it can't write. Each answer says how stale it may be, and is refused
 * where its reader takes none that stale: @throws FreshetError `TooStale` | `InvalidMaxStaleness`
 */
export interface Reader {
  /** One entity: `found`, `deleted` or `unknown`. @throws FreshetError `UnknownEntityType` | `InvalidEntityId` | `VersionNotReached` | `InvalidVersion` */
  get(type: string, id: string, options?: GetOptions): Promise<CachedEntity>;
  /** Many entities of a type, any number, in the order asked for. @throws FreshetError `UnknownEntityType` | `InvalidEntityId` */
  getMany(type: string, ids: readonly string[], options?: FreshnessOptions): Promise<readonly CachedEntity[]>;
  /** A page of a type's entities without the deleted ones, in a stable order that isn't sorted. @throws FreshetError `InvalidCursor` | `InvalidLimit` */
  list(type: string, options?: ListOptions): Promise<Page<FoundEntity>>;
  /** Like `list`, with the deleted entities that the cache still remembers. For export and comparison. */
  listWithDeleted(type: string, options?: ListOptions): Promise<Page<KnownEntity>>;
  /** A page of the entities whose indexed field has this value, sorted by id. @throws FreshetError `UnknownIndex` | `InvalidCursor` | `InvalidLimit` */
  listBy(type: string, index: string, value: Json, options?: ListOptions): Promise<Page<FoundEntity>>;
  /** How far the cache was filled with what its owner had before: until it is `ready`, `unknown` may only mean not yet. */
  readiness(type: string): Promise<Readiness>;
  /** How many entities of a type are cached, deleted ones not counted. Reads them all: for operators, not for a request's path. */
  count(type: string): Promise<number>;
}

/** How a list is paged, and how stale it may be. */
export interface ListOptions extends PageOptions, FreshnessOptions {}

/** An entity that a version has arrived of. */
export type KnownEntity = KnownItem & Staleness;

/** An entity that a cache holds a state of. */
export type FoundEntity = FoundItem & Staleness;

/** They without how stale they may be, which isn't in the entity's item. */
export type KnownItem = Exclude<StoredEntity, { status: 'unknown' }>;
export type FoundItem = Extract<StoredEntity, { status: 'found' }>;

/** A cache's table. */
export interface CacheTable {
  readonly tableName: string;
  readonly client: DynamoDBClient;
}

/**
 * Opens a cache for reading. Keep the reader: it remembers for a second how stale the cache may be, so a read costs no request more for that.
 *
 * @param options.now epoch milliseconds; default the system's clock
 */
export function createReader(
  options: CacheTable & { readonly boundary: Boundary; readonly now?: () => number },
): Reader {
  const { boundary, tableName, client, now = Date.now } = options;
  const table = { client, tableName };
  const completeUntil = createCompletenessReader(table, now);

  /** What `read` finds and how stale it may be, asked side by side; refused where that is too stale. */
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

  return {
    async get(type, id, asked = {}) {
      const read = (isConsistent: boolean) => getItem(table, type, id, isConsistent);
      const [found, staleness] = await fresh(type, asked, () => read(false));
      if (versionOf(found) >= (asked.atLeastVersion ?? 0)) return { ...found, ...staleness };
      // An answer that isn't consistent may be older than what is there: that alone is no reason to refuse it.
      const newest = await read(true);
      assertReached({ type, id }, versionOf(newest), asked);
      return { ...newest, ...staleness };
    },
    async getMany(type, ids, { maxStalenessMs } = {}) {
      const unique = [...new Set(ids)];
      const [items, staleness] = await fresh(type, { maxStalenessMs }, () => batchGet(table, type, unique));
      return ids.map((id) => ({ ...cachedEntity(id, items.get(id)), ...staleness }));
    },
    list: (type, asked = {}) => page(type, asked, () => listType(table, type, foundEntity, asked)),
    listWithDeleted: (type, asked = {}) => page(type, asked, () => listType(table, type, knownEntity, asked)),
    async listBy(type, index, value, asked = {}) {
      const key = listedUnder(boundary, type, index, value);
      const nothing = { items: [], cursor: undefined };
      return page(type, asked, async () =>
        key === undefined ? nothing : listIndex(table, index, key, foundEntity, asked),
      );
    },
    async readiness(type) {
      cachedType(boundary, type);
      return readReadiness(table, type);
    },
    async count(type) {
      cachedType(boundary, type);
      return countType(table, type, ATTRIBUTE.data);
    },
  };
}

async function getItem({ client, tableName }: CacheTable, type: string, id: string, ConsistentRead: boolean) {
  const Key = keyItem(entityRef(type, id));
  const { Item } = await client.send(new GetItemCommand({ TableName: tableName, Key, ConsistentRead }));
  return cachedEntity(id, Item);
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

function cachedEntity(id: string, item: Item | undefined): StoredEntity {
  return (item && knownEntity(item)) ?? { status: 'unknown', id };
}

function knownEntity(item: Item): KnownItem | undefined {
  if (isPlaceholder(item)) return undefined;
  const { id } = itemEntity(item);
  const { version, changedAt } = readStamp(item);
  const json = item[ATTRIBUTE.data]?.S;
  if (json === undefined) return { status: 'deleted', id, version, changedAt };
  return { status: 'found', id, version, changedAt, value: JSON.parse(json) as State };
}

function foundEntity(item: Item): FoundItem | undefined {
  const entity = knownEntity(item);
  return entity?.status === 'found' ? entity : undefined;
}
