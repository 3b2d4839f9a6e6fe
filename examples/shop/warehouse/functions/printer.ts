import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { dynamoDbClient } from '../../../../adapters/aws/clients.ts';
import { effectBatch } from '../../../../adapters/saga/batch.ts';
import { required } from '../../service/environment.ts';
import { createLabels } from '../labels.ts';

const labels = createLabels(dynamoDbClient(), required('LABELS_TABLE'));

function log(message: string, orderId: string): void {
  console.log(JSON.stringify({ level: 'INFO', message, orderId }));
}

/** Prints a label for each order, once however often it is told, and calls parcels back. */
export function handler(event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
  return effectBatch(
    {
      async CreateShippingLabel({ key, idempotencyKey }) {
        if (await labels.print(key, idempotencyKey)) log('label printed', key);
      },
      async RecallParcel({ key }) {
        log((await labels.recall(key)) ? 'parcel called back' : 'label withdrawn before it was printed', key);
      },
    },
    event,
  );
}
