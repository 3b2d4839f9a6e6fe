import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Boundary } from '../core/contract.ts';
import { HEARTBEAT_ID } from '../core/entity.ts';
import type { CacheReport, ReportPorts } from '../core/govern/report.ts';
import { PROJECTOR_METRICS } from '../core/metrics.ts';
import type { Reader } from './cache-table.ts';
import { freshetMetric, metricData, newestWhole, queueMetric } from './metric-data.ts';

/** Most items that are read to find the oldest that is set aside: beyond that there is trouble enough to see. */
const MAX_LOOKED_AT = 5_000;

/** What a cache reports is measured with: SQS for what is there now, CloudWatch for rates, the tables for the rest. */
export function createReporting(options: {
  readonly boundary: Boundary;
  readonly reader: Reader;
  readonly parking: { readonly client: DynamoDBClient; readonly parkingTable: string };
  readonly queues: SQSClient;
  readonly queueUrl: string;
  readonly metrics: CloudWatchClient;
  readonly intervalMs: number;
}): ReportPorts {
  const { boundary, reader, parking, queues, queueUrl, metrics, intervalMs } = options;
  return {
    backlog: () => queueBacklog(queues, queueUrl),
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
      return {
        rate: isCurrent ? newest.value / periodSeconds : 0,
        oldestAgeSeconds: oldestAge.at(-1)?.value ?? 0,
      };
    },
    async heartbeats() {
      const types = Object.keys(boundary.caches);
      const beats = types.map(async (type) => {
        const beat = await reader.get(type, HEARTBEAT_ID);
        return [type, beat.status === 'found' ? Date.parse(beat.changedAt) : undefined] as const;
      });
      return Object.fromEntries(await Promise.all(beats));
    },
    setAside: () => oldestSetAside(parking),
  };
}

/** Visible, in-flight and delayed messages of a queue. */
export async function queueBacklog(client: SQSClient, queueUrl: string): Promise<number> {
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({
      QueueUrl: queueUrl,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    }),
  );
  return Object.values(Attributes ?? {}).reduce((sum, count) => sum + Number(count), 0);
}

/** Counts what lies in a parking table; gaps that haven't healed make a cache stale too, but aren't set aside. */
async function oldestSetAside({ client, parkingTable }: { client: DynamoDBClient; parkingTable: string }) {
  let count = 0;
  let looked = 0;
  let oldestMs: number | undefined;
  const pages = paginateScan(
    { client },
    {
      TableName: parkingTable,
      ProjectionExpression: 'setAsideAt, sentAt, since',
      FilterExpression: 'attribute_exists(setAsideAt) OR attribute_exists(since)',
    },
  );
  for await (const { Items = [], ScannedCount = 0 } of pages) {
    for (const { setAsideAt, sentAt, since } of Items) {
      if (setAsideAt !== undefined) count += 1;
      const atMs = Number((since ?? sentAt ?? setAsideAt)?.N);
      if (Number.isFinite(atMs)) oldestMs = Math.min(oldestMs ?? atMs, atMs);
    }
    looked += ScannedCount;
    if (looked >= MAX_LOOKED_AT) break;
  }
  return { count, oldestMs };
}

/** Tells an owner. */
export async function sendReport(client: SQSClient, queueUrl: string, report: CacheReport): Promise<void> {
  await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(report) }));
}
