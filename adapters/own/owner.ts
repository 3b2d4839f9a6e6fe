import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Boundary, OwnedTypes } from '../../core/contract/contract.ts';
import type { Given, StateOf, TypeIn } from '../../core/contract/types.ts';
import type { CommitResult, EntityWithState, OwnedEntity } from '../../core/own/own.ts';
import type { Page } from '../../core/read/read.ts';
import type { IterateOptions, PageOptions } from '../aws/list.ts';
import type { Flow } from '../govern/flow.ts';

/** Options of a put or a delete. */
export interface CommitOptions {
  /**
   * Commit only if the entity is at this version: an integer from 0, where 0 means that it must never have existed.
   * Default: any version.
   */
  readonly expectedVersion?: number | undefined;
  /**
   * Maximum wait for admission while a cache lags, in milliseconds from 0. With 0 a write that isn't admitted fails at
   * once. Default 10,000.
   */
  readonly maxWaitMs?: number | undefined;
  /**
   * Whether the write bypasses flow control. Use it for writes that must not wait, such as a withdrawal. Default false.
   */
  readonly priority?: boolean | undefined;
  /** Aborts the wait for admission; the write is then refused. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes and reads the entities of an owner. All writes to the owner's table must use this interface. See
 * `createOwner`.
 *
 * `Owns` are the types that the boundary owns: `Owner<typeof geography.owns>`. Types that the boundary doesn't declare
 * then don't compile, and a state has its type. Default: types that are only known at run time.
 */
export interface Owner<Owns extends OwnedTypes = OwnedTypes> {
  /**
   * Commits an entity's full state as its next version, in one conditional write. If the entity already has this state,
   * the result is `unchanged`, nothing is written and the version stays.
   *
   * @param type an entity type that the boundary owns
   * @param id 1 to 1,024 bytes of well-formed UTF-8 text in any script
   * @param state the full state: a JSON object that meets the type's schema. A value of type `unknown` compiles as well
   * @throws FreshetError `UnknownEntityType` | `Adopted` if the type's entities are copied from an existing table |
   *   `InvalidEntityId` | `InvalidState` | `StateTooLarge` | `InvalidExpectedVersion` | `InvalidMaxWait` |
   *   `VersionConflict` | `VersionsExhausted`; nothing was written
   * @throws BackpressureError if a cache lags and the write wasn't admitted within `maxWaitMs`; nothing was written
   */
  put<T extends TypeIn<Owns>, Passed>(
    type: T,
    id: string,
    state: Given<Owns[T], Passed>,
    options?: CommitOptions,
  ): Promise<CommitResult>;
  /**
   * Commits a deletion as the entity's next version. The version counter stays, so a later put gets the version after
   * the deletion. Deleting a deleted entity is `unchanged`; deleting an entity that never existed is `unknown`. Throws
   * the errors of `put`.
   */
  delete(type: TypeIn<Owns>, id: string, options?: CommitOptions): Promise<CommitResult>;
  /**
   * Returns the entity, also if it is deleted, with a consistent read; undefined if it never existed. Throws
   * `UnknownEntityType` | `InvalidEntityId`.
   */
  get<T extends TypeIn<Owns>>(type: T, id: string): Promise<EntityWithState<StateOf<Owns[T]>> | undefined>;
  /**
   * Returns a page of a type's entities, deleted ones included. The order is stable but not sorted. Throws
   * `UnknownEntityType` | `InvalidCursor` | `InvalidLimit`.
   */
  list<T extends TypeIn<Owns>>(type: T, options?: PageOptions): Promise<Page<EntityWithState<StateOf<Owns[T]>>>>;
  /**
   * Iterates over all entities that `list` returns: `for await (const country of owner.listAll('Country'))`. An entity
   * that existed before the iteration is returned once. Throws `UnknownEntityType` | `InvalidLimit`.
   */
  listAll<T extends TypeIn<Owns>>(
    type: T,
    options?: IterateOptions,
  ): AsyncIterableIterator<EntityWithState<StateOf<Owns[T]>>>;
  /**
   * Counts the entities of a type, deleted ones included. It reads all items, so use it for operations and not in
   * requests.
   */
  count(type: TypeIn<Owns>): Promise<number>;
  /**
   * Requests a second publication of the entity's current version, as a whole and in stream order. The version stays.
   * Returns `unknown` if the entity never existed.
   *
   * @param token unique to the request: 1 to 22 printable ASCII characters without spaces
   */
  resync(type: TypeIn<Owns>, id: string, token: string): Promise<'requested' | 'unknown'>;
  /**
   * Raises an entity's version into the boundary's epoch after a restore from backup, which also publishes the entity.
   * Returns `unchanged` if the version is already in the epoch, or if a concurrent change raised it.
   */
  lift(owned: OwnedEntity): Promise<'lifted' | 'unchanged'>;
  /**
   * Commits the deletion of an entity that the table has lost, with a version above the one that a cache still has.
   * Returns `known` if the table has the entity; then nothing is written. Throws `Adopted` for an adopted type, whose
   * deletions a survey of the existing table finds.
   */
  bury(type: TypeIn<Owns>, id: string, cachedVersion: number): Promise<'buried' | 'known'>;
  /**
   * Commits the heartbeat of a type. Flow control doesn't apply to it.
   *
   * @param untilMs the time that the heartbeat vouches for, epoch milliseconds; default: now
   */
  beat(type: TypeIn<Owns>, untilMs?: number): Promise<void>;
}

/** A boundary's name, epoch and the types that it owns. */
export type OwningBoundary = Pick<Boundary, 'name' | 'owns' | 'epoch'>;

/** What an owner's table is opened with, see `createOwner`. */
export interface OwnerOptions<B extends OwningBoundary = OwningBoundary> {
  /** The boundary that owns the types, made by `defineBoundary`. */
  readonly boundary: B;
  /** Name of the owner's table. */
  readonly tableName: string;
  /** A DynamoDB client, see `dynamoDbClient`. */
  readonly client: DynamoDBClient;
  /** Returns the current time, epoch milliseconds, for `changedAt`. Default: the system clock. */
  readonly now?: () => number;
  /** Returns the trace of a commit. Default: the trace of the current Lambda invocation. */
  readonly traceparent?: () => string | undefined;
  /** Flow control for puts and deletes, see `createFlow`. Default: writes are never slowed. */
  readonly flow?: Flow | undefined;
}
