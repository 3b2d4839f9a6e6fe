import { type DynamoDBClient, QueryCommand, type QueryCommandOutput } from '@aws-sdk/client-dynamodb';
import { PARTITIONS_PER_TYPE, partitionKey } from '../../core/entity.ts';
import { checkedLimit, decodeCursor, encodeCursor, type Page } from '../../core/read/read.ts';
import { ATTRIBUTE, type Item, indexAttribute } from './items.ts';

/** Selects a page of a list. */
export interface PageOptions {
  /** Maximum number of items on the page, an integer from 1 to 1,000. Default 100. */
  readonly limit?: number | undefined;
  /** The `cursor` of the previous page. Default: the first page. */
  readonly cursor?: string | undefined;
}

/** Options of an iteration over all pages of a list. */
export interface IterateOptions {
  /** Number of items that are read at once, an integer from 1 to 1,000. Default 100. */
  readonly pageSize?: number | undefined;
}

/**
 * Minimum number of items in a query after an item that the page leaves out. Otherwise a short page among many deleted
 * entities would take a query for each of them.
 */
const MIN_ITEMS_READ = 100;

interface Source {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

/**
 * Returns a page of a type's items: one partition after the other, by id within each. The order is stable but not
 * sorted.
 *
 * @param read converts an item; undefined leaves the item out of the page
 */
export async function listType<T>(
  source: Source,
  type: string,
  read: (item: Item) => T | undefined,
  options: PageOptions,
): Promise<Page<T>> {
  const limit = checkedLimit(options.limit);
  let { partition, afterId } = decodeCursor(options.cursor);
  const items: T[] = [];
  let atLeast = 1;
  while (partition < PARTITIONS_PER_TYPE) {
    const pk = partitionKey(type, partition);
    const found = await query(source, undefined, pk, afterId, Math.max(limit - items.length, atLeast));
    for (const [index, item] of found.items.entries()) {
      const one = read(item);
      if (one === undefined) atLeast = MIN_ITEMS_READ;
      else items.push(one);
      if (items.length === limit && index < found.items.length - 1) {
        return { items, cursor: encodeCursor({ partition, afterId: item[ATTRIBUTE.id]?.S }) };
      }
    }
    if (found.lastId === undefined) {
      partition += 1;
      afterId = undefined;
    } else {
      afterId = found.lastId;
    }
    if (items.length >= limit && partition < PARTITIONS_PER_TYPE) {
      return { items, cursor: encodeCursor({ partition, afterId }) };
    }
  }
  return { items, cursor: undefined };
}

/** Returns a page of an index's items with one key, sorted by id. */
export async function listIndex<T>(
  source: Source,
  index: string,
  key: string,
  read: (item: Item) => T | undefined,
  options: PageOptions,
): Promise<Page<T>> {
  const limit = checkedLimit(options.limit);
  let { afterId } = decodeCursor(options.cursor);
  const items: T[] = [];
  for (;;) {
    const found = await query(source, indexAttribute(index), key, afterId, limit - items.length);
    items.push(...found.items.flatMap((item) => read(item) ?? []));
    if (found.lastId === undefined) return { items, cursor: undefined };
    afterId = found.lastId;
    if (items.length >= limit) return { items, cursor: encodeCursor({ partition: 0, afterId }) };
  }
}

/**
 * Counts the items of a type that have an attribute. It reads all items, so use it for operations and not in requests.
 */
export async function countType({ client, tableName }: Source, type: string, attribute: string): Promise<number> {
  const counts = Array.from({ length: PARTITIONS_PER_TYPE }, async (_, partition) => {
    let count = 0;
    let from: Item | undefined;
    do {
      const answer: QueryCommandOutput = await client.send(
        new QueryCommand({
          TableName: tableName,
          KeyConditionExpression: '#key = :key',
          FilterExpression: 'attribute_exists(#counted)',
          ExpressionAttributeNames: { '#key': ATTRIBUTE.partition, '#counted': attribute },
          ExpressionAttributeValues: { ':key': { S: partitionKey(type, partition) } },
          Select: 'COUNT',
          ExclusiveStartKey: from,
        }),
      );
      count += answer.Count ?? 0;
      from = answer.LastEvaluatedKey;
    } while (from !== undefined);
    return count;
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

/** Reads a range of keys. `lastId` is undefined if no more items follow. */
async function query(
  { client, tableName }: Source,
  indexName: string | undefined,
  key: string,
  afterId: string | undefined,
  limit: number,
): Promise<{ items: Item[]; lastId: string | undefined }> {
  const answer = await client.send(
    new QueryCommand({
      TableName: tableName,
      ...(indexName !== undefined && { IndexName: indexName }),
      KeyConditionExpression: afterId === undefined ? '#key = :key' : '#key = :key AND #id > :after',
      ExpressionAttributeNames: {
        '#key': indexName ?? ATTRIBUTE.partition,
        ...(afterId !== undefined && { '#id': ATTRIBUTE.id }),
      },
      ExpressionAttributeValues: { ':key': { S: key }, ...(afterId !== undefined && { ':after': { S: afterId } }) },
      Limit: limit,
    }),
  );
  return { items: answer.Items ?? [], lastId: answer.LastEvaluatedKey?.[ATTRIBUTE.id]?.S };
}
