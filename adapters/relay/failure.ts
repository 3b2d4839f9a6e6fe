import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { SQSRecord } from 'aws-lambda';
import * as z from 'zod/mini';
import { type EntityRef, messageGroupId, utf8Bytes } from '../../core/entity.ts';
import { shortened } from '../../core/errors.ts';
import type { SetAside } from '../../core/project/ports.ts';
import { itemEntity } from '../aws/items.ts';

const keys = z.optional(z.record(z.string(), z.unknown()));

/** What the relay diverts: see `createDiverting`. */
const diverted = z.object({
  sequenceNumber: z.string().check(z.minLength(1)),
  reason: z.enum(['removed', 'unreadable', 'unknown-type', 'too-large', 'refused']),
  explanation: z.string(),
  record: z.optional(z.object({ dynamodb: z.optional(z.object({ Keys: keys })) })),
  keys,
});

/** What a stream mapping sends of records that it gave up (lam/services-dynamodb-errors). */
const givenUp = z.object({
  DDBStreamBatchInfo: z.object({ shardId: z.string(), startSequenceNumber: z.string(), endSequenceNumber: z.string() }),
});

/** Of a larger record the keys remain: both its images may be more than the 400 KB of an item (ddb/Constraints). */
const MAX_BODY_BYTES = 350 * 1024;

/** What is set aside of a message of the relay's failure queue. */
export function relayFailure({ body, messageId, attributes }: SQSRecord, nowMs: number): SetAside {
  const json = parsed(body);
  const message = (groupId: string, sequenceNumber: string) => {
    return { messageId, groupId, sequenceNumber, body, receiveCount: 1, sentAtMs: Number(attributes.SentTimestamp) };
  };
  const common = { status: 'parked', version: undefined, setAsideAtMs: nowMs } as const;
  const record = diverted.safeParse(json).data;
  if (record !== undefined) {
    const { reason, explanation, sequenceNumber } = record;
    const keys = record.record?.dynamodb?.Keys ?? record.keys;
    const entity = entityOfKeys(keys);
    const group = entity === undefined ? 'relay' : messageGroupId(entity);
    const kept =
      utf8Bytes(body) <= MAX_BODY_BYTES ? body : JSON.stringify({ sequenceNumber, reason, explanation, keys });
    return { ...common, message: { ...message(group, sequenceNumber), body: kept }, reason, explanation, entity };
  }
  const batch = givenUp.safeParse(json).data?.DDBStreamBatchInfo;
  const explanation = batch
    ? `records ${batch.startSequenceNumber} to ${batch.endSequenceNumber} of ${batch.shardId} were never published: compare the caches with the owner`
    : `not a message of the relay: ${shortened(body)}`;
  return {
    ...common,
    message: message('relay', batch?.startSequenceNumber ?? messageId),
    reason: 'given-up',
    explanation,
    entity: undefined,
  };
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
