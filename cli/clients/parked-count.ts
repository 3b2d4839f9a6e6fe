import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { firstPages } from 'freshet-aws/internal/adapters/aws/first-pages';

/** Counts the parked and held events, but only in the first 10 MB of the parking table. */
export async function countParked(client: DynamoDBClient, parkingTable: string): Promise<number> {
  const { pages } = await firstPages(client, {
    TableName: parkingTable,
    Select: 'COUNT',
    FilterExpression: 'attribute_exists(setAsideAt)',
  });
  return pages.reduce((count, { Count = 0 }) => count + Count, 0);
}
