import type { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import type { Boundary } from '../../core/contract.ts';
import { relayBatch } from '../../core/relay/batch.ts';
import type { StreamChange } from '../../core/relay/message.ts';
import { createDiverting } from '../project/set-aside.ts';
import { relayTelemetry } from '../project/telemetry.ts';
import { createPublisher } from './topic.ts';

/**
 * Publishes what a table's stream brings, a batch at a time, and counts what became of it. The first record that failed restarts the batch, since the
 * stream's order binds.
 *
 * @param options.name what the relay's metrics are under
 * @param options.change what a record says
 * @returns takes a batch, and whether several versions of one entity leave as one; default each by itself
 */
export function createRelaying(options: {
  readonly boundary: Boundary;
  readonly name: string;
  readonly topics: SNSClient;
  readonly topicArn: string;
  readonly queues: SQSClient;
  readonly failureQueueUrl: string;
  readonly change: (record: DynamoDBRecord) => StreamChange;
}): (event: DynamoDBStreamEvent, conflate?: boolean) => Promise<DynamoDBBatchResponse> {
  const { boundary, name, topics, topicArn, queues, failureQueueUrl, change } = options;
  const publish = createPublisher({ client: topics, topicArn });
  const report = relayTelemetry(name);
  return async ({ Records }, conflate = false) => {
    const records = new Map(Records.map((record) => [record.dynamodb?.SequenceNumber, record]));
    const divert = createDiverting({
      client: queues,
      queueUrl: failureQueueUrl,
      record: (sequenceNumber) => records.get(sequenceNumber),
    });
    const publishedAt = new Date().toISOString();
    const result = await relayBatch(boundary, Records.map(change), publishedAt, { publish, divert }, conflate);
    report(result, Date.now());
    // In the stream's order.
    const [first] = result.failed;
    return { batchItemFailures: first === undefined ? [] : [{ itemIdentifier: first }] };
  };
}
