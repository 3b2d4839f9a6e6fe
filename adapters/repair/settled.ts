import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { HEARTBEAT_ID } from '../../core/entity.ts';
import { receivesAllFromMs, settledUntilMs } from '../../core/read/staleness.ts';
import type { BackfillPorts } from '../../core/repair/backfill.ts';
import { ATTRIBUTE, keyItem } from '../aws/items.ts';
import { isEmptyOnce, queueBacklog, sendRequest, UNDELAYED } from '../govern/report.ts';
import { readCompleteness } from '../read/staleness.ts';
import type { CacheTable } from '../read/table.ts';

/**
 * Creates the ports that tell up to when every change has ended in a cache. A queue that is found empty after a
 * heartbeat was found in the cache shows it at once, as in a report: see docs/decisions/23-staleness.md. Otherwise the
 * last report's time counts.
 */
export function createSettled(options: {
  readonly cache: CacheTable;
  /** The name of the cache's boundary. */
  readonly name: string;
  readonly queues: SQSClient;
  readonly queueUrl: string;
  /** The queues from which the repair function receives gaps and dead letters. */
  readonly repairQueueUrls: readonly string[];
  readonly reportQueueUrl: (type: string) => string | undefined;
  /** The time between two reports. */
  readonly intervalMs: number;
  readonly nowMs: () => number;
}): Pick<BackfillPorts, 'settledUntilMs' | 'askHeartbeat'> {
  const { cache, name, queues, queueUrl, repairQueueUrls, reportQueueUrl, intervalMs, nowMs } = options;
  const heartbeatMs = async (type: string) => {
    const Key = keyItem({ type, id: HEARTBEAT_ID });
    const { Item } = await cache.client.send(
      new GetItemCommand({ TableName: cache.tableName, Key, ConsistentRead: true }),
    );
    const changedAt = Item?.[ATTRIBUTE.changedAt]?.S;
    // If the owner's clock is ahead, a heartbeat must not cover changes that are committed later.
    return changedAt === undefined ? 0 : Math.min(nowMs(), Date.parse(changedAt));
  };
  const isEmpty = async () => {
    if ((await queueBacklog(queues, queueUrl)) > 0 && !(await isEmptyOnce(queues, queueUrl, intervalMs))) return false;
    const unrepaired = await Promise.all(repairQueueUrls.map((url) => queueBacklog(queues, url, UNDELAYED)));
    return unrepaired.every((count) => count === 0);
  };
  return {
    async settledUntilMs(type) {
      // In this order, because an event moves from the queue to the repair queues.
      const beatMs = await heartbeatMs(type);
      const [known, isDone] = await Promise.all([readCompleteness(cache), isEmpty()]);
      const isVouchedFor = beatMs >= receivesAllFromMs(known, type);
      return Math.max(settledUntilMs(known, type), isDone && isVouchedFor ? beatMs : 0);
    },
    async askHeartbeat(type) {
      const url = reportQueueUrl(type);
      if (url !== undefined) await sendRequest(queues, url, name);
    },
  };
}
