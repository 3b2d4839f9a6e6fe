import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { dynamoDbClient, snsClient, sqsClient } from '../adapters/clients.ts';
import { createFlow } from '../adapters/flow.ts';
import { createDiverting } from '../adapters/set-aside.ts';
import { streamChange } from '../adapters/stream.ts';
import { relayTelemetry } from '../adapters/telemetry.ts';
import { createPublisher } from '../adapters/topic.ts';
import { relayBatch } from '../core/relay/batch.ts';
import boundary from './boundary.ts';
import { required } from './environment.ts';

const queues = sqsClient();
const failureQueueUrl = required('FAILURE_QUEUE_URL');
const publish = createPublisher({ client: snsClient(), topicArn: required('TOPIC_ARN') });
const flow = createFlow({ client: dynamoDbClient(), tableName: required('FLOW_TABLE') });
const report = relayTelemetry(boundary.name);

/** Publishes a batch of the owner's commits; the first record that failed restarts the batch, since the stream's order binds. */
export async function handler(event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
  const records = new Map(event.Records.map((record) => [record.dynamodb?.SequenceNumber, record]));
  const divert = createDiverting({
    client: queues,
    queueUrl: failureQueueUrl,
    record: (number) => records.get(number),
  });
  // While a cache lags, several changes of one entity leave as one.
  const conflate = (await flow.state()) !== 'normal';
  const publishedAt = new Date().toISOString();
  const changes = event.Records.map(streamChange);
  const result = await relayBatch(boundary, changes, publishedAt, { publish, divert }, conflate);
  report(result, Date.now());
  const failed = new Set(result.failed);
  const first = event.Records.find(({ dynamodb }) => failed.has(dynamodb?.SequenceNumber ?? ''));
  return { batchItemFailures: first ? [{ itemIdentifier: first.dynamodb?.SequenceNumber ?? '' }] : [] };
}
