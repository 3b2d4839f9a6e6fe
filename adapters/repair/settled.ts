import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { HEARTBEAT_ID } from '../../core/entity.ts';
import type { BackfillPorts } from '../../core/repair/backfill.ts';
import { findSettledUntilMs, type SettledPorts } from '../../core/repair/settled.ts';
import { ATTRIBUTE, keyItem } from '../aws/items.ts';
import { isEmptyOnce, queueBacklog, sendRequest, UNDELAYED } from '../govern/report.ts';
import { readCompleteness } from '../read/staleness.ts';
import type { CacheTable } from '../read/table.ts';

/** Creates the ports that tell up to when every change has ended in a cache. */
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
  const ports: SettledPorts = {
    async heartbeatMs(type) {
      const Key = keyItem({ type, id: HEARTBEAT_ID });
      const { Item } = await cache.client.send(
        new GetItemCommand({ TableName: cache.tableName, Key, ConsistentRead: true }),
      );
      const changedAt = Item?.[ATTRIBUTE.changedAt]?.S;
      return changedAt === undefined ? undefined : Date.parse(changedAt);
    },
    completeness: () => readCompleteness(cache),
    async backlog() {
      const backlog = await queueBacklog(queues, queueUrl);
      return backlog > 0 && (await isEmptyOnce(queues, queueUrl, intervalMs)) ? 0 : backlog;
    },
    async unrepaired() {
      const counts = await Promise.all(repairQueueUrls.map((url) => queueBacklog(queues, url, UNDELAYED)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
  };
  return {
    settledUntilMs: (type) => findSettledUntilMs(type, ports, nowMs),
    async askHeartbeat(type) {
      const url = reportQueueUrl(type);
      if (url !== undefined) await sendRequest(queues, url, name);
    },
  };
}
