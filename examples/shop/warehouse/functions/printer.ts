import { ConditionalCheckFailedException, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { dynamoDbClient } from '../../../../adapters/clients.ts';
import { effectBatch } from '../../../../adapters/saga-batch.ts';
import { required } from '../../service/environment.ts';

const client = dynamoDbClient();
const TableName = required('LABELS_TABLE');

/** Prints a label for each decision: one for each idempotency key, however often it is told. */
export function handler(event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
  return effectBatch(['CreateShippingLabel'], event, async ({ idempotencyKey, key }) => {
    const Item = { id: { S: idempotencyKey }, orderId: { S: key } };
    try {
      await client.send(new PutItemCommand({ TableName, Item, ConditionExpression: 'attribute_not_exists(id)' }));
      console.log(JSON.stringify({ level: 'INFO', message: 'label printed', orderId: key }));
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  });
}
