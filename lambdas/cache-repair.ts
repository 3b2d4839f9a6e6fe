import { setImmediate } from 'node:timers/promises';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { dynamoDbClient, sqsClient } from '../adapters/aws/clients.ts';
import { isTransient } from '../adapters/aws/transient.ts';
import { createCacheWriter } from '../adapters/project/cache-writer.ts';
import { createParking } from '../adapters/project/parking-table.ts';
import { eachRecord, receivedMessage, timeLeft } from '../adapters/project/queue.ts';
import { projectorTelemetry, repairTelemetry } from '../adapters/project/telemetry.ts';
import { createCrashNotes, deadMessage } from '../adapters/repair/dead-letters.ts';
import { createGapNotice, createSchemaChecks } from '../adapters/repair/gap-notices.ts';
import { createHealing, parseGapNotice, parseSchemaCheck } from '../adapters/repair/gaps.ts';
import { createRepair } from '../adapters/repair/parked-events.ts';
import { createPageHandler, createSelfRepair, runToken } from '../adapters/repair/self-repair.ts';
import { createSettled } from '../adapters/repair/settled.ts';
import { messageGroupId } from '../core/entity.ts';
import { projectBatch } from '../core/project/batch.ts';
import { deadLetter, treatDeadLetters } from '../core/repair/dead-letter.ts';
import { abandon, heal } from '../core/repair/heal.ts';
import { redriveKnown } from '../core/repair/newer-schema.ts';
import { operate } from '../core/repair/operate.ts';
import { parseOperation } from '../core/repair/operation.ts';
import { isPageGroup } from '../core/repair/pages.ts';
import { keptType } from '../core/repair/tend.ts';
import boundary from './boundary.ts';
import { checkEveryMs, emitter, projectSettings, required } from './environment.ts';

/** After so many control intervals without the awaited page, the owner is asked for it again. */
const STALLED_INTERVALS = 5;

const LOST_PAGE = 'a page that was not delivered; the cache asks for it again';

const client = dynamoDbClient();
const queues = sqsClient();
const cacheTable = required('CACHE_TABLE');
const parkingTable = required('PARKING_TABLE');
const gapQueueUrl = required('GAP_QUEUE_URL');
const gapQueueArn = required('GAP_QUEUE_ARN');
const deadLetterQueueArn = required('DEAD_LETTER_QUEUE_ARN');
const pageQueueArn = required('PAGE_QUEUE_ARN');
const resyncQueues = JSON.parse(required('RESYNC_QUEUES')) as Record<string, string>;
const settings = projectSettings();
const nowMs = Date.now;
const report = repairTelemetry(emitter(boundary.name));

