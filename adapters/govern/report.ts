import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  GetQueueAttributesCommand,
  type QueueAttributeName,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { Boundary } from '../../core/contract/contract.ts';
import { HEARTBEAT_ID, typeOfGroup } from '../../core/entity.ts';
import { heartbeatRequest } from '../../core/govern/first-heartbeats.ts';
import type { CacheReport, ParkedSince, ReportPorts } from '../../core/govern/report.ts';
import { type Emitter, PROJECTOR_METRICS } from '../../core/metrics.ts';
import { METRIC_DELAY_INTERVALS } from '../../core/read/staleness.ts';
import { isDeadLetter } from '../../core/repair/dead-letter.ts';
import { LONGEST_POSTPONE_SECONDS } from '../../core/retries.ts';
import { firstPages } from '../aws/first-pages.ts';
import { ATTRIBUTE } from '../aws/items.ts';
import type { Reader } from '../read/reader.ts';
import { readCompleteness } from '../read/staleness.ts';
import type { CacheTable } from '../read/table.ts';
import {
  type Datapoint,
  freshetMetric,
  functionMetric,
  type MetricQuery,
  metricData,
  newestWhole,
  queueMetric,
  type Span,
} from './metric-data.ts';

/**
 * Waits before further checks whether the queue is empty, as fractions of the interval: 50 to 400 ms of a minute.
 * Together they are longer than the processing of a heartbeat, because reports and heartbeats run on schedules and may
 * always coincide.
 */
const EMPTY_CHECKS = [1, 2, 4, 8].map((share) => share / 1_200);

/** Freshet's own metrics arrive up to two intervals late. */
const LATE_INTERVALS = 2;

/**
 * Number of intervals that are read so that the newest value of a late SQS metric is among them: its period ended that
 * long ago, and the next value is about to arrive.
 */
const METRIC_INTERVALS = METRIC_DELAY_INTERVALS + 3;

/**
 * Receives after which the queue's age of the oldest message leaves a message out
 * (sqs/sqs-available-cloudwatch-metrics, 2026-11-25).
 */
const RECEIVES_COUNTED = 3;

/**
 * A projector that is throttled or crashes returns no message, so `ReturnedOften` doesn't count. A message was received
 * more than three times if that happened in three minutes of this time, which is four visibility time-outs of the
 * cache's queue.
 */
const UNANSWERED_MS = 8 * 60_000;

/**
 * Creates the ports that measure a cache: SQS for current counts, CloudWatch for rates, and the tables for the rest.
 */
