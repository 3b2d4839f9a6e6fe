import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type Boundary, checkedState, ownedContract } from '../core/contract.ts';
import { type EntityRef, entityRef, MAX_VERSION } from '../core/entity.ts';
import { assertExpectedVersion, type CommitResult, committed, notCommitted, type OwnedEntity } from '../core/own.ts';
import type { Page } from '../core/read.ts';
import { canonicalState, TOMBSTONE_DIGEST } from '../core/state.ts';
import { ATTRIBUTE, type Item, keyItem, ownedEntity } from './items.ts';
import { listType, type PageOptions } from './list.ts';

/** Options of a put or a delete. */
export interface CommitOptions {
  /** Commit only if the entity is at this version; 0 means that it must never have existed. Default: any. */
  readonly expectedVersion?: number | undefined;
}

/** The owner's only way to write its entities, and its way to read them. */
export interface Owner {
  /**
   * Commits an entity's full state as its next version, in one conditional write. An equal state is `unchanged`: nothing is
   * written and the version stays.
   * @throws FreshetError `UnknownEntityType` | `InvalidEntityId` | `InvalidState` | `StateTooLarge` | `InvalidExpectedVersion` |
   * `VersionConflict`, all before anything is written
   */
  put(type: string, id: string, state: unknown, options?: CommitOptions): Promise<CommitResult>;
  /** Commits a deletion as the entity's next version. The counter stays, so a later put goes on counting. Errors as for `put`. */
  delete(type: string, id: string, options?: CommitOptions): Promise<CommitResult>;
  /** The entity as it is now, deleted ones included; undefined when it never existed. */
  get(type: string, id: string): Promise<OwnedEntity | undefined>;
  /** A page of a type's entities, deleted ones included, in a stable order that isn't sorted. */
  list(type: string, options?: PageOptions): Promise<Page<OwnedEntity>>;
}

/**
 * Opens an owner's table.
 *
 * @param options.now epoch milliseconds; stamps `changedAt`
 */
export function createOwner(options: {
  readonly boundary: Boundary;
  readonly tableName: string;
  readonly client: DynamoDBClient;
  readonly now?: () => number;
}): Owner {
  const { boundary, tableName, client, now = Date.now } = options;

  const owned = (type: string, id: string): EntityRef => {
    ownedContract(boundary, type);
    return entityRef(type, id);
  };

  const commit = async (
    entity: EntityRef,
    digest: string,
    stateJson: string | undefined,
    { expectedVersion }: CommitOptions = {},
  ): Promise<CommitResult> => {
    assertExpectedVersion(expectedVersion);
    const changedAt = new Date(now()).toISOString();
    try {
      const { Attributes } = await client.send(
        new UpdateItemCommand({
          TableName: tableName,
          Key: keyItem(entity),
          ...commitExpressions(digest, stateJson, changedAt, expectedVersion),
          ReturnValues: 'ALL_OLD',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return committed(entity, existing(Attributes), digest, changedAt);
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return notCommitted(entity, existing(error.Item), digest, expectedVersion);
    }
  };

  return {
    async put(type, id, state, commitOptions) {
      const entity = owned(type, id);
      const checked = await checkedState(ownedContract(boundary, type), entity, state);
      const { json, digest } = canonicalState(entity, checked);
      return commit(entity, digest, json, commitOptions);
    },
    async delete(type, id, commitOptions) {
      return commit(owned(type, id), TOMBSTONE_DIGEST, undefined, commitOptions);
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
  };
}

/** An item that holds a version; an engine may answer a creation with the bare key. */
function existing(item: Item | undefined): OwnedEntity | undefined {
  return item?.[ATTRIBUTE.version] === undefined ? undefined : ownedEntity(item);
}

/** Version + 1, digest, state and time in one write, on condition that the state differs and the version is the one expected. */
function commitExpressions(
  digest: string,
  stateJson: string | undefined,
  changedAt: string,
  expectedVersion: number | undefined,
) {
  const isNew = 'attribute_not_exists(#pk)';
  const differs = '#digest <> :digest AND #version < :last';
  const anyVersion = stateJson === undefined ? differs : `${isNew} OR (${differs})`;
  const condition =
    expectedVersion === undefined
      ? anyVersion
      : expectedVersion > 0
        ? `#version = :expected AND ${differs}`
        : stateJson === undefined
          ? // A deletion of what must never have existed: always refused, and explained by what is there.
            `${isNew} AND attribute_exists(#pk)`
          : isNew;
  const uses = (name: string) => condition.includes(name);
  const state = stateJson === undefined ? ' REMOVE #state' : ', #state = :state';
  return {
    UpdateExpression: `SET #version = if_not_exists(#version, :none) + :one, #digest = :digest, #changedAt = :changedAt${state}`,
    ConditionExpression: condition,
    ExpressionAttributeNames: {
      '#version': ATTRIBUTE.version,
      '#digest': ATTRIBUTE.digest,
      '#changedAt': ATTRIBUTE.changedAt,
      '#state': ATTRIBUTE.state,
      ...(uses('#pk') && { '#pk': ATTRIBUTE.partition }),
    },
    ExpressionAttributeValues: {
      ':none': { N: '0' },
      ':one': { N: '1' },
      ':digest': { S: digest },
      ':changedAt': { S: changedAt },
      ...(stateJson !== undefined && { ':state': { S: stateJson } }),
      ...(uses(':last') && { ':last': { N: String(MAX_VERSION) } }),
      ...(uses(':expected') && { ':expected': { N: String(expectedVersion) } }),
    },
  };
}
