import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { createVouchNotes } from '../adapters/adopt/vouch-notes.ts';
import { dynamoDbClient, snsClient } from '../adapters/aws/clients.ts';
import { cloudWatchClient } from '../adapters/aws/cloudwatch-client.ts';
import { createFlowStore } from '../adapters/govern/flow-table.ts';
import { governorTelemetry } from '../adapters/govern/telemetry.ts';
import type { Owner } from '../adapters/own/owner.ts';
import { createOwner } from '../adapters/own/owner-table.ts';
import { createStatePublisher } from '../adapters/own/publisher.ts';
import { createRelayProgress } from '../adapters/relay/progress.ts';
import { createPublisher } from '../adapters/relay/topic.ts';
import { heartbeatAtMs } from '../core/adopt/vouch.ts';
import { adoptedTypes } from '../core/contract/define-boundary.ts';
import { isHeartbeatRequest } from '../core/govern/first-heartbeats.ts';
import { countedReports, govern, noteReaders } from '../core/govern/govern.ts';
import { type CacheReport, parseCacheReport } from '../core/govern/report.ts';
import boundary from './boundary.ts';
import { emitter, required } from './environment.ts';

const client = dynamoDbClient();
const intervalSeconds = Number(required('INTERVAL_SECONDS'));
const settings = {
  intervalSeconds,
  maySlowOwner: JSON.parse(required('MAY_SLOW_OWNER')) as Record<string, { highWater: number }>,
  reportLifeSeconds: Number(required('REPORT_LIFE_SECONDS')),
  decisionLifeSeconds: Number(required('DECISION_LIFE_SECONDS')),
  compressEvents: required('COMPRESS_EVENTS') === 'true',
};
const vouchNotes = createVouchNotes(client, required('FLOW_TABLE'));
/**
 * Heartbeats take the same path as the owner's entities: through its table, or directly to the topic. Those of an owner
 * in PostgreSQL are committed by its relay, because the governor has no access to the database.
 */
const heartbeats = beating();
const owner = emitter(boundary.name);
const report = governorTelemetry(owner);
const progress = createRelayProgress({ client: cloudWatchClient(), owner, intervalSeconds });
const ports = {
  ...createFlowStore({ client, tableName: required('FLOW_TABLE') }),
  // If the relay's metrics can't be read, the governor decides from the reports alone, and ends no limit.
  relayProgress: (nowMs: number) => progress(nowMs).catch(report.unmeasured),
};

/**
 * Handles the caches' reports and decides how writers may write. On its schedule, after a deployment and when a cache
 * asks for heartbeats, it also commits the heartbeat of each type.
 */
export async function handler(event: SQSEvent | object): Promise<SQSBatchResponse> {
  const records = 'Records' in event ? event.Records : [];
  const isAsked = records.some(({ body }) => isHeartbeatRequest(body));
  const types = 'Records' in event && !isAsked ? [] : Object.keys(boundary.owns);
  const beats = await Promise.allSettled([beat(types)]);
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
  for (const beat of beats) if (beat.status === 'rejected') throw beat.reason;
  return { batchItemFailures: [] };
}

/** Commits the heartbeat of each type. It vouches for nothing while copies of an existing table may be incomplete. */
async function beat(types: readonly string[]): Promise<void> {
  const vouched = adoptedTypes(boundary).length === 0 ? undefined : await vouchNotes.read(boundary.name);
  const nowMs = Date.now();
  const beats = types.map((type) => heartbeats?.beat(type, heartbeatAtMs(boundary, type, vouched, nowMs)));
  for (const result of await Promise.allSettled(beats)) if (result.status === 'rejected') throw result.reason;
}

function beating(): Pick<Owner, 'beat'> | undefined {
  const { OWNER_TABLE: tableName, TOPIC_ARN: topicArn } = process.env;
  if (tableName !== undefined) return createOwner({ boundary, tableName, client });
  if (topicArn === undefined) return undefined;
  const send = createPublisher({ client: snsClient(), topicArn });
  return createStatePublisher({ boundary, send });
}
