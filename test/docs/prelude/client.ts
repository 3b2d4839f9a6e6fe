import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

declare const client: DynamoDBClient;
declare const tableName: string;
