import type { PageOptions } from 'freshet-aws/internal/adapters/aws/list';
import { listedUnder } from 'freshet-aws/internal/adapters/read/cache-table';
import type {
  CachingBoundary,
  FoundItem,
  KnownItem,
  ListOptions,
  Reader,
} from 'freshet-aws/internal/adapters/read/reader';
import type { Readiness } from 'freshet-aws/internal/adapters/read/readiness';
import type { CachedTypes } from 'freshet-aws/internal/core/contract/contract';
import { cachedType } from 'freshet-aws/internal/core/contract/define-boundary';
import type { InputOf, TypeIn } from 'freshet-aws/internal/core/contract/types';
import { checkedState } from 'freshet-aws/internal/core/contract/validate';
import { entityRef, tableKey } from 'freshet-aws/internal/core/entity';
import { indexedValues, keptFields } from 'freshet-aws/internal/core/project/fields';
import { eachOf } from 'freshet-aws/internal/core/read/pages';
import {
  assertFresh,
  assertReached,
  checkedLimit,
  checkFreshness,
  decodeCursor,
  encodeCursor,
  type GetOptions,
  type Page,
  type Staleness,
  type StoredEntity,
  versionOf,
} from 'freshet-aws/internal/core/read/read';
import { canonicalState } from 'freshet-aws/internal/core/state';

/** An entity to put into the cache, of one of the types that the boundary caches. */
export type GivenEntity<Caches extends CachedTypes = CachedTypes> = {
  readonly [T in TypeIn<Caches>]: GivenOf<T, InputOf<Caches[T]['contract']>>;
}[TypeIn<Caches>];

/** An entity of one type. */
export interface GivenOf<Type extends string, Input> {
  /** A type that the boundary caches. */
  readonly type: Type;
  /** The entity's id. */
  readonly id: string;
  /**
   * The whole state, as the owner puts it. The cache keeps the fields that its contract names.
   * Default: none, which means that the entity was deleted.
   */
  readonly state?: Input | undefined;
  /** The version: an integer from 1. Default: 1. */
  readonly version?: number;
  /** When the owner committed the version, in ISO 8601. Default: 2026-01-01T00:00:00.000Z. */
  readonly changedAt?: string;
}

/** The readiness and the staleness that an in-memory cache reports. */
export interface InMemoryReaderOptions {
  /** The progress of the backfill, by entity type. Default: `ready` for every type. */
  readonly readiness?: Readonly<Record<string, Readiness>>;
  /** The staleness of every type, in milliseconds from 0. `Infinity` means that it isn't known. Default: 0. */
  readonly stalenessMs?: number;
}

/** An entity in the cache. */
interface Held {
  readonly id: string;
  readonly version: number;
  readonly changedAt: string;
  /**
   * The kept fields in JSON; undefined for a deletion. They are stored as text, so that callers can't change the cache
   * through a value that they have read.
   */
  readonly dataJson: string | undefined;
  /** The value under which each index lists the entity, by index name. */
  readonly indexed: Readonly<Record<string, string>>;
  readonly position: { readonly partition: number; readonly afterId: string };
}

const CHANGED_AT = '2026-01-01T00:00:00.000Z';
const READY: Readiness = { status: 'ready', readyAt: CHANGED_AT, sent: 0 };

/**
 * Creates an in-memory reader for unit tests of code that reads a cache. It needs no cloud. It behaves like the result
 * of `createReader`: it has the same types and errors, and returns entities in the same order with only the fields that
 * the cache keeps.
 *
 * @param boundary the consumer, whose contracts name the cached types
 * @param given the entities in the cache. If an entity is given more than once, the reader has its highest version.
 * Default: none
 * @throws FreshetError `UnknownEntityType` | `InvalidEntityId` | `InvalidState`: a cache of this boundary can't hold a
 * given entity
 */
export async function inMemoryReader<B extends CachingBoundary>(
  boundary: B,
  given: readonly GivenEntity<B['caches']>[] = [],
  options: InMemoryReaderOptions = {},
): Promise<Reader<B['caches']>> {
  // The cast is safe: every given state is checked by its contract.
  return (await filledReader(boundary, given, options)) as Reader<B['caches']>;
}

