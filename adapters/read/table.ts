import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** A cache's table. */
export interface CacheTable {
  readonly tableName: string;
  readonly client: DynamoDBClient;
}
