import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Boundary } from '../../core/contract.ts';
import { HEARTBEAT_ID, typeOfGroup } from '../../core/entity.ts';
import type { CacheReport, ReportPorts, SetAsideSince } from '../../core/govern/report.ts';
import { PROJECTOR_METRICS } from '../../core/metrics.ts';
import { isDeadLetter } from '../../core/repair/dead-letter.ts';
import { MAX_POSTPONE_SECONDS } from '../../core/retries.ts';
import { ATTRIBUTE } from '../aws/items.ts';
import type { CacheTable, Reader } from '../read/cache-table.ts';
import { readCompleteness } from '../read/staleness.ts';
import { freshetMetric, metricData, newestWhole, queueMetric } from './metric-data.ts';

/** Most items that are read to find the oldest that is set aside: beyond that there is trouble enough to see. */
const MAX_LOOKED_AT = 5_000;

/**
 * Before each further look that is to find the queue empty, shares of the interval: 50 to 400 ms in a minute. Together longer than a heartbeat
 * takes, which may come at the very time of a report, and then would each time.
 */
const EMPTY_LOOKS = [1, 2, 4, 8].map((share) => share / 1_200);

/** What a cache reports is measured with: SQS for what is there now, CloudWatch for rates, the tables for the rest. */
export function createReporting(options: {
  readonly boundary: Boundary;
  readonly reader: Reader;
  readonly cache: CacheTable;
  readonly parking: { readonly client: DynamoDBClient; readonly parkingTable: string };
  readonly queues: SQSClient;
  readonly queueUrl: string;
  /** What leads from the queue to the repair function: gaps and dead letters. */
  readonly repairQueueUrls: readonly string[];
  readonly metrics: CloudWatchClient;
  readonly intervalMs: number;
}): ReportPorts {
  const { boundary, reader, cache, parking, queues, queueUrl, repairQueueUrls, metrics, intervalMs } = options;
  return {
    backlog: () => queueBacklog(queues, queueUrl),
    async isEmptyOnce() {
      for (const share of EMPTY_LOOKS) {
        await new Promise((resolve) => setTimeout(resolve, share * intervalMs));
        if ((await queueBacklog(queues, queueUrl)) === 0) return true;
      }
      return false;
    },
    async consumption(nowMs) {
      const periodSeconds = intervalMs / 1000;
      const span = { fromMs: nowMs - 4 * intervalMs, toMs: nowMs, periodSeconds };
      const queries = {
        settled: freshetMetric(boundary.name, PROJECTOR_METRICS.settled, 'Sum'),
        oldestAge: queueMetric(queueUrl, 'ApproximateAgeOfOldestMessage', 'Maximum'),
      };
      const { settled, oldestAge } = await metricData(metrics, queries, span);
      // The metric comes up to two intervals late; whoever settled nothing for longer settles nothing now.
      const newest = newestWhole(settled, nowMs, periodSeconds);
      const isCurrent = newest !== undefined && nowMs - newest.atMs < 3 * intervalMs;
      const oldest = oldestAge.at(-1);
      return {
        rate: isCurrent ? newest.value / periodSeconds : 0,
        oldestAgeSeconds: oldest?.value ?? 0,
        // Measured at some time of its period, in whole seconds: what was the oldest then, or came later, came after this.
        queuedSinceMs: oldest && oldest.atMs - (oldest.value + 1) * 1000,
      };
    },
    async leavesOut(nowMs) {
      const returned = freshetMetric(boundary.name, PROJECTOR_METRICS.returnedOften, 'Sum');
      // Whatever still fails has come back once more by then.
      const fromMs = nowMs - MAX_POSTPONE_SECONDS * 1000 - 2 * intervalMs;
      const span = { fromMs, toMs: nowMs, periodSeconds: intervalMs / 1000 };
      return (await metricData(metrics, { returned }, span)).returned.some(({ value }) => value > 0);
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
      // A delayed notice is of a gap that was looked at, and is noted in the parking table.
      const counts = await Promise.all(repairQueueUrls.map((url) => queueBacklog(queues, url, UNDELAYED)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    setAside: () => oldestSetAside(parking),
    completeness: () => readCompleteness(cache),
  };
}

const UNDELAYED = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
const ALL = [...UNDELAYED, 'ApproximateNumberOfMessagesDelayed'] as const;

/** Visible, in-flight and delayed messages of a queue. */
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

/** Looks through a parking table. A gap that hasn't healed isn't set aside; what was missed had come before the gap was noted. */
async function oldestSetAside({
  client,
  parkingTable,
}: {
  client: DynamoDBClient;
  parkingTable: string;
}): Promise<SetAsideSince> {
  let count = 0;
  let looked = 0;
  const sinceMs = new Map<string, number>();
  const pages = paginateScan(
    { client },
    {
      TableName: parkingTable,
      ProjectionExpression: '#pk, #id, setAsideAt, sentAt, entityType',
      FilterExpression: 'attribute_exists(setAsideAt) OR attribute_exists(since)',
      ExpressionAttributeNames: { '#pk': ATTRIBUTE.partition, '#id': ATTRIBUTE.id },
    },
  );
  for await (const { Items = [], ScannedCount = 0 } of pages) {
    for (const { pk, id, setAsideAt, sentAt, entityType } of Items) {
      if (setAsideAt !== undefined) count += 1;
      // A dead letter's time is that of the queue which it ended in.
      const isTimed = setAsideAt !== undefined && !isDeadLetter(id?.S ?? '');
      const atMs = isTimed ? Number(sentAt?.N ?? 0) : 0;
      const type = entityType?.S ?? typeOfGroup(pk?.S ?? '');
      sinceMs.set(type, Math.min(sinceMs.get(type) ?? atMs, atMs));
    }
    looked += ScannedCount;
    if (looked >= MAX_LOOKED_AT) break;
  }
  return { count, sinceMs, isMore: looked >= MAX_LOOKED_AT };
}

/** Tells an owner. */
export async function sendReport(client: SQSClient, queueUrl: string, report: CacheReport): Promise<void> {
  await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(report) }));
}
