import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { deduplicationId, messageGroupId } from '../../core/entity.ts';
import { serialiseEvent } from '../../core/event.ts';
import { canonicalState } from '../../core/state.ts';
import { countries } from '../../examples/shop/geography/releases.ts';

const rows = countries();

/** A country's state at a version: about 500 bytes of real data, with the version in one field. */
export function countryState(number: number, version: number): Record<string, unknown> {
  return { ...rows[number % rows.length]?.state, areaKm2: version };
}

/** The id of a made-up country. @param number any integer */
export function countryId(number: number): string {
  return `C${number}`;
}

/** An SQS record with the event of a country at a version, as an event source mapping passes it to a function. */
export function countryRecord(number: number, version: number): SQSRecord {
  const entity = { type: 'Country', id: countryId(number) };
  const { json, digest } = canonicalState(entity, countryState(number, version));
  const at = '2026-11-23T10:00:00.000Z';
  const event = { kind: 'state', entity, version, digest, owner: 'geography', schemaVersion: 1 } as const;
  return {
    messageId: `${entity.id}-${version}`,
    receiptHandle: `handle-${entity.id}-${version}`,
    body: serialiseEvent({ ...event, changedAt: at, publishedAt: at }, json),
    attributes: {
      MessageGroupId: messageGroupId(entity),
      MessageDeduplicationId: deduplicationId(entity, version),
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: 'bench',
      ApproximateFirstReceiveTimestamp: '0',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:bench.fifo',
    awsRegion: 'us-east-1',
  };
}

/** The events of a round. `distinct`: one event for each of many new entities. `hot`: many events for few entities. */
export type Load = 'distinct' | 'hot';

/** The largest batch of a FIFO queue's event source mapping (lam/services-sqs-configure). */
const BATCH = 10;

/** The batches of a round. No two rounds have the same event, so each event is applied. */
export function roundOf(load: Load, groups: number, batches: number, round: number): SQSEvent[] {
  return Array.from({ length: batches }, (_, index) => {
    const batch = round * batches + index;
    if (load === 'distinct') {
      return { Records: Array.from({ length: groups }, (_, group) => countryRecord(batch * groups + group, 1)) };
    }
    const perGroup = BATCH / groups;
    return {
      Records: Array.from({ length: BATCH }, (_, position) =>
        countryRecord(position % groups, batch * perGroup + Math.floor(position / groups) + 1),
      ),
    };
  });
}
