import { dynamoDbClient, sqsClient } from '../adapters/aws/clients.ts';
import { cloudWatchClient } from '../adapters/aws/cloudwatch-client.ts';
import { createReporting, sendReport, sendRequest } from '../adapters/govern/report.ts';
import { reportTelemetry } from '../adapters/govern/telemetry.ts';
import { createReader } from '../adapters/read/cache-table.ts';
import { createCompletenessWriter } from '../adapters/read/staleness.ts';
import { createPageQueue } from '../adapters/repair/page-queue.ts';
import { createTending } from '../adapters/repair/tending.ts';
import { awaitFirstHeartbeats } from '../core/govern/first-heartbeats.ts';
import { measureCache, type Sample } from '../core/govern/report.ts';
import boundary from './boundary.ts';
import { checkEveryMs, emitter, required } from './environment.ts';

const client = dynamoDbClient();
const queues = sqsClient();
const intervalMs = Number(required('INTERVAL_SECONDS')) * 1000;
const reportQueues = JSON.parse(required('REPORT_QUEUES')) as Record<string, string>;
const share = 1 / Object.keys(reportQueues).length;
const cache = { tableName: required('CACHE_TABLE'), client };
const reader = createReader({ boundary, ...cache });
const saveCompleteness = createCompletenessWriter(cache);
const report = reportTelemetry(emitter(boundary.name));
const ports = createReporting({
  boundary,
  emitter: emitter(boundary.name),
  reader,
  cache,
  parking: { client, parkingTable: required('PARKING_TABLE') },
  queues,
  queueUrl: required('QUEUE_URL'),
  projector: required('PROJECTOR'),
  repairQueueUrls: JSON.parse(required('REPAIR_QUEUE_URLS')) as string[],
  metrics: cloudWatchClient(),
  intervalMs,
  onUnread: report.unmeasured,
});
const tend = createTending({
  boundary,
  cache,
  pages: createPageQueue(queues, required('PAGE_QUEUE_URL')),
  everyMs: checkEveryMs(),
  lookMs: 10 * intervalMs,
});

/** The sample is too old for current rates after this time. */
const SAMPLE_LIFE_MS = 3 * intervalMs;

/** Time between the two samples of a first report. */
const FIRST_SPAN_MS = intervalMs / 12;

/** The backlog at the last report, from which the next report computes its rates. */
let before: Sample | undefined;
/** Whether a report of this execution environment found a heartbeat of each type that needs one. */
let hasHeartbeats = false;

/**
 * Measures the cache's queue, sends a report to its owners, stores up to when the cache is complete, and lets the
 * repair function fill or check types that need it. Runs on a schedule, after a deployment, and when an alarm says that
 * the cache falls behind.
 */
export async function handler(): Promise<void> {
  // Without a recent sample, such as in a new execution environment, the report takes two samples.
  const isRecent = before !== undefined && Date.now() - before.atMs <= SAMPLE_LIFE_MS;
  const earlier = before !== undefined && isRecent ? before : await sample();
  const found = hasHeartbeats ? 'known' : await awaitFirstHeartbeats({ ...ports, askOwners, pause }, intervalMs);
  hasHeartbeats = found !== 'missing';
  // The wait for heartbeats is a pause between two samples too, and readers of a new cache wait for its first report.
  if (!isRecent && found === 'known') await pause(FIRST_SPAN_MS);
  const measured = await measureCache(ports, boundary.name, earlier, Date.now, intervalMs);
  before = measured.report;
  report.reported(measured.report, measured.lag);
  const sent = toOwners((queueUrl) =>
    sendReport(queues, queueUrl, { ...measured.report, share, readsCompressed: true }),
  );
  await Promise.all([sent, saveCompleteness(measured.completeness)]);
  report.tended(await tend(Date.now()));
}

async function sample(): Promise<Sample> {
  return { backlog: await ports.backlog(), atMs: Date.now() };
}

function askOwners(): Promise<void> {
  return toOwners((queueUrl) => sendRequest(queues, queueUrl, boundary.name));
}

/** Sends to the report queue of each owner. An owner that can't be reached doesn't keep the others from it. */
async function toOwners(send: (queueUrl: string) => Promise<void>): Promise<void> {
  await Promise.all(
    Object.entries(reportQueues).map(([owner, queueUrl]) =>
      send(queueUrl).catch((error) => report.untold(owner, error)),
    ),
  );
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
