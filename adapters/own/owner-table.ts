import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { type Boundary, checkedState, ownedContract } from '../../core/contract.ts';
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
  /** Commit only if the entity is at this version; 0 means that it must never have existed. Default: any. */
  readonly expectedVersion?: number | undefined;
  /** While a cache lags: how long to wait to be admitted, milliseconds; 0 fails at once. Default 10,000. */
  readonly maxWaitMs?: number | undefined;
  /** Exempt from flow control, for what must not wait, such as a withdrawal. Default false. */
  readonly priority?: boolean | undefined;
  /** Ends a wait to be admitted; the write is then refused. */
  readonly signal?: AbortSignal | undefined;
}

/** The owner's only way to write its entities, and its way to read them. */
export interface Owner {
  /**
   * Commits an entity's full state as its next version, in one conditional write. An equal state is `unchanged`: nothing is
   * written and the version stays.
   * @throws FreshetError `UnknownEntityType` | `InvalidEntityId` | `InvalidState` | `StateTooLarge` | `InvalidExpectedVersion` |
   * `InvalidMaxWait` | `VersionConflict`, all before anything is written
   * @throws BackpressureError when a cache lags and the write wasn't admitted within `maxWaitMs`; nothing was written
   */
  put(type: string, id: string, state: unknown, options?: CommitOptions): Promise<CommitResult>;
  /** Commits a deletion as the entity's next version. The counter stays, so a later put goes on counting. Errors as for `put`. */
  delete(type: string, id: string, options?: CommitOptions): Promise<CommitResult>;
  /** The entity as it is now, deleted ones included; undefined when it never existed. */
  get(type: string, id: string): Promise<OwnedEntity | undefined>;
  /** A page of a type's entities, deleted ones included, in a stable order that isn't sorted. */
  list(type: string, options?: PageOptions): Promise<Page<OwnedEntity>>;
  /** How many entities of a type there are, deleted ones included. Reads them all: for operators, not for a request's path. */
  count(type: string): Promise<number>;
  /**
   * Has the entity's current version published once more, as a whole and in the stream's order. The version stays.
   * @param token unique to the request; ASCII without spaces, at most 22 characters
   */
  resync(type: string, id: string, token: string): Promise<'requested' | 'unknown'>;
  /**
   * After a restore from backup: raises an entity's version into the boundary's epoch and so has it published. `unchanged` if it is there
   * already, or was changed meanwhile, which raises it too.
   */
  lift(owned: OwnedEntity): Promise<'lifted' | 'unchanged'>;
  /**
   * Commits the deletion of an entity that the table has lost, above the version that a cache still holds. `known` if the table has it:
   * then nothing is written.
   */
  bury(type: string, id: string, cachedVersion: number): Promise<'buried' | 'known'>;
  /** Commits a type's heartbeat. Never limited by flow control. */
  beat(type: string): Promise<void>;
}

/**
 * Opens an owner's table.
 *
 * @param options.now epoch milliseconds; stamps `changedAt`
 * @param options.traceparent the trace that a commit belongs to; default: the running Lambda invocation's
 * @param options.flow what puts and deletes obey, see `createFlow`; default: they are never slowed
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

  /** What users may write. */
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
      // Of the first schema version whatever the type's is: a cache that doesn't know the newest yet is alive all the same.
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