export function createReporting(options: {
  readonly boundary: Boundary;
  /** The cache in metrics. */
  readonly emitter: Emitter;
  readonly reader: Reader;
  readonly cache: CacheTable;
  readonly parking: { readonly client: DynamoDBClient; readonly parkingTable: string };
  readonly queues: SQSClient;
  readonly queueUrl: string;
  /** Name of the projector's function. */
  readonly projector: string;
  /** The queues from which the repair function receives gaps and dead letters. */
  readonly repairQueueUrls: readonly string[];
  readonly metrics: CloudWatchClient;
  readonly intervalMs: number;
  /** Called if CloudWatch refuses or doesn't answer. The report is then made without its metrics. */
  readonly onUnread: (error: unknown) => undefined;
}): ReportPorts {
  const { boundary, emitter, reader, cache, parking, queues, queueUrl, repairQueueUrls, intervalMs } = options;
  const read = <K extends string>(queries: Readonly<Record<K, MetricQuery>>, span: Span) =>
    metricData(options.metrics, queries, span).catch(options.onUnread);
  const ofProjector = (metric: string) => functionMetric(options.projector, metric, 'Sum');
  return {
    backlog: () => queueBacklog(queues, queueUrl),
    isEmptyOnce: () => isEmptyOnce(queues, queueUrl, intervalMs),
    async consumption(nowMs) {
      const periodSeconds = intervalMs / 1000;
      const span = { fromMs: nowMs - METRIC_INTERVALS * intervalMs, toMs: nowMs, periodSeconds };
      const queries = {
        settled: freshetMetric(emitter, PROJECTOR_METRICS.settled, 'Sum'),
        oldestAge: queueMetric(queueUrl, 'ApproximateAgeOfOldestMessage', 'Maximum'),
      };
      const found = await read(queries, span);
      if (found === undefined) return undefined;
      const { settled, oldestAge } = found;
      // An interval starts one interval before its end. Without a value for that time the cache settles nothing.
      const newest = newestWhole(settled, nowMs, periodSeconds);
      const isCurrent = newest !== undefined && nowMs - newest.atMs < (LATE_INTERVALS + 1) * intervalMs;
      const oldest = oldestAge.at(-1);
      return {
        rate: isCurrent ? newest.value / periodSeconds : 0,
        oldestAgeSeconds: oldest?.value ?? 0,
        // SQS measured the age at an unknown time of the period, in whole seconds. All queued messages were sent after
        // this.
        queuedSinceMs: oldest && oldest.atMs - (oldest.value + 1) * 1000,
      };
    },
    async leavesOut(nowMs) {
      const returned = freshetMetric(emitter, PROJECTOR_METRICS.returnedOften, 'Sum');
      // A message that still fails was returned at least once since this time.
      const fromMs = nowMs - LONGEST_POSTPONE_SECONDS * 1000 - LATE_INTERVALS * intervalMs;
      const span = { fromMs, toMs: nowMs, periodSeconds: intervalMs / 1000 };
      const queries = { returned, errors: ofProjector('Errors'), throttles: ofProjector('Throttles') };
      const found = await read(queries, span);
      if (found === undefined) return undefined;
      const unansweredFromMs = nowMs - UNANSWERED_MS - LATE_INTERVALS * intervalMs;
      const isUnanswered = ({ atMs, value }: Datapoint) => value > 0 && atMs >= unansweredFromMs;
      return (
        found.returned.some(({ value }) => value > 0) ||
        [found.errors, found.throttles].some((series) => series.filter(isUnanswered).length >= RECEIVES_COUNTED)
      );
    },
    async heartbeats() {
      const types = Object.keys(boundary.caches);
      const beats = types.map(async (type) => {
        const beat = await reader.get(type, HEARTBEAT_ID);
        return [type, beat.status === 'found' ? Date.parse(beat.changedAt) : undefined] as const;
      });
      return Object.fromEntries(await Promise.all(beats));
    },
    async unrepaired() {
      // Delayed messages aren't counted: they are notices of gaps that the repair function handled and noted in the
      // parking table.
      const counts = await Promise.all(repairQueueUrls.map((url) => queueBacklog(queues, url, UNDELAYED)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    parked: () => oldestParked(parking),
    completeness: () => readCompleteness(cache),
    async queueCreatedAtMs() {
      const AttributeNames: QueueAttributeName[] = ['CreatedTimestamp'];
      const { Attributes } = await queues.send(new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames }));
      const seconds = Attributes?.CreatedTimestamp;
      return seconds === undefined ? undefined : Number(seconds) * 1000;
    },
  };
}

/** The counts of a queue without its delayed messages. */
export const UNDELAYED = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
const ALL = [...UNDELAYED, 'ApproximateNumberOfMessagesDelayed'] as const;

/**
 * Checks several times within a short time whether a queue is empty. A single check of a busy queue would rarely find
 * it empty.
 *
 * @param intervalMs the time between two reports
 */
export async function isEmptyOnce(client: SQSClient, queueUrl: string, intervalMs: number): Promise<boolean> {
  for (const share of EMPTY_CHECKS) {
    await new Promise((resolve) => setTimeout(resolve, share * intervalMs));
    if ((await queueBacklog(client, queueUrl)) === 0) return true;
  }
  return false;
}

/** Returns the number of visible, in-flight and delayed messages of a queue. Heartbeats count, as all messages do. */
export async function queueBacklog(
  client: SQSClient,
  queueUrl: string,
  counted: typeof ALL | typeof UNDELAYED = ALL,
): Promise<number> {
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: [...counted] }),
  );
  return Object.values(Attributes ?? {}).reduce((sum, count) => sum + Number(count), 0);
}

/**
 * Reads the first 10 MB of the parking table. An open gap isn't counted as a parked event; the time of its missing
 * event isn't known.
 */
async function oldestParked({
  client,
  parkingTable,
}: {
  client: DynamoDBClient;
  parkingTable: string;
}): Promise<ParkedSince> {
  let count = 0;
  const sinceMs = new Map<string, number>();
  const { pages, isMore } = await firstPages(client, {
    TableName: parkingTable,
    ProjectionExpression: '#pk, #id, setAsideAt, sentAt, entityType',
    FilterExpression: 'attribute_exists(setAsideAt) OR attribute_exists(since)',
    ExpressionAttributeNames: { '#pk': ATTRIBUTE.partition, '#id': ATTRIBUTE.id },
  });
  for (const { Items = [] } of pages) {
    for (const { pk, id, setAsideAt, sentAt, entityType } of Items) {
      if (setAsideAt !== undefined) count += 1;
      // A dead letter has the time at which it was sent to the dead-letter queue.
      const isTimed = setAsideAt !== undefined && !isDeadLetter(id?.S ?? '');
      const atMs = isTimed ? Number(sentAt?.N ?? 0) : 0;
      const type = entityType?.S ?? typeOfGroup(pk?.S ?? '');
      sinceMs.set(type, Math.min(sinceMs.get(type) ?? atMs, atMs));
    }
  }
  return { count, sinceMs, isMore };
}

/** Sends a report to an owner. */
export async function sendReport(client: SQSClient, queueUrl: string, report: CacheReport): Promise<void> {
  await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(report) }));
}

/** Asks an owner for heartbeats, in the name of a cache. */
export async function sendRequest(client: SQSClient, queueUrl: string, cache: string): Promise<void> {
  await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: heartbeatRequest(cache) }));
}
