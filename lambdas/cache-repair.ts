import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { dynamoDbClient, sqsClient } from '../adapters/aws/clients.ts';
import { isTransient } from '../adapters/aws/transient.ts';
import { createCacheWriter } from '../adapters/project/cache-writer.ts';
import { createParking } from '../adapters/project/parking-table.ts';
import { eachRecord, receivedMessage, timeLeft } from '../adapters/project/queue.ts';
import { projectorTelemetry, repairTelemetry } from '../adapters/project/telemetry.ts';
import { createReadinessWriter, parseReadiness } from '../adapters/read/readiness.ts';
import { createCrashNotes, deadMessage } from '../adapters/repair/dead-letters.ts';
import {
  createGapNotice,
  createHealing,
  createSchemaChecks,
  parseGapNotice,
  parseSchemaCheck,
} from '../adapters/repair/gaps.ts';
import { createRepair } from '../adapters/repair/parked-events.ts';
import { projectBatch } from '../core/project/batch.ts';
import { deadLetter, treatDeadLetters } from '../core/repair/dead-letter.ts';
import { heal } from '../core/repair/heal.ts';
import { redriveKnown } from '../core/repair/newer-schema.ts';
import { operate } from '../core/repair/operate.ts';
import { parseOperation } from '../core/repair/operation.ts';
import boundary from './boundary.ts';
import { emitter, projectSettings, required } from './environment.ts';

const client = dynamoDbClient();
const queues = sqsClient();
const cacheTable = required('CACHE_TABLE');
const parkingTable = required('PARKING_TABLE');
const gapQueueUrl = required('GAP_QUEUE_URL');
const gapQueueArn = required('GAP_QUEUE_ARN');
const deadLetterQueueArn = required('DEAD_LETTER_QUEUE_ARN');
const resyncQueues = JSON.parse(required('RESYNC_QUEUES')) as Record<string, string>;
const settings = projectSettings();
const nowMs = Date.now;

const cache = createCacheWriter({ client, tableName: cacheTable });
const parking = createParking({ client, cacheTable, parkingTable });
const projection = {
  boundary,
  settings,
  isTransient,
  nowMs,
  ports: {
    ...cache,
    ...parking,
    requestResync: createGapNotice({ client: queues, queueUrl: gapQueueUrl }),
    // A parked event has its check already.
    awaitSchema: async () => {},
    // Redriven events come from the parking table, so there is no message to postpone.
    postpone: async () => {},
  },
};
const repair = {
  ...createRepair({ client, cacheTable, parkingTable, nowMs, tombstoneLifeSeconds: settings.tombstoneLifeSeconds }),
  parseReadiness,
  noteReadiness: createReadinessWriter({ client, tableName: cacheTable }),
};
const healing = createHealing({
  table: { client, parkingTable },
  cached: async (entity) => {
    const stored = await cache.read(entity);
    return { version: stored?.version ?? 0, isStopped: stored?.stopMarker !== undefined };
  },
  queues,
  gapQueueUrl,
  cache: boundary.name,
  resyncQueueUrl: (type) => resyncQueues[boundary.caches[type]?.contract.owner ?? ''],
});

const checkSchema = createSchemaChecks({ client: queues, queueUrl: gapQueueUrl });
// A dead letter has no check yet. One that is returned stays hidden until its queue's visibility time-out ends.
const ofDeadLetters = { ...projection, ports: { ...projection.ports, awaitSchema: checkSchema } };
const { hasCrashed } = createCrashNotes({ client, parkingTable });

const report = repairTelemetry(emitter(boundary.name));
const reportProjected = projectorTelemetry(emitter(boundary.name));

/** Heals gaps, treats dead letters and executes an operator's operations. */
export async function handler(event: SQSEvent | object, context: Context): Promise<SQSBatchResponse | object> {
  if ('Records' in event) {
    const areDead = event.Records.some(({ eventSourceARN }) => eventSourceARN === deadLetterQueueArn);
    return areDead ? repairDeadLetters(event, context) : eachRecord(event, repairRecord);
  }
  const operation = parseOperation(event);
  if (operation === undefined) {
    return { refused: 'not an operation of the repair function. Allowed: an operation of core/repair/operation.ts' };
  }
  const result = await operate(projection, repair, operation);
  report.operated(operation.operation, result);
  return result;
}

/** Parks messages that crashed the projector, and projects those that it never tried. */
async function repairDeadLetters({ Records }: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const receivedAtMs = nowMs();
  const { outOfTime, cancel } = timeLeft(context);
  const idOf = new Map(Records.map((record) => [deadMessage(record), record.messageId]));
  const { parked, report: projected } = await treatDeadLetters(
    [...idOf.keys()],
    {
      hasCrashed,
      park: parking.park,
      project: (messages) => projectBatch(ofDeadLetters, messages, outOfTime),
    },
    receivedAtMs,
  );
  cancel();
  for (const event of parked) report.parked(event);
  reportProjected(projected, receivedAtMs, nowMs());
  return { batchItemFailures: projected.returned.map(({ message }) => ({ itemIdentifier: idOf.get(message) ?? '' })) };
}

async function repairRecord(record: SQSRecord): Promise<void> {
  if (record.eventSourceARN !== gapQueueArn) {
    const parked = deadLetter(receivedMessage(record), 'undelivered', nowMs());
    await parking.park(parked);
    return report.parked(parked);
  }
  const awaiting = parseSchemaCheck(record.body);
  if (awaiting !== undefined)
    return report.checked(awaiting, await redriveKnown(projection, repair, awaiting, checkSchema));
  const notice = parseGapNotice(record.body);
  if (notice === undefined) return report.ignored(record.messageId, 'not a notice of a gap');
  report.healed(notice, await heal(notice, record.messageId, healing, nowMs()));
}
