import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { cloudWatchClient, dynamoDbClient, snsClient } from '../adapters/aws/clients.ts';
import { createFlowStore } from '../adapters/govern/flow-table.ts';
import { governorTelemetry } from '../adapters/govern/telemetry.ts';
import { createOwner, type Owner } from '../adapters/own/owner-table.ts';
import { createStatePublisher } from '../adapters/own/publisher.ts';
import { createRelayProgress } from '../adapters/relay/progress.ts';
import { createPublisher } from '../adapters/relay/topic.ts';
import { govern } from '../core/govern/govern.ts';
import { type CacheReport, parseCacheReport } from '../core/govern/report.ts';
import boundary from './boundary.ts';
import { required } from './environment.ts';

const client = dynamoDbClient();
const intervalSeconds = Number(required('INTERVAL_SECONDS'));
const settings = {
  intervalSeconds,
  maySlowOwner: JSON.parse(required('MAY_SLOW_OWNER')) as Record<string, { highWater: number }>,
  reportLifeSeconds: Number(required('REPORT_LIFE_SECONDS')),
  decisionLifeSeconds: Number(required('DECISION_LIFE_SECONDS')),
};
/** Heartbeats go the way that the owner's entities go: through its table, or straight to the topic. */
const heartbeats = beating();
const report = governorTelemetry(boundary.name);
const progress = createRelayProgress({ client: cloudWatchClient(), owner: boundary.name, intervalSeconds });
const ports = {
  ...createFlowStore({ client, tableName: required('FLOW_TABLE') }),
  // What the caches report counts without it.
  relayProgress: (nowMs: number) => progress(nowMs).catch(report.unmeasured),
};

/** Takes in the caches' reports and decides how writers may write; on its schedule it also commits each type's heartbeat. */
export async function handler(event: SQSEvent | object): Promise<SQSBatchResponse> {
  const records = 'Records' in event ? event.Records : [];
  const types = 'Records' in event ? [] : Object.keys(boundary.owns);
  const beats = await Promise.allSettled(types.map((type) => heartbeats.beat(type)));
  const reports = records.flatMap(({ body, messageId }): CacheReport[] => {
    const one = parseCacheReport(body);
    if (one === undefined) report.ignored(messageId, 'not a report of a cache');
    return one === undefined ? [] : [one];
  });
  report.governed(await govern(ports, settings, reports, Date.now()));
  // Not before: an owner whose table doesn't take heartbeats is the one to be governed.
  for (const beat of beats) if (beat.status === 'rejected') throw beat.reason;
  return { batchItemFailures: [] };
}

function beating(): Pick<Owner, 'beat'> {
  const tableName = process.env.OWNER_TABLE;
  if (tableName !== undefined) return createOwner({ boundary, tableName, client });
  const send = createPublisher({ client: snsClient(), topicArn: required('TOPIC_ARN') });
  return createStatePublisher({ boundary, send });
}
