import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import boundary from '#contracts';
import { createCacheWriter } from '../adapters/cache-table.ts';
import { dynamoDbClient, sqsClient } from '../adapters/clients.ts';
import { createParking, createPostponing } from '../adapters/set-aside.ts';
import { projectorTelemetry } from '../adapters/telemetry.ts';
import { projectBatch } from '../core/project.ts';
import { required } from './environment.ts';

const queues = sqsClient();
const queueUrl = required('QUEUE_URL');
const write = createCacheWriter({ client: dynamoDbClient(), tableName: required('CACHE_TABLE') });
const park = createParking({ client: queues, queueUrl: required('DEAD_LETTER_QUEUE_URL') });
const tombstoneLifeSeconds = Number(required('TOMBSTONE_LIFE_SECONDS'));
const report = projectorTelemetry(boundary.name);

/** Applies a batch of events to the cache; messages of groups that failed are returned, and only those. */
export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  const handles = new Map(event.Records.map(({ messageId, receiptHandle }) => [messageId, receiptHandle]));
  const messages = event.Records.map(({ messageId, body, attributes }) => ({
    messageId,
    body,
    groupId: attributes.MessageGroupId ?? '',
    receiveCount: Number(attributes.ApproximateReceiveCount),
  }));
  const postpone = createPostponing({ client: queues, queueUrl, receiptHandle: (id) => handles.get(id) });
  const result = await projectBatch(boundary, messages, { write, park, postpone }, Date.now, tombstoneLifeSeconds);
  report(result);
  return { batchItemFailures: result.returned.map(({ message }) => ({ itemIdentifier: message.messageId })) };
}
