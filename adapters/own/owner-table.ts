import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { Boundary } from '../../core/contract/contract.ts';
import { ownedContract } from '../../core/contract/define-boundary.ts';
import { checkedState } from '../../core/contract/validate.ts';
import { assertNotHeartbeat, type EntityRef, entityRef, HEARTBEAT_ID, liftedVersion } from '../../core/entity.ts';
import { assertExpectedVersion, type CommitResult, nextVersion, type OwnedEntity } from '../../core/own/own.ts';
import type { Page } from '../../core/read/read.ts';
import { canonicalState, TOMBSTONE_DIGEST } from '../../core/state.ts';
import { ATTRIBUTE, keyItem, ownedEntity } from '../aws/items.ts';
import { countType, listType, type PageOptions } from '../aws/list.ts';
import { currentTraceparent } from '../aws/trace.ts';
import type { Flow } from '../govern/flow.ts';
import { type Content, createOwnerWrites, existing } from './owner-writes.ts';

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
 */
export interface Owner {
  /**
   * Commits an entity's full state as its next version, in one conditional write. If the entity already has this state,
   * the result is `unchanged`, nothing is written and the version stays.
   *
   * @param type an entity type that the boundary owns
   * @param id 1 to 1,024 bytes of well-formed UTF-8 text in any script
   * @param state the full state: a JSON object that meets the type's schema
   * @throws FreshetError `UnknownEntityType` | `InvalidEntityId` | `InvalidState` | `StateTooLarge` |
   *   `InvalidExpectedVersion` | `InvalidMaxWait` | `VersionConflict` | `VersionsExhausted`; nothing was written
   * @throws BackpressureError if a cache lags and the write wasn't admitted within `maxWaitMs`; nothing was written
   */
  put(type: string, id: string, state: unknown, options?: CommitOptions): Promise<CommitResult>;
  /**
   * Commits a deletion as the entity's next version. The version counter stays, so a later put gets the version after
   * the deletion. Deleting a deleted entity is `unchanged`; deleting an entity that never existed is `unknown`. Throws
   * the errors of `put`.
   */
  delete(type: string, id: string, options?: CommitOptions): Promise<CommitResult>;
  /**
   * Returns the entity, also if it is deleted, with a consistent read; undefined if it never existed. Throws
   * `UnknownEntityType` | `InvalidEntityId`.
   */
  get(type: string, id: string): Promise<OwnedEntity | undefined>;
  /**
   * Returns a page of a type's entities, deleted ones included. The order is stable but not sorted. Throws
   * `UnknownEntityType` | `InvalidCursor` | `InvalidLimit`.
   */
  list(type: string, options?: PageOptions): Promise<Page<OwnedEntity>>;
  /**
   * Counts the entities of a type, deleted ones included. It reads all items, so use it for operations and not in
   * requests.
   */
  count(type: string): Promise<number>;
  /**
   * Requests a second publication of the entity's current version, as a whole and in stream order. The version stays.
   * Returns `unknown` if the entity never existed.
   *
   * @param token unique to the request: 1 to 22 printable ASCII characters without spaces
   */
  resync(type: string, id: string, token: string): Promise<'requested' | 'unknown'>;
  /**
   * Raises an entity's version into the boundary's epoch after a restore from backup, which also publishes the entity.
   * Returns `unchanged` if the version is already in the epoch, or if a concurrent change raised it.
   */
  lift(owned: OwnedEntity): Promise<'lifted' | 'unchanged'>;
  /**
   * Commits the deletion of an entity that the table has lost, with a version above the one that a cache still has.
   * Returns `known` if the table has the entity; then nothing is written.
   */
  bury(type: string, id: string, cachedVersion: number): Promise<'buried' | 'known'>;
  /** Commits the heartbeat of a type. Flow control doesn't apply to it. */
  beat(type: string): Promise<void>;
}

/**
 * Opens an owner's table.
 *
 * @param options.boundary the boundary that owns the types, made by `defineBoundary`
 * @param options.tableName name of the owner's table
 * @param options.client a DynamoDB client, see `dynamoDbClient`
 * @param options.now returns the current time, epoch milliseconds, for `changedAt`; default: the system clock
 * @param options.traceparent returns the trace of a commit; default: the trace of the current Lambda invocation
 * @param options.flow flow control for puts and deletes, see `createFlow`; default: writes are never slowed
 */
