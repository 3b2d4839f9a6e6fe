import { type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { isWritten } from '../service/writes.ts';

/**
 * Labels by order id. Effects are carried out side by side, so a parcel can be recalled before its label is printed.
 */
export interface Labels {
  /** @returns whether the label was printed now; false if it was printed before, or if the parcel is recalled */
  print(orderId: string, idempotencyKey: string): Promise<boolean>;
  /** @returns whether there is a parcel to bring back */
  recall(orderId: string): Promise<boolean>;
}

/** Opens the warehouse's table of labels. */
export function createLabels(client: DynamoDBClient, TableName: string): Labels {
  const keyOf = (orderId: string) => ({ TableName, Key: { id: { S: orderId } } });
  return {
    async print(orderId, idempotencyKey) {
      const update = new UpdateItemCommand({
        ...keyOf(orderId),
        UpdateExpression: 'SET label = :label',
        ConditionExpression: 'attribute_not_exists(id)',
        ExpressionAttributeValues: { ':label': { S: idempotencyKey } },
      });
      return isWritten(client.send(update));
    },
    async recall(orderId) {
      const update = new UpdateItemCommand({
        ...keyOf(orderId),
        UpdateExpression: 'SET recalled = :true',
        ExpressionAttributeValues: { ':true': { BOOL: true } },
        ReturnValues: 'ALL_NEW',
      });
      const { Attributes } = await client.send(update);
      return Attributes?.label !== undefined;
    },
  };
}
