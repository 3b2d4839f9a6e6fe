import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { createAdopting } from '../adapters/adopt/adopting.ts';
import { adaptiveDynamoDbClient, sqsClient } from '../adapters/aws/clients.ts';
import boundary from './boundary.ts';
import { emitter, required } from './environment.ts';

const adopt = createAdopting({
  boundary,
  emitter: emitter(boundary.name),
  client: adaptiveDynamoDbClient(),
  tableName: required('OWNER_TABLE'),
  queues: sqsClient(),
  failureQueueUrl: required('FAILURE_QUEUE_URL'),
});

/** Copies a batch of an existing table's changes to the owner's table. */
export async function handler(event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
  return adopt(event);
}
