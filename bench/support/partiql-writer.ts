import {
  BatchExecuteStatementCommand,
  BatchGetItemCommand,
  type BatchStatementRequest,
  type BatchStatementResponse,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { ATTRIBUTE, checksum, type Item, indexAttribute, keyItem, storedItem } from '../../adapters/aws/items.ts';
import { indexNames } from '../../core/contract/define-boundary.ts';
import type { CachedItem, WriteResult } from '../../core/project/ports.ts';
import ordering from '../../examples/shop/ordering/contracts.ts';

/** The most statements of one call (ddb API BatchExecuteStatement, 2026-11-23). */
const MAX_STATEMENTS = 25;

/** A write that waits for its result. */
interface Waiting {
  readonly item: CachedItem;
  resolve(result: WriteResult): void;
  reject(error: unknown): void;
}

/**
 * The experiment of docs/decisions/09: the projector's write, with all writes of one event loop turn in one
 * BatchExecuteStatement. PartiQL has no upsert. So each item gets a conditional UPDATE, then an INSERT if it didn't
 * exist, then a read if it existed after all.
 */
export function createPartiqlWriter({ client, tableName }: { client: DynamoDBClient; tableName: string }) {
  let waiting: Waiting[] = [];

  async function execute(statements: BatchStatementRequest[]): Promise<BatchStatementResponse[]> {
    const { Responses = [] } = await client.send(new BatchExecuteStatementCommand({ Statements: statements }));
    return Responses;
  }

  async function flush(all: readonly Waiting[]): Promise<void> {
    const updated = await execute(all.map(({ item }) => updateStatement(tableName, item)));
    const absent: Waiting[] = [];
    for (const [index, one] of all.entries()) {
      const { Code, Message, Item: stored } = updated[index]?.Error ?? {};
      if (Code === undefined) one.resolve({ kind: 'stored' });
      else if (Code !== 'ConditionalCheckFailed') one.reject(new Error(`${Code}: ${Message}`));
      else if (stored?.[ATTRIBUTE.version] !== undefined) one.resolve(refused(stored));
      else absent.push(one);
    }
    if (absent.length === 0) return;
    const inserted = await execute(absent.map(({ item }) => insertStatement(tableName, item)));
    const present: Waiting[] = [];
    for (const [index, one] of absent.entries()) {
      const { Code, Message } = inserted[index]?.Error ?? {};
      if (Code === undefined) one.resolve({ kind: 'stored' });
      else if (Code === 'DuplicateItem') present.push(one);
      else one.reject(new Error(`${Code}: ${Message}`));
    }
    if (present.length === 0) return;
    const keys = present.map(({ item }) => keyItem(item.entity));
    const request = { [tableName]: { Keys: keys, ConsistentRead: true } };
    const { Responses } = await client.send(new BatchGetItemCommand({ RequestItems: request }));
    for (const { item, resolve, reject } of present) {
      const key = keyItem(item.entity);
      const stored = Responses?.[tableName]?.find(({ pk, id }) => pk?.S === key.pk.S && id?.S === key.id.S);
      if (stored === undefined) reject(new Error('the item was deleted between two calls'));
      else resolve(refused(stored));
    }
  }

  return (item: CachedItem): Promise<WriteResult> =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) {
        setImmediate(() => {
          const all = waiting;
          waiting = [];
          for (let start = 0; start < all.length; start += MAX_STATEMENTS) {
            const part = all.slice(start, start + MAX_STATEMENTS);
            flush(part).catch((error: unknown) => {
              for (const one of part) one.reject(error);
            });
          }
        });
      }
      waiting.push({ item, resolve, reject });
    });
}

function refused(stored: Item): WriteResult {
  return { kind: 'refused', stored: storedItem(stored) };
}

/** All attributes but the key; `undefined` for one that the item lacks and an older version may have. */
function attributes(item: CachedItem): [string, Item[string] | undefined][] {
  const all = unchecked(item);
  const written = Object.fromEntries(all.filter(([, value]) => value !== undefined)) as Item;
  return [...all, [ATTRIBUTE.checksum, { S: checksum(written) }]];
}

function unchecked(item: CachedItem): [string, Item[string] | undefined][] {
  return [
    [ATTRIBUTE.version, { N: String(item.version) }],
    [ATTRIBUTE.digest, { S: item.digest }],
    [ATTRIBUTE.changedAt, { S: item.changedAt }],
    [ATTRIBUTE.schemaVersion, { N: String(item.schemaVersion) }],
    [ATTRIBUTE.fieldsRevision, { N: String(item.fieldsRevision) }],
    [ATTRIBUTE.data, item.dataJson === undefined ? undefined : { S: item.dataJson }],
    [ATTRIBUTE.expiresAt, item.expiresAtSeconds === undefined ? undefined : { N: String(item.expiresAtSeconds) }],
    ...indexNames(ordering).map((index): [string, Item[string] | undefined] => {
      const value = item.indexed[index];
      return [indexAttribute(index), value === undefined ? undefined : { S: value }];
    }),
  ];
}

function updateStatement(tableName: string, item: CachedItem): BatchStatementRequest {
  const { pk, id } = keyItem(item.entity);
  const all = attributes(item);
  const set = all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  const remove = all.flatMap(([name, value]) => (value === undefined ? [`"${name}"`] : []));
  const version = { N: String(item.version) };
  return {
    Statement:
      `UPDATE "${tableName}" SET ${set.map(([name]) => `"${name}"=?`).join(', ')}` +
      `${remove.length > 0 ? ` REMOVE ${remove.join(', ')}` : ''} WHERE "pk"=? AND "id"=? AND ` +
      '("version" < ? OR ("version" = ? AND "digest" = ? AND "fieldsRevision" < ?))',
    Parameters: [
      ...set.map(([, value]) => value),
      pk,
      id,
      version,
      version,
      { S: item.digest },
      { N: String(item.fieldsRevision) },
    ],
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

function insertStatement(tableName: string, item: CachedItem): BatchStatementRequest {
  const key = Object.entries(keyItem(item.entity));
  const set = attributes(item).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  const all = [...key, ...set];
  return {
    Statement: `INSERT INTO "${tableName}" VALUE {${all.map(([name]) => `'${name}': ?`).join(', ')}}`,
    Parameters: all.map(([, value]) => value),
  };
}
