import { setImmediate } from 'node:timers/promises';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { adaptiveDynamoDbClient, createdLater, dynamoDbClient, sqsClient } from '../adapters/aws/clients.ts';
import { isTransient } from '../adapters/aws/transient.ts';
import { createCacheWriter } from '../adapters/project/cache-writer.ts';
import { createParking } from '../adapters/project/parking-table.ts';
import { createPostponing } from '../adapters/project/postpone.ts';
import { receivedMessage, timeLeft } from '../adapters/project/queue.ts';
import { projectorTelemetry } from '../adapters/project/telemetry.ts';
import { createGapNotice, createSchemaChecks } from '../adapters/repair/gap-notices.ts';
import { createPageQueue } from '../adapters/repair/page-queue.ts';
import { projectBatch } from '../core/project/batch.ts';
import type { ReceivedMessage } from '../core/project/ports.ts';
import { isPageGroup, parsePage } from '../core/repair/pages.ts';
import boundary from './boundary.ts';
import { emitter, projectSettings, required } from './environment.ts';

// Only failures and pages need these clients.
const client = createdLater(dynamoDbClient);
const queues = createdLater(sqsClient);
const queueUrl = required('QUEUE_URL');
const cacheTable = required('CACHE_TABLE');
const settings = projectSettings();
const ports = {
  ...createCacheWriter({ client: adaptiveDynamoDbClient(), tableName: cacheTable }),
  ...createParking({ client, cacheTable, parkingTable: required('PARKING_TABLE') }),
  requestResync: createGapNotice({ client: queues, queueUrl: required('GAP_QUEUE_URL') }),
  awaitSchema: createSchemaChecks({ client: queues, queueUrl: required('GAP_QUEUE_URL') }),
};
const pages = createPageQueue(queues, required('PAGE_QUEUE_URL'));
const report = projectorTelemetry(emitter(boundary.name));

/**
 * Applies a batch of events to the cache, and hands pages of owners over to the repair function. Only the messages of
 * failed groups return to the queue.
 */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const receivedAtMs = Date.now();
  const handles = new Map(event.Records.map(({ messageId, receiptHandle }) => [messageId, receiptHandle]));
  const postpone = createPostponing({ client: queues, queueUrl, receiptHandle: (id) => handles.get(id) });
  const { outOfTime, cancel } = timeLeft(context);
  const messages = event.Records.map(receivedMessage);
  const handedOver = handOver(messages.filter(isPage));
  const projection = {
    boundary,
    ports: { ...ports, postpone },
    settings,
    isTransient,
    nowMs: Date.now,
    pause: setImmediate,
  };
  const events = messages.filter((one) => !isPage(one));
  const result = await projectBatch(projection, events, outOfTime);
  cancel();
  report(result, receivedAtMs, Date.now());
  const returned = [...result.returned.map(({ message }) => message.messageId), ...(await handedOver)];
  return { batchItemFailures: returned.map((itemIdentifier) => ({ itemIdentifier })) };
}

/** Whether a message is a page. Anything else in the group of pages is parked like any message that isn't an event. */
function isPage({ groupId, body }: ReceivedMessage): boolean {
  return isPageGroup(groupId) && parsePage(body) !== undefined;
}

/** Returns the ids of the pages that couldn't be handed over. */
async function handOver(found: readonly ReceivedMessage[]): Promise<string[]> {
  const results = await Promise.allSettled(found.map(({ body }) => pages.page(body)));
  return found.flatMap(({ messageId }, index) => (results[index]?.status === 'rejected' ? [messageId] : []));
}
