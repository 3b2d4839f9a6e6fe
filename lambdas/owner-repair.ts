import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { dynamoDbClient, snsClient } from '../adapters/aws/clients.ts';
import { createOwnerPages } from '../adapters/own/owner-pages.ts';
import { createOwnerRecords } from '../adapters/own/owner-records.ts';
import { createParking } from '../adapters/project/parking-table.ts';
import { eachRecord } from '../adapters/project/queue.ts';
import { repairTelemetry } from '../adapters/project/telemetry.ts';
import { relayFailure } from '../adapters/relay/failure.ts';
import { createPublisher } from '../adapters/relay/topic.ts';
import { createAnswers, createPace } from '../adapters/repair/answers.ts';
import boundary from './boundary.ts';
import { emitter, required } from './environment.ts';

const client = dynamoDbClient();
const ownerTable = required('OWNER_TABLE');
const resyncQueueArn = required('RESYNC_QUEUE_ARN');
const report = repairTelemetry(emitter(boundary.name));
const answer = createAnswers(boundary, {
  get: createOwnerRecords({ client, tableName: ownerTable }).get,
  ...createOwnerPages({ client, tableName: ownerTable }),
  publish: createPublisher({ client: snsClient(), topicArn: required('TOPIC_ARN') }),
  pace: createPace(Number(required('REPAIR_RATE'))),
  nowMs: Date.now,
});
const { park } = createParking({ client, cacheTable: ownerTable, parkingTable: required('PARKING_TABLE') });

/** Publishes to each cache what it asks for, and parks the relay's failures. */
export function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  return eachRecord(event, answerOrPark, report.returned);
}

async function answerOrPark(record: SQSRecord): Promise<void> {
  if (record.eventSourceARN !== resyncQueueArn) return park(relayFailure(record, Date.now(), ownerTable));
  const why = await answer(record);
  if (why !== undefined) report.ignored(record.messageId, why);
}
