import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { CopyChange, CopySource, CopyTable, CopyVersion } from '../../core/adopt/adopt.ts';
import { type Copy, positionsOfTable } from '../../core/adopt/decide.ts';
import { type EntityRef, entityName } from '../../core/entity.ts';
import { isTombstone } from '../../core/own/own.ts';
import { ATTRIBUTE, type Item, itemEntity, jsonAttributes, keyItem, readStamp } from '../aws/items.ts';
import { batchGet } from './batch-get.ts';

/** The attributes of an owner's item that only an adopted entity has. */
export const COPY_ATTRIBUTE = {
  base: 'base',
  position: 'position',
  surveyedAt: 'surveyedAt',
  expired: 'expired',
  itemExpiresAt: 'itemExpiresAt',
} as const;

/** Most items of a BatchGetItem call (ddb/API_BatchGetItem, 2026-11-30). */
export const MAX_BATCH_GET = 100;

/** The owner's table, as the adopter and the survey use it. */
export interface OpenCopyTable extends CopyTable {
  /** Reads copies consistently, in the order of the entities. */
  copies(entities: readonly EntityRef[]): Promise<readonly (Copy | undefined)[]>;
}

/** Opens an owner's table for the copies of an existing table. The items are those that `createOwner` writes. */
export function createCopyTable({
  client,
  tableName,
}: {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}): OpenCopyTable {
  return {
    async read(entity) {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: tableName, Key: keyItem(entity), ConsistentRead: true }),
      );
      return copyOf(Item);
    },
    async write(entity, change, options) {
      const update = new UpdateItemCommand({
        TableName: tableName,
        Key: keyItem(entity),
        ...expressions(change, options),
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      });
      try {
        await client.send(update);
        return { taken: true };
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return { taken: false, copy: copyOf(error.Item) };
        throw error;
      }
    },
    async copies(entities) {
      const send = (keys: Item[]) => {
        const ExpressionAttributeNames = Object.fromEntries(COPIED.map((name) => [`#${name}`, name]));
        const ProjectionExpression = Object.keys(ExpressionAttributeNames).join(', ');
        const request = { Keys: keys, ConsistentRead: true, ProjectionExpression, ExpressionAttributeNames };
        return client.send(new BatchGetItemCommand({ RequestItems: { [tableName]: request } }));
      };
      const found = await batchGet(entities.map(keyItem), MAX_BATCH_GET, send);
      const copies = new Map(found.map((item) => [entityName(itemEntity(item)), copyOf(item)]));
      return entities.map((entity) => copies.get(entityName(entity)));
    },
  };
}

/** What a copy needs of an item: everything but the state, the largest part. */
const COPIED = [
  ATTRIBUTE.partition,
  ATTRIBUTE.id,
  ATTRIBUTE.version,
  ATTRIBUTE.digest,
  ATTRIBUTE.changedAt,
  ATTRIBUTE.schemaVersion,
  ...Object.values(COPY_ATTRIBUTE),
];

/**
 * Reads a copy. An item that `createOwner` wrote, before the type was adopted or in a restore, has no base. An item's
 * versions count on from a deletion.
 */
function copyOf(item: Item | undefined): Copy | undefined {
  if (item?.[ATTRIBUTE.version] === undefined) return undefined;
  const { version, digest } = readStamp(item);
  const isDeleted = isTombstone({ digest });
  const base = item[COPY_ATTRIBUTE.base]?.N;
  const surveyedAt = item[COPY_ATTRIBUTE.surveyedAt]?.N;
  const expiresAt = item[COPY_ATTRIBUTE.itemExpiresAt]?.N;
  return {
    version,
    digest,
    base: Number(base ?? (isDeleted ? version : 0)),
    isDeleted,
    isExpired: item[COPY_ATTRIBUTE.expired]?.BOOL === true,
    expiresAtSeconds: expiresAt === undefined ? undefined : Number(expiresAt),
    position: item[COPY_ATTRIBUTE.position]?.S,
    surveyedAtMs: surveyedAt === undefined ? undefined : Number(surveyedAt),
  };
}

type Options = Parameters<CopyTable['write']>[2];
type Expressions = Pick<
  UpdateItemCommandInput,
  'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;
/** Attribute names to the values to set. */
type Values = Record<string, Item[string]>;

