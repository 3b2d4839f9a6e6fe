import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { adaptiveDynamoDbClient, dynamoDbClient, sqsClient } from '../adapters/aws/clients.ts';
import { isTransient } from '../adapters/aws/transient.ts';
import { createCacheWriter } from '../adapters/project/cache-writer.ts';
import { createParking } from '../adapters/project/parking-table.ts';
import { createPostponing } from '../adapters/project/postpone.ts';
import { receivedMessage, timeLeft } from '../adapters/project/queue.ts';
import { projectorTelemetry } from '../adapters/project/telemetry.ts';
import { createGapNotice, createSchemaChecks } from '../adapters/repair/gaps.ts';
import { projectBatch } from '../core/project/batch.ts';
import boundary from './boundary.ts';
import { emitter, projectSettings, required } from './environment.ts';

const client = dynamoDbClient();
const queues = sqsClient();
const queueUrl = required('QUEUE_URL');
const cacheTable = required('CACHE_TABLE');
const settings = projectSettings();
const ports = {
  ...createCacheWriter({ client: adaptiveDynamoDbClient(), tableName: cacheTable }),
  ...createParking({ client, cacheTable, parkingTable: required('PARKING_TABLE') }),
  requestResync: createGapNotice({ client: queues, queueUrl: required('GAP_QUEUE_URL') }),
  awaitSchema: createSchemaChecks({ client: queues, queueUrl: required('GAP_QUEUE_URL') }),
};
const report = projectorTelemetry(emitter(boundary.name));

/** Applies a batch of events to the cache. Only the messages of failed groups return to the queue. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const receivedAtMs = Date.now();
  const handles = new Map(event.Records.map(({ messageId, receiptHandle }) => [messageId, receiptHandle]));
  const postpone = createPostponing({ client: queues, queueUrl, receiptHandle: (id) => handles.get(id) });
  const { outOfTime, cancel } = timeLeft(context);
  const projection = { boundary, ports: { ...ports, postpone }, settings, isTransient, nowMs: Date.now };
  const result = await projectBatch(projection, event.Records.map(receivedMessage), outOfTime);
  cancel();
  report(result, receivedAtMs, Date.now());
  return { batchItemFailures: result.returned.map(({ message }) => ({ itemIdentifier: message.messageId })) };
}