export function createOwner(options: {
  readonly boundary: Boundary;
  readonly tableName: string;
  readonly client: DynamoDBClient;
  readonly now?: () => number;
  readonly traceparent?: () => string | undefined;
  readonly flow?: Flow | undefined;
}): Owner {
  const { boundary, tableName, client, now = Date.now, traceparent = currentTraceparent, flow } = options;
  const { epoch } = boundary;

  const owned = (type: string, id: string): EntityRef => {
    ownedContract(boundary, type);
    return entityRef(type, id);
  };

  /** Returns an entity that users may write. */
  const writable = (type: string, id: string): EntityRef => {
    const entity = owned(type, id);
    assertNotHeartbeat(entity);
    return entity;
  };

  const deletionOf = (type: string): Content => {
    const { schemaVersion } = ownedContract(boundary, type);
    return { digest: TOMBSTONE_DIGEST, stateJson: undefined, schemaVersion };
  };

  const admitted = async (entity: EntityRef, { priority, maxWaitMs, signal }: CommitOptions = {}): Promise<void> => {
    if (flow !== undefined && priority !== true) await flow.enter(entity, { maxWaitMs, signal });
  };

  const { update, commit, create } = createOwnerWrites({ client, tableName, epoch, now, traceparent });

  return {
    async put(type, id, state, commitOptions) {
      const entity = writable(type, id);
      const checked = await checkedState(ownedContract(boundary, type), entity, state);
      const { json, digest } = canonicalState(entity, checked);
      assertExpectedVersion(commitOptions?.expectedVersion);
      await admitted(entity, commitOptions);
      const { schemaVersion } = ownedContract(boundary, type);
      return commit(entity, { digest, stateJson: json, schemaVersion }, commitOptions?.expectedVersion);
    },
    async delete(type, id, commitOptions) {
      const entity = writable(type, id);
      assertExpectedVersion(commitOptions?.expectedVersion);
      await admitted(entity, commitOptions);
      return commit(entity, deletionOf(type), commitOptions?.expectedVersion);
    },
    async beat(type) {
      const entity = owned(type, HEARTBEAT_ID);
      const { json, digest } = canonicalState(entity, { at: new Date(now()).toISOString() });
      // Always schema version 1, so that a cache that doesn't know the type's newest schema version yet accepts
      // heartbeats.
      await commit(entity, { digest, stateJson: json, schemaVersion: 1 });
    },
    async get(type, id) {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: tableName, Key: keyItem(owned(type, id)), ConsistentRead: true }),
      );
      return existing(Item);
    },
    async list(type, pageOptions = {}) {
      ownedContract(boundary, type);
      return listType({ client, tableName }, type, ownedEntity, pageOptions);
    },
    async count(type) {
      ownedContract(boundary, type);
      return countType({ client, tableName }, type, ATTRIBUTE.version);
    },
    async resync(type, id, token) {
      const { taken } = await update(owned(type, id), {
        UpdateExpression: 'SET #resync = :token',
        ConditionExpression: 'attribute_exists(#version)',
        ExpressionAttributeNames: { '#resync': ATTRIBUTE.resync, '#version': ATTRIBUTE.version },
        ExpressionAttributeValues: { ':token': { S: token } },
      });
      return taken ? 'requested' : 'unknown';
    },
    async lift({ entity, version }) {
      const lifted = liftedVersion(version, epoch);
      if (lifted === version) return 'unchanged';
      const { taken } = await update(owned(entity.type, entity.id), {
        UpdateExpression: 'SET #version = :lifted',
        ConditionExpression: '#version = :version',
        ExpressionAttributeNames: { '#version': ATTRIBUTE.version },
        ExpressionAttributeValues: { ':version': { N: String(version) }, ':lifted': { N: String(lifted) } },
      });
      return taken ? 'lifted' : 'unchanged';
    },
    async bury(type, id, cachedVersion) {
      const entity = owned(type, id);
      const taken = await create(entity, deletionOf(type), nextVersion(cachedVersion, epoch));
      return taken ? 'buried' : 'known';
    },
  };
}
