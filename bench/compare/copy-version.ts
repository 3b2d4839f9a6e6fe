import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { keyItem } from '../../adapters/aws/items.ts';
import { entityRef } from '../../core/entity.ts';

/** Looks up the versions that a listener has stored. The version is 0 for an unknown entity. */
export function copyVersion({ client, tableName }: { client: DynamoDBClient; tableName: string }) {
  return async (type: string, id: string): Promise<number> => {
    const Key = keyItem(entityRef(type, id));
    const { Item } = await client.send(new GetItemCommand({ TableName: tableName, Key }));
    return Number(Item?.version?.N ?? 0);
  };
}
