import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { dynamoDbClient } from '../adapters/aws/clients.ts';
import { createOwner } from '../adapters/own/owner-table.ts';
import { createParking } from '../adapters/project/parking-table.ts';
import { eachRecord } from '../adapters/project/queue.ts';
import { repairTelemetry } from '../adapters/project/telemetry.ts';
import { relayFailure } from '../adapters/relay/failure.ts';
import { parseResyncRequest } from '../adapters/repair/gaps.ts';
import { sha256 } from '../core/entity.ts';
import { FreshetError } from '../core/errors.ts';
import boundary from './boundary.ts';
import { emitter, required } from './environment.ts';

const client = dynamoDbClient();
const ownerTable = required('OWNER_TABLE');
const resyncQueueArn = required('RESYNC_QUEUE_ARN');
const report = repairTelemetry(emitter(boundary.name));
const owner = createOwner({ boundary, tableName: ownerTable, client });
const { park } = createParking({ client, cacheTable: ownerTable, parkingTable: required('PARKING_TABLE') });

/** Publishes entities again that caches request, and parks the relay's failures. */
export function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  return eachRecord(event, async (record) => {
    if (record.eventSourceARN === resyncQueueArn) await resync(record);
    else await park(relayFailure(record, Date.now()));
  });
}

async function resync({ body, messageId }: SQSRecord): Promise<void> {
  const request = parseResyncRequest(body);
  if (request === undefined) return report.ignored(messageId, 'not a request for a state');
  try {
    const result = await owner.resync(request.entity.type, request.entity.id, sha256(messageId).slice(0, 20));
    if (result === 'unknown') report.ignored(messageId, 'the owner has no such entity');
  } catch (error) {
    // The type isn't owned here, or the id isn't valid. A retry would fail again.
    if (!(error instanceof FreshetError)) throw error;
    report.ignored(messageId, error.code);
  }
}
