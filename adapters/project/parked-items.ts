import type { ReceivedMessage, SetAside } from '../../core/project/ports.ts';
import type { SetAsideKey } from '../../core/repair/redrive.ts';
import { ATTRIBUTE, type Item } from '../aws/items.ts';

/** Sort keys of the parking table: what lies there of a message group. */
export const EVENT = 'event#';
export const ALONE = 'alone#';

/** Where something lies of a message. */
export function parkingKey(kind: string, { groupId, sequenceNumber }: SetAsideKey | ReceivedMessage) {
  return { [ATTRIBUTE.partition]: { S: groupId }, [ATTRIBUTE.id]: { S: kind + sequenceNumber } };
}

/** What was set aside, as it is stored. */
export function asideItem({ status, message, reason, explanation, entity, version, setAsideAtMs }: SetAside): Item {
  return {
    ...parkingKey(EVENT, message),
    status: { S: status },
    reason: { S: reason },
    explanation: { S: explanation },
    body: { S: message.body },
    messageId: { S: message.messageId },
    receiveCount: { N: String(message.receiveCount) },
    sentAt: { N: String(message.sentAtMs) },
    setAsideAt: { N: String(setAsideAtMs) },
    ...(entity && { entityType: { S: entity.type }, entityId: { S: entity.id } }),
    ...(version !== undefined && { version: { N: String(version) } }),
  };
}

/** Reads what was set aside, ready to be tried anew. */
export function asideOf(item: Item): SetAside {
  const text = (name: string) => item[name]?.S ?? '';
  const number = (name: string) => Number(item[name]?.N);
  const type = item.entityType?.S;
  return {
    status: text('status') as SetAside['status'],
    message: {
      messageId: text('messageId'),
      groupId: text(ATTRIBUTE.partition),
      sequenceNumber: text(ATTRIBUTE.id).slice(EVENT.length),
      body: text('body'),
      // It starts anew: what it failed of before is not what it is judged by now.
      receiveCount: 1,
      sentAtMs: number('sentAt'),
    },
    reason: text('reason') as SetAside['reason'],
    explanation: text('explanation'),
    entity: type === undefined ? undefined : { type, id: text('entityId') },
    version: item.version === undefined ? undefined : number('version'),
    setAsideAtMs: number('setAsideAt'),
  };
}
