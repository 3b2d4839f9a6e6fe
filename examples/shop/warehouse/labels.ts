import { type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { isTaken } from '../../../adapters/aws/condition.ts';

/** Labels, by the order's id. Effects come side by side, so a parcel can be called back before its label is printed. */
export interface Labels {
  /** @returns whether it was printed now: not where it was before, or the parcel is called back */
  print(orderId: string, idempotencyKey: string): Promise<boolean>;
  /** @returns whether there is a parcel to bring back */
  recall(orderId: string): Promise<boolean>;
}

export function createLabels(client: DynamoDBClient, TableName: string): Labels {
  const keyOf = (orderId: string) => ({ TableName, Key: { id: { S: orderId } } });
  return {
    async print(orderId, idempotencyKey) {
      return isTaken(
        client.send(
          new UpdateItemCommand({
            ...keyOf(orderId),
            UpdateExpression: 'SET label = :label',
            ConditionExpression: 'attribute_not_exists(id)',
            ExpressionAttributeValues: { ':label': { S: idempotencyKey } },
          }),
        ),
      );
    },
    async recall(orderId) {
      const { Attributes } = await client.send(
        new UpdateItemCommand({
          ...keyOf(orderId),
          UpdateExpression: 'SET recalled = :true',
          ExpressionAttributeValues: { ':true': { BOOL: true } },
          ReturnValues: 'ALL_NEW',
        }),
      );
      return Attributes?.label !== undefined;
    },
  };
}
