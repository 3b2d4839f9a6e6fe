import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { dynamoDbClient } from '../adapters/aws/clients.ts';
import { cloudWatchClient } from '../adapters/aws/cloudwatch-client.ts';
import { createFlowStore } from '../adapters/govern/flow-table.ts';
import { governorTelemetry } from '../adapters/govern/telemetry.ts';
import { createRelayProgress } from '../adapters/relay/progress.ts';
import { isHeartbeatRequest } from '../core/govern/first-heartbeats.ts';
import { countedReports, govern, noteReaders } from '../core/govern/govern.ts';
import { type CacheReport, parseCacheReport } from '../core/govern/report.ts';
import boundary from './boundary.ts';
import { emitter, required } from './environment.ts';

export const client = dynamoDbClient();
const intervalSeconds = Number(required('INTERVAL_SECONDS'));
const settings = {
  intervalSeconds,
  maySlowOwner: JSON.parse(required('MAY_SLOW_OWNER')) as Record<string, { highWater: number }>,
  reportLifeSeconds: Number(required('REPORT_LIFE_SECONDS')),
  decisionLifeSeconds: Number(required('DECISION_LIFE_SECONDS')),
  compressEvents: required('COMPRESS_EVENTS') === 'true',
};
const owner = emitter(boundary.name);
const report = governorTelemetry(owner);
const progress = createRelayProgress({ client: cloudWatchClient(), owner, intervalSeconds });
const ports = {
  ...createFlowStore({ client, tableName: required('FLOW_TABLE') }),
  // If the relay's metrics can't be read, the governor decides from the reports alone, and ends no limit.
  relayProgress: (nowMs: number) => progress(nowMs).catch(report.unmeasured),
};

/** When a governor asks for heartbeats. */
export interface Beating {
  /** Commits, or asks for, a heartbeat of each type that the boundary owns. */
  beat(): Promise<void>;
  /** Whether on the governor's schedule and after a deployment too. A cache's request always asks for them. */
  readonly isScheduled: boolean;
}

/**
 * Creates the handler of a governor: it handles the caches' reports and decides how writers may write. It also commits
 * the heartbeats, or lets them be committed.
 */
export function createGovernor({ beat, isScheduled }: Beating) {
  return async (event: SQSEvent | object): Promise<SQSBatchResponse> => {
    const records = 'Records' in event ? event.Records : [];
    const isAsked = records.some(({ body }) => isHeartbeatRequest(body));
    const isDue = isAsked || (isScheduled && !('Records' in event));
    const beats = await Promise.allSettled(isDue ? [beat()] : []);
    const reports = records.flatMap(({ body, messageId }): CacheReport[] => {
      if (isHeartbeatRequest(body)) return [];
      const one = parseCacheReport(body);
      if (one === undefined) report.ignored(messageId, 'not a report of a cache');
      return one === undefined ? [] : [one];
    });
    await noteReaders(ports, reports, Date.now());
    // A decision costs metrics, reads and writes. Reports that don't count can't change it, so none is made.
    const isDecided = !('Records' in event) || countedReports(settings, reports).length > 0;
    if (isDecided) report.governed(await govern(ports, settings, reports, Date.now()));
    // Thrown after the decision, because an owner whose table refuses heartbeats must be governed too.
    for (const one of beats) if (one.status === 'rejected') throw one.reason;
    return { batchItemFailures: [] };
  };
}
