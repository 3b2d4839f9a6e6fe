import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { dynamoDbClient, snsClient } from '../adapters/aws/clients.ts';
import { connectPostgres } from '../adapters/postgres/connection.ts';
import { operateOwner } from '../adapters/postgres/operate.ts';
import { createPostgresOwner } from '../adapters/postgres/owner.ts';
import { createPostgresSource } from '../adapters/postgres/source.ts';
import type { SqlClient } from '../adapters/postgres/sql-client.ts';
import { createParking } from '../adapters/project/parking-table.ts';
import { eachRecord } from '../adapters/project/queue.ts';
import { repairTelemetry } from '../adapters/project/telemetry.ts';
import { relayFailure } from '../adapters/relay/failure.ts';
import { createPublisher } from '../adapters/relay/topic.ts';
import { createAnswers, createPace } from '../adapters/repair/answers.ts';
import { parseOwnerOperation } from '../core/repair/owner-operation.ts';
import boundary from './boundary.ts';
import { emitter, required } from './environment.ts';
import { databaseSettings } from './postgres.ts';

const database = databaseSettings();
const schema = required('DATABASE_SCHEMA');
const parkingTable = required('PARKING_TABLE');
const resyncQueueArn = required('RESYNC_QUEUE_ARN');
const owner = createPostgresOwner({ boundary, schema });
const report = repairTelemetry(emitter(boundary.name));
const publish = createPublisher({ client: snsClient(), topicArn: required('TOPIC_ARN') });
const pace = createPace(Number(required('REPAIR_RATE')));
// Only `park` is used, which writes to the parking table alone.
const { park } = createParking({ client: dynamoDbClient(), cacheTable: parkingTable, parkingTable });

/** Publishes to each cache what it asks for, parks the relay's failures, and executes an operator's operations. */
export async function handler(event: SQSEvent | object): Promise<SQSBatchResponse | object> {
  if (!('Records' in event)) return operated(event);
  // Failures are parked even while the database can't be reached.
  if (event.Records.every(({ eventSourceARN }) => eventSourceARN !== resyncQueueArn)) {
    return eachRecord(event, (record) => park(relayFailure(record, Date.now(), '')), report.returned);
  }
  const client = await connectPostgres(database);
  try {
    return await eachRecord(event, answering(client), report.returned);
  } finally {
    await client.end();
  }
}

async function operated(event: object): Promise<object> {
  const operation = parseOwnerOperation(event);
  if (operation === undefined) {
    const message = 'not an operation of the repair function. Allowed: an operation of core/repair/owner-operation.ts';
    return { refused: { message } };
  }
  const client = await connectPostgres(database);
  try {
    const answer = await operateOwner({ client, schema, owner }, operation);
    if ('result' in answer) report.operated(operation.operation, answer);
    return answer;
  } finally {
    await client.end();
  }
}

function answering(client: SqlClient): (record: SQSRecord) => Promise<void> {
  const source = createPostgresSource({ client, schema });
  const answer = createAnswers(boundary, { ...source, publish, pace, nowMs: Date.now });
  return async (record) => {
    const why = await answer(record);
    if (why !== undefined) report.ignored(record.messageId, why);
  };
}