function expressions(change: CopyChange, options: Options): Expressions {
  const set = { ...contentOf(change), ...sourceOf(options.source) };
  // A version replaces all that the earlier one had.
  const removed = isVersion(change) ? OPTIONAL.filter((name) => !(name in set)) : [];
  const { conditions, values, names } = conditionOf(options);
  const all = [...new Set([...Object.keys(set), ...removed, ...names])];
  const assignments = Object.keys(set).map((name) => `#${name} = :${name}`);
  return {
    UpdateExpression:
      `SET ${assignments.join(', ')}` +
      (removed.length > 0 ? ` REMOVE ${removed.map((name) => `#${name}`).join(', ')}` : ''),
    ConditionExpression: conditions.join(' AND '),
    ExpressionAttributeNames: Object.fromEntries(all.map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: {
      ...Object.fromEntries(Object.entries(set).map(([name, value]) => [`:${name}`, value])),
      ...values,
    } as Item,
  };
}

/** The attributes that only some versions have. */
const OPTIONAL = [
  COPY_ATTRIBUTE.expired,
  COPY_ATTRIBUTE.itemExpiresAt,
  ATTRIBUTE.traceparent,
  ATTRIBUTE.state,
  ATTRIBUTE.compressed,
] as const;

function isVersion(change: CopyChange): change is CopyVersion {
  return change !== 'expired' && 'version' in change;
}

function contentOf(change: CopyChange): Values {
  if (change === 'expired') return { [COPY_ATTRIBUTE.expired]: { BOOL: true } };
  const { expiresAtSeconds } = change;
  const expiry = expiresAtSeconds !== undefined && { [COPY_ATTRIBUTE.itemExpiresAt]: { N: String(expiresAtSeconds) } };
  if (!isVersion(change)) return { ...expiry };
  const { version, base, digest, json, compressed, schemaVersion, changedAt } = change;
  return {
    [ATTRIBUTE.version]: { N: String(version) },
    [ATTRIBUTE.digest]: { S: digest },
    [ATTRIBUTE.changedAt]: { S: changedAt },
    [ATTRIBUTE.schemaVersion]: { N: String(schemaVersion) },
    [COPY_ATTRIBUTE.base]: { N: String(base) },
    ...expiry,
    ...(json !== undefined && jsonAttributes('state', json, compressed)),
  };
}

function sourceOf(source: CopySource): Values {
  return source.kind === 'record'
    ? { [COPY_ATTRIBUTE.position]: { S: source.position } }
    : { [COPY_ATTRIBUTE.surveyedAt]: { N: String(source.atMs) } };
}

/** The copy is the expected one, and a record comes after those that changed it. */
function conditionOf({ expected, source, isPredicted }: Options): {
  readonly conditions: readonly string[];
  readonly values: Values;
  readonly names: readonly string[];
} {
  const conditions: string[] = [];
  const values: Values = {};
  const names = new Set<string>();
  const add = (condition: string, value?: readonly [string, Item[string]]): void => {
    conditions.push(condition);
    for (const [, name = ''] of condition.matchAll(/#(\w+)/g)) names.add(name);
    if (value !== undefined) values[value[0]] = value[1];
  };
  if (expected === undefined) add(`attribute_not_exists(#${ATTRIBUTE.version})`);
  else {
    add(`#${ATTRIBUTE.version} = :was`, [':was', { N: String(expected.version) }]);
    const isBase = '#base = :wasBase';
    const mayLackBase = expected.base === 0 || (expected.isDeleted && expected.base === expected.version);
    add(mayLackBase ? `(attribute_not_exists(#base) OR ${isBase})` : isBase, [
      ':wasBase',
      { N: String(expected.base) },
    ]);
  }
  if (source.kind === 'record') {
    // See `isAfter`. `:position` is among the values to set.
    const ofTable = positionsOfTable(source.position);
    const after = '#position < :position OR NOT begins_with(#position, :ofTable)';
    add(`(attribute_not_exists(#position) OR ${after})`, [':ofTable', { S: ofTable }]);
  }
  if (isPredicted) {
    add('(attribute_not_exists(#surveyedAt) OR #surveyedAt < :at)', [':at', { N: String(source.atMs) }]);
  }
  return { conditions, values, names: [...names] };
}
