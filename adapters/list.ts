import { type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { PARTITIONS_PER_TYPE, partitionKey } from '../core/entity.ts';
import { checkedLimit, decodeCursor, encodeCursor, type Page } from '../core/read.ts';
import { ATTRIBUTE, type Item, indexAttribute } from './items.ts';

/** How a list is paged. */
export interface PageOptions {
  /** Items on the page, 1 to 1,000; default 100. */
  readonly limit?: number | undefined;
  /** Where the page before ended; default the beginning. */
  readonly cursor?: string | undefined;
}

interface Source {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

/**
 * One page of a type's items: its partitions one after the other, by id within each, so the order is stable but not sorted.
 * `read` turns an item into what the page holds; undefined leaves it out.
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
  while (partition < PARTITIONS_PER_TYPE) {
    const pk = partitionKey(type, partition);
    const found = await query(source, undefined, pk, afterId, limit - items.length);
    items.push(...found.items.flatMap((item) => read(item) ?? []));
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

/** One page of an index's items under one key, sorted by id. */
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

/** `lastId` is undefined when nothing follows. */
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
