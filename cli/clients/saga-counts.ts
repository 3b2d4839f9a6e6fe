import { type DynamoDBClient, paginateQuery } from '@aws-sdk/client-dynamodb';
import { ATTRIBUTE, DUE_INDEX, SAGA_ATTRIBUTE } from 'freshet-aws/internal/adapters/aws/items';
import { INSTANCE } from 'freshet-aws/internal/adapters/saga/items';
import { createSagaStore } from 'freshet-aws/internal/adapters/saga/table';
import { PARTITIONS_PER_TYPE, partitionKey } from 'freshet-aws/internal/core/entity';
import type { SagaInstance } from 'freshet-aws/internal/core/saga/step';

/** The table of a saga. */
interface SagaTable {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

/** Counts the instances whose deadline has passed and for which no alert has been raised. Reads only these. */
export async function countDue({ client, tableName }: SagaTable, nowMs: number): Promise<number> {
  const partitions = Array.from({ length: PARTITIONS_PER_TYPE }, async (_, n) => {
    let count = 0;
    const pages = paginateQuery(
      { client },
      {
        TableName: tableName,
        IndexName: DUE_INDEX,
        Select: 'COUNT',
        KeyConditionExpression: '#pk = :pk AND #due <= :at',
        ExpressionAttributeNames: { '#pk': ATTRIBUTE.partition, '#due': SAGA_ATTRIBUTE.dueAt },
        ExpressionAttributeValues: { ':pk': { S: partitionKey(INSTANCE, n) }, ':at': { N: String(nowMs) } },
      },
    );
    for await (const { Count = 0 } of pages) count += Count;
    return count;
  });
  return (await Promise.all(partitions)).reduce((sum, one) => sum + one, 0);
}

/** Pages of instances that are read unless all are counted. */
const FIRST_PAGES = 20;

/**
 * Counts the stored instances by their status; undefined if there are more than a few pages of them.
 *
 * @param options.countAll whether to read all pages
 * @param options.progress called after each page
 */
export async function countInstances(
  { client, tableName }: SagaTable,
  saga: string,
  { countAll = false, progress = () => undefined }: { countAll?: boolean; progress?: () => void } = {},
): Promise<Record<SagaInstance['status'], number> | undefined> {
  const counts = { waiting: 0, decided: 0, cancelled: 0 };
  const store = createSagaStore({ client, tableName, saga });
  let cursor: string | undefined;
  for (let page = 1; countAll || page <= FIRST_PAGES; page += 1) {
    const found = await store.page(cursor);
    progress();
    for (const { status } of found.items) counts[status] += 1;
    cursor = found.cursor;
    if (cursor === undefined) return counts;
  }
  return undefined;
}
