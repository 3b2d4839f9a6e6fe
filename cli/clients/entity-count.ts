import {
  type DynamoDBClient,
  ScanCommand,
  type ScanCommandInput,
  type ScanCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { firstPages } from 'freshet-aws/internal/adapters/aws/first-pages';
import { ATTRIBUTE } from 'freshet-aws/internal/adapters/aws/items';
import { HEARTBEAT_ID } from 'freshet-aws/internal/core/entity';

/** The segments in which a whole table is read. */
const SEGMENTS = 4;

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
  const segments = Array.from({ length: SEGMENTS }, async (_, Segment) => {
    let count = 0;
    let from: ScanCommandOutput['LastEvaluatedKey'];
    do {
      const segment = { Segment, TotalSegments: SEGMENTS, ExclusiveStartKey: from };
      const page: ScanCommandOutput = await client.send(
        new ScanCommand({ TableName: tableName, ...ENTITIES, ...segment }),
      );
      progress();
      count += page.Count ?? 0;
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
    return count;
  });
  return (await Promise.all(segments)).reduce((sum, count) => sum + count, 0);
}
