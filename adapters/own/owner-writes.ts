import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { type EntityRef, EPOCH_SIZE, MAX_VERSION } from '../../core/entity.ts';
import {
  type CommitResult,
  committed,
  committedBefore,
  nextVersion,
  notCommitted,
  type OwnedEntity,
} from '../../core/own/own.ts';
import { ATTRIBUTE, type Item, jsonAttributes, keyItem, ownedEntity } from '../aws/items.ts';

/** The content of a version. */
export interface Content {
  readonly digest: string;
  /** Canonical JSON; undefined for a deletion. */
  readonly stateJson: string | undefined;
  /** The compressed form of the state, if it is to be stored so. */
  readonly compressed?: Uint8Array | undefined;
  readonly schemaVersion: number;
  /** The time of the change, ISO 8601; default: the current time. */
  readonly changedAt?: string;
}

type Expressions = Pick<
  UpdateItemCommandInput,
  'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

/** How an update ended. */
interface Updated {
  /** Whether the condition held. */
  readonly taken: boolean;
  /** The entity before the update; if the condition didn't hold, the current one. */
  readonly before: OwnedEntity | undefined;
  /** The version of the entity's last deletion. */
  readonly deletedVersion?: number | undefined;
  /** Whether an earlier attempt may have been committed, because the SDK got no answer to it or an error. */
  readonly isRetried?: boolean;
}

/**
 * Creates the conditional writes of an owner's table.
 *
 * @param options.now returns the current time, epoch milliseconds
 */
export function createOwnerWrites(options: {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly epoch: number;
  readonly now: () => number;
  readonly traceparent: () => string | undefined;
}) {
  const { client, tableName, epoch, now, traceparent } = options;

  /** Updates an item if the condition holds. */
  const update = async (entity: EntityRef, expressions: Expressions): Promise<Updated> => {
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
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const { Item, $metadata } = error;
      const deleted = Item?.[ATTRIBUTE.deletedVersion]?.N;
      return {
        taken: false,
        before: existing(Item),
        deletedVersion: deleted === undefined ? undefined : Number(deleted),
        isRetried: ($metadata.attempts ?? 1) > 1,
      };
    }
  };

  const changeTo = (content: Content): Change => ({
    changedAt: new Date(now()).toISOString(),
    ...content,
    epoch,
    traceparent: traceparent(),
  });

  return {
    update,
    /** Commits the next version of an entity. Throws `VersionConflict` | `VersionsExhausted`. */
    async commit(entity: EntityRef, content: Content, expectedVersion?: number): Promise<CommitResult> {
      const change = changeTo(content);
      const { digest, changedAt } = change;
      let done = await update(entity, commitExpressions(change, expectedVersion));
      let isRetried = done.isRetried === true;
      // The stored version is from before a restore, so an expression can't count up from it. If another write
      // overtakes this one, the stored version is in the epoch and the usual expression applies.
      while (!done.taken && done.before !== undefined && done.before.version < epoch * EPOCH_SIZE) {
        const { before } = done;
        if (before.version !== (expectedVersion ?? before.version) || before.digest === digest) break;
        const version = nextVersion(before.version, epoch);
        done = await update(entity, commitExpressions(change, before.version, version));
        isRetried ||= done.isRetried === true;
        if (!done.taken) done = await update(entity, commitExpressions(change, expectedVersion));
      }
      const { taken, before, deletedVersion } = done;
      if (taken) return committed(entity, before, digest, changedAt, epoch);
      const retried = { digest, changedAt, expectedVersion, deletedVersion };
      const earlier = isRetried ? committedBefore(entity, before, retried, epoch) : undefined;
      return earlier ?? notCommitted(entity, before, digest, expectedVersion, epoch);
    },
    /** Commits a given version of an entity that the table doesn't have. Returns false if the table has the entity. */
    async create(entity: EntityRef, content: Content, version: number): Promise<boolean> {
      return (await update(entity, commitExpressions(changeTo(content), 0, version))).taken;
    },
  };
}

/** Reads an item that has a version; undefined for any other item. An engine may return only the key for a new item. */
export function existing(item: Item | undefined): OwnedEntity | undefined {
  return item?.[ATTRIBUTE.version] === undefined ? undefined : ownedEntity(item);
}

interface Change extends Content {
  readonly changedAt: string;
  readonly epoch: number;
  readonly traceparent: string | undefined;
}

/**
 * Returns the expressions that write version, digest, state and time at once, if the state differs and the version is
 * the expected one.
 *
 * @param given the version to commit; default: the stored version + 1
 */
function commitExpressions(change: Change, expectedVersion: number | undefined, given?: number): Expressions {
  const { digest, stateJson, compressed, changedAt, schemaVersion, epoch, traceparent } = change;
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
          ? // A deletion of an entity that must never have existed never succeeds. The refusal returns the stored item.
            `${isNew} AND attribute_exists(#pk)`
          : isNew;
  const version = given === undefined ? 'if_not_exists(#version, :base) + :one' : ':given';
  const held = stateJson === undefined ? {} : jsonAttributes('state', stateJson, compressed);
  const optional: readonly [string, AttributeValue | undefined][] = [
    ['state', held[ATTRIBUTE.state]],
    ['compressed', held[ATTRIBUTE.compressed]],
    ['traceparent', traceparent === undefined ? undefined : { S: traceparent }],
  ];
  const set = optional.flatMap(([name, value]) => (value === undefined ? [] : `, #${name} = :${name}`)).join('');
  const removed = optional.flatMap(([name, value]) => (value === undefined ? `#${name}` : [])).join(', ');
  const deleted = stateJson === undefined ? `, #deleted = ${version}` : '';
  const uses = (name: string) => `${condition} ${version}`.includes(name);
  return {
    UpdateExpression:
      `SET #version = ${version}, #digest = :digest, #changedAt = :changedAt, #schema = :schema${set}${deleted}` +
      (removed && ` REMOVE ${removed}`),
    ConditionExpression: condition,
    ExpressionAttributeNames: {
      '#version': ATTRIBUTE.version,
      '#digest': ATTRIBUTE.digest,
      '#changedAt': ATTRIBUTE.changedAt,
      '#schema': ATTRIBUTE.schemaVersion,
      '#state': ATTRIBUTE.state,
      '#compressed': ATTRIBUTE.compressed,
      '#traceparent': ATTRIBUTE.traceparent,
      ...(deleted && { '#deleted': ATTRIBUTE.deletedVersion }),
      ...(uses('#pk') && { '#pk': ATTRIBUTE.partition }),
    },
    ExpressionAttributeValues: {
      ':digest': { S: digest },
      ':changedAt': { S: changedAt },
      ':schema': { N: String(schemaVersion) },
      ...(uses(':base') && { ':base': { N: String(epoch * EPOCH_SIZE) } }),
      ...(uses(':one') && { ':one': { N: '1' } }),
      ...(uses(':given') && { ':given': { N: String(given) } }),
      ...Object.fromEntries(optional.flatMap(([name, value]) => (value === undefined ? [] : [[`:${name}`, value]]))),
      ...(uses(':last') && { ':last': { N: String(MAX_VERSION) } }),
      ...(uses(':expected') && { ':expected': { N: String(expectedVersion) } }),
    },
  };
}
