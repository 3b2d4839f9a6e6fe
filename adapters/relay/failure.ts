import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { SQSRecord } from 'aws-lambda';
import * as z from 'zod/mini';
import { ADOPT_REASONS } from '../../core/adopt/map.ts';
import { type EntityRef, messageGroupId, utf8Bytes } from '../../core/entity.ts';
import { shortened } from '../../core/errors.ts';
import type { ParkedEvent } from '../../core/project/ports.ts';
import { itemEntity } from '../aws/items.ts';

const keys = z.optional(z.record(z.string(), z.unknown()));

/** A message that the relay or the adopter sends for a diverted record, see `createDiverting`. */
const diverted = z.object({
  sequenceNumber: z.string().check(z.minLength(1)),
  reason: z.enum(['removed', 'unreadable', 'unknown-type', 'too-large', 'refused', ...ADOPT_REASONS]),
  explanation: z.string(),
  record: z.optional(
    z.object({ dynamodb: z.optional(z.object({ Keys: keys, ApproximateCreationDateTime: z.optional(z.number()) })) }),
  ),
  keys,
  /** The entity of a record of an existing table; null if it isn't known. */
  entity: z.optional(z.nullable(z.object({ type: z.string(), id: z.string() }))),
});

/** A message that Lambda sends for records that the event source mapping gave up (lam/services-dynamodb-errors). */
const givenUp = z.object({
  DDBStreamBatchInfo: z.object({
    streamArn: z.string(),
    shardId: z.string(),
    startSequenceNumber: z.string(),
    endSequenceNumber: z.string(),
  }),
});

/**
 * Of a larger body only the record's keys are parked, because both images together may exceed an item's 400 KB
 * (ddb/Constraints).
 */
const MAX_BODY_BYTES = 350 * 1024;

/** Message group of failures that aren't about one entity. */
const RELAY_GROUP = 'relay';

/**
 * Returns the parked event for a message of the owner's failure queue.
 *
 * @param ownerTable name of the owner's table, whose stream the relay reads. The adopter reads another table's
 */
export function relayFailure(
  { body, messageId, attributes }: SQSRecord,
  nowMs: number,
  ownerTable: string,
): ParkedEvent {
  const json = parsed(body);
  const message = (groupId: string, sequenceNumber: string) => {
    const sentAtMs = Number(attributes.SentTimestamp);
    return { messageId, groupId, sequenceNumber, body, receiveCount: 1, sentAtMs, firstReceivedAtMs: nowMs };
  };
  const common = { status: 'parked', version: undefined, parkedAtMs: nowMs } as const;
  const record = diverted.safeParse(json).data;
  if (record !== undefined) {
    const { reason, explanation, sequenceNumber } = record;
    const keys = record.record?.dynamodb?.Keys ?? record.keys;
    const entity = record.entity === undefined ? entityOfKeys(keys) : (record.entity ?? undefined);
    const group = entity === undefined ? RELAY_GROUP : messageGroupId(entity);
    const kept =
      utf8Bytes(body) <= MAX_BODY_BYTES
        ? body
        : JSON.stringify({ sequenceNumber, reason, explanation, entity: record.entity, keys });
    return { ...common, message: { ...message(group, sequenceNumber), body: kept }, reason, explanation, entity };
  }
  const batch = givenUp.safeParse(json).data?.DDBStreamBatchInfo;
  const explanation = batch
    ? `records ${batch.startSequenceNumber} to ${batch.endSequenceNumber} of ${batch.shardId} were never ` +
      (isStreamOf(batch.streamArn, ownerTable)
        ? 'published: compare the caches with the owner'
        : 'copied from the existing table: the next survey copies what they changed')
    : `not a message of the relay: ${shortened(body)}`;
  return {
    ...common,
    message: message(RELAY_GROUP, batch?.startSequenceNumber ?? messageId),
    reason: 'given-up',
    explanation,
    entity: undefined,
  };
}

/** When the change was made that a message tells of, epoch milliseconds, rounded down to a second. */
export function recordedAtMs({ body }: { readonly body: string }): number | undefined {
  const seconds = diverted.safeParse(parsed(body)).data?.record?.dynamodb?.ApproximateCreationDateTime;
  return seconds === undefined ? undefined : seconds * 1000;
}

/**
 * Whether a message tells that records of an existing table's stream were given up.
 *
 * @param ownerTable undefined for an owner without a table, which adopts none
 */
export function isGivenUpByAdopter({ body }: { readonly body: string }, ownerTable: string | undefined): boolean {
  if (ownerTable === undefined) return false;
  const batch = givenUp.safeParse(parsed(body)).data?.DDBStreamBatchInfo;
  return batch !== undefined && !isStreamOf(batch.streamArn, ownerTable);
}

/** The ARN of a stream contains its table's name (ddb/Streams). */
function isStreamOf(streamArn: string, table: string): boolean {
  return streamArn.includes(`:table/${table}/stream/`);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function entityOfKeys(item: Record<string, unknown> | undefined): EntityRef | undefined {
  try {
    return item && itemEntity(item as Record<string, AttributeValue>);
  } catch {
    return undefined;
  }
}
