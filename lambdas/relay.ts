import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { createdLater, dynamoDbClient, snsClient, sqsClient } from '../adapters/aws/clients.ts';
import { createFlow } from '../adapters/govern/flow.ts';
import { createRelaying } from '../adapters/relay/relaying.ts';
import { streamChange } from '../adapters/relay/stream.ts';
import boundary from './boundary.ts';
import { emitter, required } from './environment.ts';

const flow = createFlow({ client: dynamoDbClient(), tableName: required('FLOW_TABLE') });
const relay = createRelaying({
  boundary,
  emitter: emitter(boundary.name),
  topics: snsClient(),
  topicArn: required('TOPIC_ARN'),
  // Only a record that can't be published needs it.
  queues: createdLater(sqsClient),
  failureQueueUrl: required('FAILURE_QUEUE_URL'),
  change: streamChange,
  conflateAfterSeconds: Number(required('CONFLATE_AFTER_SECONDS')),
});

/**
 * Publishes a batch of the owner's commits. While a cache or the relay itself lags, several changes of an
 * entity are published as one.
 */
export async function handler(event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
  const [state, readsCompressed] = await Promise.all([flow.state(), flow.readsCompressed()]);
  return relay(event, { conflate: state !== 'normal', readsCompressed });
}
