import type { DynamoDBBatchResponse, DynamoDBStreamEvent, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { createEffectRetries, dynamoDbClient, effectBatch } from 'freshet-aws';
import { required } from '../../service/environment.ts';
import { createLabels } from '../labels.ts';
import type shipping from '../shipping.ts';

const client = dynamoDbClient();
const labels = createLabels(client, required('LABELS_TABLE'));
const retries = createEffectRetries({ client, settings: required('EFFECT_RETRIES') });

function log(message: string, orderId: string): void {
  console.log(JSON.stringify({ level: 'INFO', message, orderId }));
}

/**
 * Prints one label for each order, even if the effect arrives several times, and recalls parcels. An effect that fails
 * is retried from a queue.
 */
export function handler(event: DynamoDBStreamEvent | SQSEvent): Promise<DynamoDBBatchResponse & SQSBatchResponse> {
  return effectBatch<typeof shipping>(
    {
      async CreateShippingLabel({ data, idempotencyKey }) {
        if (await labels.print(data.orderId, idempotencyKey)) log('label printed', data.orderId);
      },
      async RecallParcel({ key }) {
        log((await labels.recall(key)) ? 'parcel recalled' : 'label cancelled before it was printed', key);
      },
    },
    event,
    { retries },
  );
}
