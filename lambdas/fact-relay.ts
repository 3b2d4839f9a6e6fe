import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { snsClient, sqsClient } from '../adapters/clients.ts';
import { factChange } from '../adapters/facts.ts';
import { createDiverting } from '../adapters/set-aside.ts';
import { relayTelemetry } from '../adapters/telemetry.ts';
import { createPublisher } from '../adapters/topic.ts';
import { relayBatch } from '../core/relay/batch.ts';
import boundary from './boundary.ts';
import { required } from './environment.ts';

const queues = sqsClient();
const failureQueueUrl = required('FAILURE_QUEUE_URL');
const publish = createPublisher({ client: snsClient(), topicArn: required('TOPIC_ARN') });
// Not under the boundary's name: the governor of its entities counts what their relay publishes.
const report = relayTelemetry(`${boundary.name}:facts`);

/** Publishes a batch of the facts that a boundary committed; the first record that failed restarts the batch. */
export async function handler(event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
  const records = new Map(event.Records.map((record) => [record.dynamodb?.SequenceNumber, record]));
  const divert = createDiverting({
    client: queues,
    queueUrl: failureQueueUrl,
    record: (number) => records.get(number),
  });
  const publishedAt = new Date().toISOString();
  const result = await relayBatch(boundary, event.Records.map(factChange), publishedAt, { publish, divert });
  report(result, Date.now());
  const [first] = result.failed;
  return { batchItemFailures: first === undefined ? [] : [{ itemIdentifier: first }] };
}
