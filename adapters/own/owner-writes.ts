import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { type EntityRef, EPOCH_SIZE, MAX_VERSION } from '../../core/entity.ts';
import { type CommitResult, committed, nextVersion, notCommitted, type OwnedEntity } from '../../core/own/own.ts';
import { ATTRIBUTE, type Item, keyItem, ownedEntity } from '../aws/items.ts';

/** What a version says. */
export interface Content {
  readonly digest: string;
  /** Canonical JSON; undefined for a deletion. */
  readonly stateJson: string | undefined;
  readonly schemaVersion: number;
}

type Expressions = Pick<
  UpdateItemCommandInput,
  'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

/** The conditional writes of an owner's table. @param options.now epoch milliseconds */
export function createOwnerWrites(options: {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly epoch: number;
  readonly now: () => number;
  readonly traceparent: () => string | undefined;
}) {
  const { client, tableName, epoch, now, traceparent } = options;

  /** Updates an item, if its condition holds. @returns whether it did, and the entity as it was */
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

  const changeTo = (content: Content): Change => ({
    ...content,
    changedAt: new Date(now()).toISOString(),
    epoch,
    traceparent: traceparent(),
  });

  return {
    update,
    /** Commits an entity's next version. Throws `VersionConflict` | `VersionsExhausted`. */
    async commit(entity: EntityRef, content: Content, expectedVersion?: number): Promise<CommitResult> {
      const change = changeTo(content);
      const { digest, changedAt } = change;
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
    },
    /** Commits a given version of an entity that the table doesn't have. @returns whether it hasn't had it */
    async create(entity: EntityRef, content: Content, version: number): Promise<boolean> {
      return (await update(entity, commitExpressions(changeTo(content), 0, version))).taken;
    },
  };
}

/** An item that holds a version; an engine may answer a creation with the bare key. */
export function existing(item: Item | undefined): OwnedEntity | undefined {
  return item?.[ATTRIBUTE.version] === undefined ? undefined : ownedEntity(item);
}

interface Change extends Content {
  readonly changedAt: string;
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
