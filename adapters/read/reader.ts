import type { Boundary, CachedTypes } from '../../core/contract/contract.ts';
import type { IndexedValue, IndexOf, TypeIn, ValueOf } from '../../core/contract/types.ts';
import type {
  CachedEntity,
  FreshnessOptions,
  GetOptions,
  Page,
  Staleness,
  StoredEntity,
} from '../../core/read/read.ts';
import type { State } from '../../core/state.ts';
import type { IterateOptions, PageOptions } from '../aws/list.ts';
import type { Readiness } from './readiness.ts';

/**
 * Reads a service's local cache. It never calls the owner and never writes. Every answer has a staleness. All methods
 * with `maxStalenessMs` throw a FreshetError `TooStale` if the staleness is above that limit, and `InvalidMaxStaleness`
 * if the limit isn't a number from 0. All methods throw `UnknownEntityType` for a type that the boundary doesn't cache.
 * See `createReader`.
 *
 * `Caches` are the types that the boundary caches: `Reader<typeof ordering.caches>`. Types and indexes that the
 * boundary doesn't declare then don't compile, and a value has the type of the kept fields. Default: types that are
 * only known at run time.
 */
export interface Reader<Caches extends CachedTypes = CachedTypes> {
  /**
   * Returns one entity, which is `found`, `deleted` or `unknown`.
   *
   * @param id 1 to 1,024 bytes of well-formed UTF-8 text in any script
   * @throws FreshetError `InvalidEntityId` | `InvalidVersion` · `VersionNotReached` if the cache's version is below
   *   `atLeastVersion`
   */
  get<T extends TypeIn<Caches>>(type: T, id: string, options?: GetOptions): Promise<CachedEntity<ValueOf<Caches[T]>>>;
  /**
   * Returns any number of entities of a type, one for each id and in the order of the ids.
   *
   * @throws FreshetError `InvalidEntityId`
   */
  getMany<T extends TypeIn<Caches>>(
    type: T,
    ids: readonly string[],
    options?: FreshnessOptions,
  ): Promise<readonly CachedEntity<ValueOf<Caches[T]>>[]>;
  /**
   * Returns a page of a type's entities without deleted ones. The order is stable but not sorted.
   *
   * @throws FreshetError `InvalidCursor` | `InvalidLimit`
   */
  list<T extends TypeIn<Caches>>(type: T, options?: ListOptions): Promise<Page<FoundEntity<ValueOf<Caches[T]>>>>;
  /**
   * Iterates over all entities that `list` returns: `for await (const country of reader.listAll('Country'))`. An entity
   * that is in the cache all the while is returned once. `maxStalenessMs` applies to each page, so the iteration may
   * throw `TooStale` after some entities.
   *
   * @throws FreshetError `InvalidLimit` if `pageSize` isn't an integer from 1 to 1,000
   */
  listAll<T extends TypeIn<Caches>>(
    type: T,
    options?: ListAllOptions,
  ): AsyncIterableIterator<FoundEntity<ValueOf<Caches[T]>>>;
  /** Like `list`, but with the deleted entities that the cache still has as tombstones. For export and comparison. */
  listWithDeleted<T extends TypeIn<Caches>>(
    type: T,
    options?: ListOptions,
  ): Promise<Page<KnownEntity<ValueOf<Caches[T]>>>>;
  /**
   * Returns a page of the entities whose indexed field has a value, sorted by id.
   *
   * @param index name of an index that `keep` declares for the type
   * @param value the field's value: a text, number or boolean. No entity is listed under another value
   * @throws FreshetError `UnknownIndex` | `InvalidCursor` | `InvalidLimit`
   */
  listBy<T extends TypeIn<Caches>, Index extends IndexOf<Caches[T]>>(
    type: T,
    index: Index,
    value: IndexedValue<Caches[T], Index>,
    options?: ListOptions,
  ): Promise<Page<FoundEntity<ValueOf<Caches[T]>>>>;
  /** Iterates over all entities that `listBy` returns. See `listAll`. Throws `UnknownIndex` | `InvalidLimit`. */
  listAllBy<T extends TypeIn<Caches>, Index extends IndexOf<Caches[T]>>(
    type: T,
    index: Index,
    value: IndexedValue<Caches[T], Index>,
    options?: ListAllOptions,
  ): AsyncIterableIterator<FoundEntity<ValueOf<Caches[T]>>>;
  /**
   * Returns the progress of the type's backfill. Until it is `ready`, an entity that exists at the owner may be
   * `unknown` in the cache.
   */
  readiness(type: TypeIn<Caches>): Promise<Readiness>;
  /**
   * Counts the entities of a type in the cache without deleted ones. It reads all items, so use it for operations and
   * not in requests.
   */
  count(type: TypeIn<Caches>): Promise<number>;
}

/** Selects a page of a list, and limits its staleness. */
export interface ListOptions extends PageOptions, FreshnessOptions {}

/** Options of an iteration over a list, with a limit on the staleness of each page. */
export interface ListAllOptions extends IterateOptions, FreshnessOptions {}

/** An entity that the cache has a state or a tombstone of. */
export type KnownEntity<Value = State> = KnownItem<Value> & Staleness;

/** An entity that the cache has a state of. */
export type FoundEntity<Value = State> = FoundItem<Value> & Staleness;

/** `KnownEntity` and `FoundEntity` without the staleness, which isn't stored in the entity's item. */
export type KnownItem<Value = State> = Exclude<StoredEntity<Value>, { status: 'unknown' }>;
export type FoundItem<Value = State> = Extract<StoredEntity<Value>, { status: 'found' }>;

/** A boundary's name and the types that it caches. */
export type CachingBoundary = Pick<Boundary, 'name' | 'caches'>;