const cache = createCacheWriter({ client, tableName: cacheTable });
const parking = createParking({ client, cacheTable, parkingTable });
const projection = {
  boundary,
  settings,
  isTransient,
  nowMs,
  pause: setImmediate,
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
const { tombstoneLifeSeconds } = settings;
const repair = createRepair({ client, cacheTable, parkingTable, nowMs, tombstoneLifeSeconds });
const resyncQueueUrl = (type: string) => resyncQueues[boundary.caches[type]?.contract.owner ?? ''];
const healing = createHealing({
  table: { client, parkingTable },
  cached: async (entity) => {
    const stored = await cache.read(entity);
    return { version: stored?.version ?? 0, isStopped: stored?.stopMarker !== undefined };
  },
  queues,
  gapQueueUrl,
  cache: boundary.name,
  resyncQueueUrl,
});
const reportQueues = JSON.parse(required('REPORT_QUEUES')) as Record<string, string>;
const queueUrl = required('QUEUE_URL');
const intervalMs = Number(required('INTERVAL_SECONDS')) * 1000;
const selfRepair = createSelfRepair({
  client,
  cacheTable,
  queues,
  queueUrl,
  settled: createSettled({
    cache: { client, tableName: cacheTable },
    name: boundary.name,
    queues,
    queueUrl,
    repairQueueUrls: JSON.parse(required('REPAIR_QUEUE_URLS')) as string[],
    reportQueueUrl: (type) => reportQueues[boundary.caches[type]?.contract.owner ?? ''],
    intervalMs,
    nowMs,
  }),
  pageQueueUrl: required('PAGE_QUEUE_URL'),
  resyncQueueUrl,
  askOwner: healing.askOwner,
  ended: report.inventoried,
  async isSetAside(entity, version) {
    const events = await repair.parkedOf(messageGroupId(entity));
    return events.some((event) => (event.version ?? version) >= version);
  },
  wanted: healing.wanted,
  noticeGap: projection.ports.requestResync,
});
const handlePage = createPageHandler(
  boundary,
  selfRepair,
  {
    everyMs: checkEveryMs(),
    stalledMs: STALLED_INTERVALS * intervalMs,
  },
  nowMs,
);

const checkSchema = createSchemaChecks({ client: queues, queueUrl: gapQueueUrl });
// A dead letter has no check yet. One that is returned stays hidden until its queue's visibility time-out ends.
const ofDeadLetters = { ...projection, ports: { ...projection.ports, awaitSchema: checkSchema } };
const { hasCrashed } = createCrashNotes({ client, parkingTable });

const reportProjected = projectorTelemetry(emitter(boundary.name));

/** Heals gaps, treats dead letters, fills and checks the cache, and executes an operator's operations. */
export async function handler(event: SQSEvent | object, context: Context): Promise<SQSBatchResponse | object> {
  if ('Records' in event) {
    const areDead = event.Records.some(({ eventSourceARN }) => eventSourceARN === deadLetterQueueArn);
    return areDead ? repairDeadLetters(event, context) : eachRecord(event, repairRecord, report.returned);
  }
  const operation = parseOperation(event);
  if (operation === undefined) {
    return { refused: 'not an operation of the repair function. Allowed: an operation of core/repair/operation.ts' };
  }
  const run = runToken(context.awsRequestId, nowMs());
  const result = await operate(projection, repair, selfRepair, operation, run);
  report.operated(operation.operation, result);
  return result;
}

/** Parks messages that crashed the projector, and projects those that it never tried. */
async function repairDeadLetters({ Records }: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const pages = Records.filter(({ attributes }) => isPageGroup(attributes.MessageGroupId ?? ''));
  for (const { messageId } of pages) report.ignored(messageId, LOST_PAGE);
  const receivedAtMs = nowMs();
  const { outOfTime, cancel } = timeLeft(context);
  const idOf = new Map(
    Records.filter((one) => !pages.includes(one)).map((record) => [deadMessage(record), record.messageId]),
  );
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
  if (record.eventSourceARN === pageQueueArn) {
    const result = await handlePage(record);
    if (typeof result === 'string') report.ignored(record.messageId, result);
    else if (result !== undefined) report.looked(result);
    return;
  }
  if (record.eventSourceARN !== gapQueueArn) {
    if (isPageGroup(record.attributes.MessageGroupId ?? '')) return report.ignored(record.messageId, LOST_PAGE);
    const parked = deadLetter(receivedMessage(record), 'undelivered', nowMs());
    await parking.park(parked);
    return report.parked(parked);
  }
  const awaiting = parseSchemaCheck(record.body);
  if (awaiting !== undefined)
    return report.checked(awaiting, await redriveKnown(projection, repair, awaiting, checkSchema));
  const notice = parseGapNotice(record.body);
  if (notice === undefined) return report.ignored(record.messageId, 'not a notice of a gap');
  if (keptType(boundary, notice.entity.type) === undefined) {
    await abandon(notice.entity, healing);
    return report.ignored(record.messageId, `a gap of ${notice.entity.type}, which the cache doesn't keep`);
  }
  report.healed(notice, await heal(notice, record.messageId, healing, nowMs()));
}
