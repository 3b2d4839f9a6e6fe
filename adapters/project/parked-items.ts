import type { ParkedEvent } from '../../core/project/ports.ts';
import type { ParkedKey } from '../../core/repair/parked-key.ts';
import { ATTRIBUTE, type Item } from '../aws/items.ts';

/** Prefixes of sort keys in the parking table: parked events, and notes of messages that are tried alone. */
export const EVENT = 'event#';
export const ALONE = 'alone#';

/** The item key of a parked event or a note. */
export function parkingKey(kind: typeof EVENT | typeof ALONE, { groupId, sequenceNumber }: ParkedKey) {
  return { [ATTRIBUTE.partition]: { S: groupId }, [ATTRIBUTE.id]: { S: kind + sequenceNumber } };
}

/** The item of a parked event. */
export function parkedItem({ status, message, reason, explanation, entity, version, parkedAtMs }: ParkedEvent): Item {
  return {
    ...parkingKey(EVENT, message),
    status: { S: status },
    reason: { S: reason },
    explanation: { S: explanation },
    body: { S: message.body },
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
      body: text('body'),
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
