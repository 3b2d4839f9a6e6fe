import { compressed, decompressed } from '../../core/compression.ts';
import { utf8Bytes } from '../../core/entity.ts';
import type { ParkedEvent } from '../../core/project/ports.ts';
import type { ParkedKey } from '../../core/repair/parked-key.ts';
import { ATTRIBUTE, COMPRESSED_TEXT, type Item } from '../aws/items.ts';

/** Prefixes of sort keys in the parking table: parked events, and notes of messages that are tried alone. */
export const EVENT = 'event#';
export const ALONE = 'alone#';

/** The item key of a parked event or a note. */
export function parkingKey(kind: typeof EVENT | typeof ALONE, { groupId, sequenceNumber }: ParkedKey) {
  return { [ATTRIBUTE.partition]: { S: groupId }, [ATTRIBUTE.id]: { S: kind + sequenceNumber } };
}

/** A larger body is compressed: an item holds 400 KB (ddb/Constraints), and the rest of a parked event needs room. */
const MAX_PLAIN_BODY_BYTES = 350 * 1024;
const MAX_COMPRESSED_BODY_BYTES = 390 * 1024;

/** Largest SQS message (sqs/quotas-messages, 2026-11-23). */
const MAX_BODY_BYTES = 1024 * 1024;

/** How much is stored of a body that doesn't fit, in UTF-16 code units. */
const MAX_BEGINNING = 32 * 1024;

/**
 * The body of a parked event. A body that doesn't even fit compressed isn't an event of Freshet's: events have at most
 * 368 KiB of compressed data. Nobody can apply it, so its beginning is enough to find out who sent it.
 */
function bodyAttributes(body: string): Item {
  const bytes = utf8Bytes(body);
  if (bytes <= MAX_PLAIN_BODY_BYTES) return { body: { S: body } };
  const form = compressed(body);
  if (form.length <= MAX_COMPRESSED_BODY_BYTES) return { body: { S: COMPRESSED_TEXT }, compressedBody: { B: form } };
  const beginning = body.slice(0, MAX_BEGINNING).toWellFormed();
  return { body: { S: `${beginning}… (${bytes} bytes; only the beginning is stored)` } };
}

function bodyOf({ body, compressedBody }: Item): string {
  return compressedBody?.B === undefined ? (body?.S ?? '') : decompressed(compressedBody.B, MAX_BODY_BYTES);
}

/** The item of a parked event. */
export function parkedItem({ status, message, reason, explanation, entity, version, parkedAtMs }: ParkedEvent): Item {
  return {
    ...parkingKey(EVENT, message),
    status: { S: status },
    reason: { S: reason },
    explanation: { S: explanation },
    ...bodyAttributes(message.body),
    messageId: { S: message.messageId },
    receiveCount: { N: String(message.receiveCount) },
    sentAt: { N: String(message.sentAtMs) },
    setAsideAt: { N: String(parkedAtMs) },
    ...(entity && { entityType: { S: entity.type }, entityId: { S: entity.id } }),
    ...(version !== undefined && { version: { N: String(version) } }),
  };
}

/** Reads the item of a parked event. */
export function parkedEventOf(item: Item): ParkedEvent {
  const text = (name: string) => item[name]?.S ?? '';
  const number = (name: string) => Number(item[name]?.N);
  const type = item.entityType?.S;
  return {
    status: text('status') as ParkedEvent['status'],
    message: {
      messageId: text('messageId'),
      groupId: text(ATTRIBUTE.partition),
      sequenceNumber: text(ATTRIBUTE.id).slice(EVENT.length),
      body: bodyOf(item),
      // A parked event starts with a new budget: its earlier failures don't count.
      receiveCount: 1,
      sentAtMs: number('sentAt'),
      firstReceivedAtMs: number('setAsideAt'),
    },
    reason: text('reason') as ParkedEvent['reason'],
    explanation: text('explanation'),
    entity: type === undefined ? undefined : { type, id: text('entityId') },
    version: item.version === undefined ? undefined : number('version'),
    parkedAtMs: number('setAsideAt'),
  };
}
