import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { type Boundary, checkedState, ownedContract } from '../core/contract.ts';
import {
  assertNotHeartbeat,
  type EntityRef,
  EPOCH_SIZE,
  entityRef,
  HEARTBEAT_ID,
  liftedVersion,
  MAX_VERSION,
} from '../core/entity.ts';
import {
  assertExpectedVersion,
  type CommitResult,
  committed,
  nextVersion,
  notCommitted,
  type OwnedEntity,
} from '../core/own.ts';
import type { Page } from '../core/read.ts';
import { canonicalState, TOMBSTONE_DIGEST } from '../core/state.ts';
import type { Flow } from './flow.ts';
import { ATTRIBUTE, type Item, keyItem, ownedEntity } from './items.ts';
import { countType, listType, type PageOptions } from './list.ts';
import { currentTraceparent } from './trace.ts';

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

  const admitted = async (entity: EntityRef, { priority, maxWaitMs, signal }: CommitOptions = {}): Promise<void> => {
    if (flow !== undefined && priority !== true) await flow.enter(entity, { maxWaitMs, signal });
  };

  const update = async (entity: EntityRef, expressions: Expressions) => {
    try {
      const { Attributes } = await client.send(
        new UpdateItemCommand({
          TableName: tableName,
          Key: keyItem(entity),
          ...expressions,
          ReturnValues: 'ALL_OLD',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return { taken: true, before: existing(Attributes) };
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return { taken: false, before: existing(error.Item) };
      throw error;
    }
  };

  const commit = async (
    entity: EntityRef,
    digest: string,
    stateJson: string | undefined,
    expectedVersion?: number,
    schemaVersion: number = ownedContract(boundary, entity.type).schemaVersion,
  ): Promise<CommitResult> => {
    const changedAt = new Date(now()).toISOString();
    const change = { digest, stateJson, changedAt, schemaVersion, epoch, traceparent: traceparent() };
    let { taken, before } = await update(entity, commitExpressions(change, expectedVersion));
    // Of an epoch before a restore: the version to come can't be counted up from it in the table. Who is overtaken at that counts as usual.
    while (!taken && before !== undefined && before.version < epoch * EPOCH_SIZE) {
      if (before.version !== (expectedVersion ?? before.version) || before.digest === digest) break;
      const version = nextVersion(before.version, epoch);
      ({ taken, before } = await update(entity, commitExpressions(change, before.version, version)));
      if (!taken) ({ taken, before } = await update(entity, commitExpressions(change, expectedVersion)));
    }
    return taken
      ? committed(entity, before, digest, changedAt, epoch)
      : notCommitted(entity, before, digest, expectedVersion, epoch);
  };

  return {
    async put(type, id, state, commitOptions) {
      const entity = writable(type, id);
      const checked = await checkedState(ownedContract(boundary, type), entity, state);
      const { json, digest } = canonicalState(entity, checked);
      assertExpectedVersion(commitOptions?.expectedVersion);
      await admitted(entity, commitOptions);
      return commit(entity, digest, json, commitOptions?.expectedVersion);
    },
    async delete(type, id, commitOptions) {
      const entity = writable(type, id);
      assertExpectedVersion(commitOptions?.expectedVersion);
      await admitted(entity, commitOptions);
      return commit(entity, TOMBSTONE_DIGEST, undefined, commitOptions?.expectedVersion);
    },
    async beat(type) {
      const entity = owned(type, HEARTBEAT_ID);
      const { json, digest } = canonicalState(entity, { at: new Date(now()).toISOString() });
      // Of the first schema version whatever the type's is: a cache that doesn't know the newest yet is alive all the same.
      await commit(entity, digest, json, undefined, 1);
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
      const { schemaVersion } = ownedContract(boundary, type);
      const changedAt = new Date(now()).toISOString();
      const stamp = { changedAt, schemaVersion, epoch, traceparent: traceparent() };
      const change = { digest: TOMBSTONE_DIGEST, stateJson: undefined, ...stamp };
      const { taken } = await update(entity, commitExpressions(change, 0, nextVersion(cachedVersion, epoch)));
      return taken ? 'buried' : 'known';
    },
  };
}

/** An item that holds a version; an engine may answer a creation with the bare key. */
function existing(item: Item | undefined): OwnedEntity | undefined {
  return item?.[ATTRIBUTE.version] === undefined ? undefined : ownedEntity(item);
}

type Expressions = Pick<
  UpdateItemCommandInput,
  'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

interface Change {
  readonly digest: string;
  /** undefined for a deletion. */
  readonly stateJson: string | undefined;
  readonly changedAt: string;
  readonly schemaVersion: number;
  readonly epoch: number;
  readonly traceparent: string | undefined;
}

/**
 * The next version, digest, state and time in one write, on condition that the state differs and the version is the one expected.
 *
 * @param given the version to commit; default one more than the table has
 */
function commitExpressions(change: Change, expectedVersion: number | undefined, given?: number): Expressions {
  const { digest, stateJson, changedAt, schemaVersion, epoch, traceparent } = change;
  const isNew = 'attribute_not_exists(#pk)';
  const inEpoch = epoch > 0 && given === undefined ? ' AND #version >= :base' : '';
  const differs = `#digest <> :digest AND #version < :last${inEpoch}`;
  const anyVersion = stateJson === undefined ? differs : `${isNew} OR (${differs})`;
  const condition =
    expectedVersion === undefined
      ? anyVersion
      : expectedVersion > 0
        ? `#version = :expected AND ${differs}`
        : stateJson === undefined && given === undefined
          ? // A deletion of what must never have existed: always refused, and explained by what is there.
            `${isNew} AND attribute_exists(#pk)`
          : isNew;
  const version = given === undefined ? 'if_not_exists(#version, :base) + :one' : ':given';
  const optional: readonly [string, string | undefined][] = [
    ['state', stateJson],
    ['traceparent', traceparent],
  ];
  const set = optional.flatMap(([name, value]) => (value === undefined ? [] : `, #${name} = :${name}`)).join('');
  const removed = optional.flatMap(([name, value]) => (value === undefined ? `#${name}` : [])).join(', ');
  const uses = (name: string) => `${condition} ${version}`.includes(name);
  return {
    UpdateExpression: `SET #version = ${version}, #digest = :digest, #changedAt = :changedAt, #schema = :schema${set}${removed && ` REMOVE ${removed}`}`,
    ConditionExpression: condition,
    ExpressionAttributeNames: {
      '#version': ATTRIBUTE.version,
      '#digest': ATTRIBUTE.digest,
      '#changedAt': ATTRIBUTE.changedAt,
      '#schema': ATTRIBUTE.schemaVersion,
      '#state': ATTRIBUTE.state,
      '#traceparent': ATTRIBUTE.traceparent,
      ...(uses('#pk') && { '#pk': ATTRIBUTE.partition }),
    },
    ExpressionAttributeValues: {
      ':digest': { S: digest },
      ':changedAt': { S: changedAt },
      ':schema': { N: String(schemaVersion) },
      ...(uses(':base') && { ':base': { N: String(epoch * EPOCH_SIZE) } }),
      ...(uses(':one') && { ':one': { N: '1' } }),
      ...(uses(':given') && { ':given': { N: String(given) } }),
      ...(stateJson !== undefined && { ':state': { S: stateJson } }),
      ...(traceparent !== undefined && { ':traceparent': { S: traceparent } }),
      ...(uses(':last') && { ':last': { N: String(MAX_VERSION) } }),
      ...(uses(':expected') && { ':expected': { N: String(expectedVersion) } }),
    },
  };
}
