import { type DynamoDBClient, paginateScan, type ScanCommandInput } from '@aws-sdk/client-dynamodb';
import { firstPages, PAGE_ITEMS } from 'freshet-aws/internal/adapters/aws/first-pages';
import { ATTRIBUTE } from 'freshet-aws/internal/adapters/aws/items';
import { HEARTBEAT_ID } from 'freshet-aws/internal/core/entity';

/** Selects the entities of a cache: without deleted ones, heartbeats and notes. */
const ENTITIES = {
  Select: 'COUNT',
  FilterExpression: 'attribute_exists(#data) AND #id <> :heartbeat',
  ExpressionAttributeNames: { '#data': ATTRIBUTE.data, '#id': ATTRIBUTE.id },
  ExpressionAttributeValues: { ':heartbeat': { S: HEARTBEAT_ID } },
} as const satisfies Partial<ScanCommandInput>;

/** A cache's table. */
interface Table {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

/** Counts the entities of a cache of at most 10 MB; undefined for a larger one. */
export async function countFewEntities({ client, tableName }: Table): Promise<number | undefined> {
  const { pages, isMore } = await firstPages(client, { TableName: tableName, ...ENTITIES });
  return isMore ? undefined : pages.reduce((count, { Count = 0 }) => count + Count, 0);
}

/** Counts the entities of a cache. It reads the whole table. @param progress called after each page */
export async function countEntities({ client, tableName }: Table, progress: () => void): Promise<number> {
  let count = 0;
  const pages = paginateScan({ client }, { TableName: tableName, Limit: PAGE_ITEMS, ...ENTITIES });
  for await (const { Count = 0 } of pages) {
    progress();
    count += Count;
  }
  return count;
}
