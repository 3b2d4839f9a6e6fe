import { entityOfGroup } from '../entity.ts';
import { parseEvent } from '../event.ts';
import type { ReceivedMessage, SetAside } from '../project/ports.ts';

/**
 * What is set aside of a dead letter: what crashed the projector every time, or what the topic couldn't deliver. Each queue numbers its messages
 * by itself, so under its bare number a dead letter could lie where another message of its group does, and one of them would be lost.
 */
export function deadLetter(message: ReceivedMessage, reason: 'crashed' | 'undelivered', nowMs: number): SetAside {
  // The body of one that crashed isn't looked at: that may be what can't be survived.
  const event = reason === 'undelivered' ? parseEvent(message.body) : undefined;
  const known = event !== undefined && 'entity' in event ? event : undefined;
  return {
    status: 'parked',
    message: { ...message, sequenceNumber: `${message.sequenceNumber}.${reason}` },
    reason,
    explanation:
      reason === 'crashed'
        ? 'the projector never got through with it: it came to the dead-letter queue'
        : "the topic couldn't deliver it to the cache's queue",
    entity: known?.entity ?? entityOfGroup(message.groupId),
    version: known?.version,
    setAsideAtMs: nowMs,
  };
}

/** Whether a sequence number is one that `deadLetter` gave. */
export function isDeadLetter(sequenceNumber: string): boolean {
  return sequenceNumber.includes('.');
}
