import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { snsClient, sqsClient } from '../adapters/aws/clients.ts';
import { factChange } from '../adapters/facts/outbox.ts';
import { createRelaying } from '../adapters/relay/relaying.ts';
import { factRelayName } from '../core/monitoring-names.ts';
import boundary from './boundary.ts';
import { emitter, required } from './environment.ts';

const relay = createRelaying({
  boundary,
  // Not the boundary's name, because the governor reads the metrics of the entities' relay under that name.
  emitter: emitter(factRelayName(boundary.name)),
  topics: snsClient(),
  topicArn: required('TOPIC_ARN'),
  queues: sqsClient(),
  failureQueueUrl: required('FAILURE_QUEUE_URL'),
  change: factChange,
});

/** Publishes a batch of a boundary's committed facts. */
export async function handler(event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
  return relay(event);
}