async function filledReader(
  boundary: CachingBoundary,
  given: readonly GivenEntity[],
  options: InMemoryReaderOptions,
): Promise<Reader> {
  const types = new Map<string, Map<string, Held>>();
  for (const one of given) {
    const held = await hold(boundary, one);
    const ofType = types.get(one.type) ?? new Map<string, Held>();
    types.set(one.type, ofType);
    if ((ofType.get(one.id)?.version ?? 0) < held.version) ofType.set(one.id, held);
  }
  const all = (type: string): Held[] => {
    cachedType(boundary, type);
    return [...(types.get(type)?.values() ?? [])];
  };
  const get = (type: string, id: string): StoredEntity => {
    const held = types.get(type)?.get(entityRef(type, id).id);
    return held === undefined ? { status: 'unknown', id } : known(held);
  };
  const { stalenessMs = 0 } = options;
  const staleness = (type: string, asked: GetOptions): Staleness => {
    cachedType(boundary, type);
    checkFreshness(asked);
    assertFresh(type, stalenessMs, asked);
    return { stalenessMs };
  };
  const page = <T extends object>(type: string, asked: ListOptions, sorted: readonly Held[], read: Read<T>) => {
    const stale = staleness(type, asked);
    return pageOf(sorted, (held) => withStaleness(read(held), stale), asked);
  };

  const reader: Reader = {
    async get(type, id, asked = {}) {
      const stale = staleness(type, asked);
      const entity = get(type, id);
      assertReached({ type, id }, versionOf(entity), asked);
      return { ...entity, ...stale };
    },
    async getMany(type, ids, { maxStalenessMs } = {}) {
      const stale = staleness(type, { maxStalenessMs });
      return ids.map((id) => ({ ...get(type, id), ...stale }));
    },
    list: async (type, asked = {}) => page(type, asked, all(type).sort(byPosition), found),
    listAll: (type, { pageSize, maxStalenessMs } = {}) =>
      eachOf((cursor) => reader.list(type, { cursor, limit: pageSize, maxStalenessMs })),
    listWithDeleted: async (type, asked = {}) => page(type, asked, all(type).sort(byPosition), known),
    async listBy(type, index, value, asked = {}) {
      const key = listedUnder(boundary, type, index, value);
      // The table is read partition by partition. An index is read as one list over all partitions.
      const listed = all(type).filter(({ indexed }) => key !== undefined && indexed[index] === key);
      const inOneList = listed.map((held) => ({ ...held, position: { partition: 0, afterId: held.id } }));
      return page(type, asked, inOneList.sort(byPosition), found);
    },
    listAllBy: (type, index, value, { pageSize, maxStalenessMs } = {}) =>
      eachOf((cursor) => reader.listBy(type, index, value, { cursor, limit: pageSize, maxStalenessMs })),
    async readiness(type) {
      cachedType(boundary, type);
      return options.readiness?.[type] ?? READY;
    },
    count: async (type) => all(type).filter((held) => found(held) !== undefined).length,
  };
  return reader;
}

/** Turns an entity into an item of a page; undefined leaves the entity out. */
type Read<T> = (held: Held) => T | undefined;

function withStaleness<T extends object>(item: T | undefined, staleness: Staleness): (T & Staleness) | undefined {
  return item && { ...item, ...staleness };
}

async function hold(boundary: CachingBoundary, given: GivenEntity): Promise<Held> {
  const { type, id, version = 1, changedAt = CHANGED_AT } = given;
  const cached = cachedType(boundary, type);
  const entity = entityRef(type, id);
  const { pk } = tableKey(entity);
  const position = { partition: Number(pk.slice(pk.lastIndexOf('#') + 1)), afterId: id };
  const held = { id, version, changedAt, position };
  if (given.state === undefined) return { ...held, dataJson: undefined, indexed: {} };
  const kept = keptFields(await checkedState(cached.contract, entity, given.state), cached);
  return { ...held, dataJson: canonicalState(entity, kept).json, indexed: indexedValues(type, kept, cached) };
}

function known({ id, version, changedAt, dataJson }: Held): KnownItem {
  return dataJson === undefined
    ? { status: 'deleted', id, version, changedAt }
    : { status: 'found', id, version, changedAt, value: JSON.parse(dataJson) };
}

function found(held: Held): FoundItem | undefined {
  const entity = known(held);
  return entity.status === 'found' ? entity : undefined;
}

/** The order in which a cache's table is read: by partition, and within a partition by the UTF-8 bytes of the ids. */
function byPosition({ position: one }: Held, { position: other }: Held): number {
  return one.partition - other.partition || Buffer.compare(Buffer.from(one.afterId), Buffer.from(other.afterId));
}

/**
 * The page after the cursor. `sorted` must be sorted by position. The page leaves out entities for which `read` returns
 * undefined.
 */
function pageOf<T>(sorted: readonly Held[], read: (held: Held) => T | undefined, options: PageOptions): Page<T> {
  const limit = checkedLimit(options.limit);
  const { partition, afterId } = decodeCursor(options.cursor);
  const isAfter = ({ position }: Held): boolean =>
    position.partition > partition ||
    (position.partition === partition &&
      (afterId === undefined || Buffer.compare(Buffer.from(position.afterId), Buffer.from(afterId)) > 0));
  const rest = sorted.filter(isAfter).flatMap((held) => {
    const item = read(held);
    return item === undefined ? [] : [{ item, position: held.position }];
  });
  const page = rest.slice(0, limit);
  const last = rest.length > limit ? page.at(-1) : undefined;
  return { items: page.map(({ item }) => item), cursor: last && encodeCursor(last.position) };
}
