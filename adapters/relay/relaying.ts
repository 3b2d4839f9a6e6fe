import type { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import type { Boundary } from '../../core/contract/contract.ts';
import type { Emitter } from '../../core/metrics.ts';
import { isLate, type RelayOptions, relayBatch } from '../../core/relay/batch.ts';
import type { StreamChange } from '../../core/relay/message.ts';
import type { Sender } from '../aws/clients.ts';
import { relayTelemetry } from '../project/telemetry.ts';
import { createDiverting } from './divert.ts';
import { createPublisher } from './topic.ts';

/**
 * Creates a handler that publishes a batch of a table's stream and emits metrics. Lambda retries the batch from the
 * first failed record, because records are processed in stream order.
 *
 * @param options.emitter the relay in metrics
 * @param options.change reads a stream record
 * @param options.conflateAfterSeconds age of a batch from which several versions of an entity are published as one;
 *   default: never
 * @returns a function of the batch and of how to relay it
 */
export function createRelaying(options: {
  readonly boundary: Boundary;
  readonly emitter: Emitter;
  readonly topics: SNSClient;
  readonly topicArn: string;
  readonly queues: Sender<SQSClient>;
  readonly failureQueueUrl: string;
  readonly change: (record: DynamoDBRecord) => StreamChange;
  readonly conflateAfterSeconds?: number;
}): (event: DynamoDBStreamEvent, options?: RelayOptions) => Promise<DynamoDBBatchResponse> {
  const { boundary, emitter, topics, topicArn, queues, failureQueueUrl, change, conflateAfterSeconds } = options;
  const publish = createPublisher({ client: topics, topicArn });
  const report = relayTelemetry(emitter);
  return async ({ Records }, { conflate = false, readsCompressed }: RelayOptions = {}) => {
    const records = new Map(Records.map((record) => [record.dynamodb?.SequenceNumber, record]));
    const divert = createDiverting({
      client: queues,
      queueUrl: failureQueueUrl,
      record: (sequenceNumber) => records.get(sequenceNumber),
    });
    const now = new Date();
    const changes = Records.map(change);
    const isConflated = conflate || isLate(changes, now.getTime(), conflateAfterSeconds);
    const result = await relayBatch(
      boundary,
      changes,
      now.toISOString(),
      { publish, divert },
      {
        conflate: isConflated,
        readsCompressed,
      },
    );
    report(result, Date.now());
    // Failed records are in stream order.
    const [first] = result.failed;
    return { batchItemFailures: first === undefined ? [] : [{ itemIdentifier: first }] };
  };
}
