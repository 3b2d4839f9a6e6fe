import { type DynamoDBClient, QueryCommand, type QueryCommandOutput } from '@aws-sdk/client-dynamodb';
import { assertEntityId, MAX_ID_BYTES, PARTITIONS_PER_TYPE, partitionKey } from '../../core/entity.ts';
import { FreshetError, quoted } from '../../core/errors.ts';
import { checkedLimit, decodeCursor, encodeCursor, type ListPosition, type Page } from '../../core/read/read.ts';
import { PAGE_ITEMS } from './first-pages.ts';
import { ATTRIBUTE, type Item, indexAttribute } from './items.ts';

/** Selects a page of a list. */
export interface PageOptions {
  /**
   * Maximum number of items on the page, an integer from 1 to 1,000. A page of large items may have fewer, although
   * more items follow. Default 100.
   */
  readonly limit?: number | undefined;
  /** The `cursor` of the previous page. Default: the first page. */
  readonly cursor?: string | undefined;
}

/** Selects a page of a type's items. */
export interface TypePageOptions extends PageOptions {
  /** Only items whose id begins with this text: 1 to 1,024 bytes. Default: all items. */
  readonly idPrefix?: string | undefined;
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
 * @param options.fills whether the page has as many items as the limit says, however large they are. Default false
 */
export async function listType<T>(
  source: Source,
  type: string,
  read: (item: Item) => T | undefined,
  options: TypePageOptions & { readonly fills?: boolean },
): Promise<Page<T>> {
  const limit = checkedLimit(options.limit);
  const { idPrefix, fills = false } = options;
  let { partition, afterId } = checkedPosition(options);
  const items: T[] = [];
  let atLeast = 1;
  while (partition < PARTITIONS_PER_TYPE) {
    const range = { key: partitionKey(type, partition), afterId, idPrefix };
    const wanted = Math.max(limit - items.length, atLeast);
    const found = await query(source, undefined, range, wanted);
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
    // A query ends after 1 MB. Large states make small pages, so that a page fits into memory.
    const isLarge = !fills && items.length > 0 && found.lastId !== undefined && found.items.length < wanted;
    if ((items.length >= limit || isLarge) && partition < PARTITIONS_PER_TYPE) {
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
    const found = await query(source, indexAttribute(index), { key, afterId }, limit - items.length);
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
          Limit: PAGE_ITEMS,
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

/** The position of the page. Throws `InvalidCursor` for a cursor of a list with another prefix · `InvalidEntityId`. */
export function checkedPosition({ cursor, idPrefix }: TypePageOptions): ListPosition {
  if (idPrefix !== undefined) assertEntityId(idPrefix);
  const position = decodeCursor(cursor);
  if (position.afterId?.startsWith(idPrefix ?? '') ?? true) return position;
  throw new FreshetError(
    `cursor: of a list with another prefix than ${quoted(idPrefix)}. Allowed: the cursor of a page of the same list. ` +
      'Leave it out to start from the first page.',
    { code: 'InvalidCursor', field: 'cursor' },
  );
}

/** The items of one partition key, by id. */
interface Range {
  readonly key: string;
  /** Only items after this id. */
  readonly afterId: string | undefined;
  readonly idPrefix?: string | undefined;
}

/** Reads a range of keys. `lastId` is undefined if no more items follow. */
async function query(
  { client, tableName }: Source,
  indexName: string | undefined,
  range: Range,
  limit: number,
): Promise<{ items: Item[]; lastId: string | undefined }> {
  const answer = await client.send(
    new QueryCommand({
      TableName: tableName,
      ...(indexName !== undefined && { IndexName: indexName }),
      ...conditionOf(range, indexName ?? ATTRIBUTE.partition),
      Limit: limit,
    }),
  );
  const { Items: items = [], LastEvaluatedKey: last } = answer;
  const lastId = last && (items.at(-1) ?? last)[ATTRIBUTE.id]?.S;
  // A local engine may name a key beyond the last item. If the prefix excludes it, no more items follow.
  return { items, lastId: lastId?.startsWith(range.idPrefix ?? '') ? lastId : undefined };
}

function conditionOf({ key, afterId, idPrefix }: Range, keyName: string) {
  const [names, values] = [{ '#key': keyName }, { ':key': { S: key } }];
  if (idPrefix !== undefined) {
    // A condition on a sort key is one comparison, so the id after which to begin is a start key.
    const start = { [ATTRIBUTE.partition]: { S: key }, [ATTRIBUTE.id]: { S: afterId ?? '' } };
    return {
      KeyConditionExpression: '#key = :key AND #id BETWEEN :prefix AND :last',
      ExpressionAttributeNames: { ...names, '#id': ATTRIBUTE.id },
      ExpressionAttributeValues: { ...values, ':prefix': { S: idPrefix }, ':last': { S: lastIdWith(idPrefix) } },
      ...(afterId !== undefined && { ExclusiveStartKey: start }),
    };
  }
  if (afterId === undefined)
    return {
      KeyConditionExpression: '#key = :key',
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: values,
    };
  return {
    KeyConditionExpression: '#key = :key AND #id > :after',
    ExpressionAttributeNames: { ...names, '#id': ATTRIBUTE.id },
    ExpressionAttributeValues: { ...values, ':after': { S: afterId } },
  };
}

/** The highest code point, which takes 4 bytes in UTF-8. */
const HIGHEST = '\u{10FFFF}';

/**
 * The last of all ids with a prefix, in the order of UTF-8 that DynamoDB sorts by. A range is used instead of
 * `begins_with`, because the local engine's `begins_with` takes upper and lower case for the same.
 */
function lastIdWith(idPrefix: string): string {
  return idPrefix + HIGHEST.repeat(Math.floor((MAX_ID_BYTES - Buffer.byteLength(idPrefix)) / 4));
}
