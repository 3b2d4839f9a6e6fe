import { type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';

/** Most items that are read to count: whoever has more set aside has trouble enough to see. */
const MAX_LOOKED_AT = 5_000;

/** How many events lie in a parking table, parked or held. Reads 5,000 items at most, and counts no further. */
export async function countAside(client: DynamoDBClient, parkingTable: string): Promise<number> {
  let count = 0;
  let looked = 0;
  const pages = paginateScan(
    { client },
    { TableName: parkingTable, Select: 'COUNT', FilterExpression: 'attribute_exists(setAsideAt)' },
  );
  for await (const { Count = 0, ScannedCount = 0 } of pages) {
    count += Count;
    looked += ScannedCount;
    if (looked >= MAX_LOOKED_AT) break;
  }
  return count;
}
