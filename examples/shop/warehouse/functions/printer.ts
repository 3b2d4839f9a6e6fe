import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { dynamoDbClient, effectBatch } from 'freshet-aws';
import { required } from '../../service/environment.ts';
import { createLabels } from '../labels.ts';

const labels = createLabels(dynamoDbClient(), required('LABELS_TABLE'));

function log(message: string, orderId: string): void {
  console.log(JSON.stringify({ level: 'INFO', message, orderId }));
}

/** Prints one label for each order, even if the effect arrives several times, and recalls parcels. */
export function handler(event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
  return effectBatch(
    {
      async CreateShippingLabel({ key, idempotencyKey }) {
        if (await labels.print(key, idempotencyKey)) log('label printed', key);
      },
      async RecallParcel({ key }) {
        log((await labels.recall(key)) ? 'parcel recalled' : 'label cancelled before it was printed', key);
      },
    },
    event,
  );
}
