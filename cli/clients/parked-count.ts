import { type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';

/** The most items that are read. A higher count wouldn't tell more. */
const MAX_LOOKED_AT = 5_000;

/** Counts the parked and held events of a parking table, up to 5,000. */
export async function countParked(client: DynamoDBClient, parkingTable: string): Promise<number> {
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
