import { entityOfGroup } from '../entity.ts';
import { parseEvent } from '../event.ts';
import type { ParkedEvent, ReceivedMessage } from '../project/ports.ts';

/**
 * The parked event of a dead letter: a message that crashed the projector every time, or one that the topic couldn't
 * deliver. Each queue numbers its messages by itself. The reason in the sequence number keeps a dead letter apart from
 * another message of its group with the same number; under the same key, one of the two would be lost.
 */
export function deadLetter(message: ReceivedMessage, reason: 'crashed' | 'undelivered', nowMs: number): ParkedEvent {
  // The body of a message that crashed the projector isn't read: the body may be what crashes it.
  const event = reason === 'undelivered' ? parseEvent(message.body) : undefined;
  const known = event !== undefined && 'entity' in event ? event : undefined;
  return {
    status: 'parked',
    message: { ...message, sequenceNumber: `${message.sequenceNumber}.${reason}` },
    reason,
    explanation:
      reason === 'crashed'
        ? 'the projector never finished it: it came to the dead-letter queue'
        : "the topic couldn't deliver it to the cache's queue",
    entity: known?.entity ?? entityOfGroup(message.groupId),
    version: known?.version,
    parkedAtMs: nowMs,
  };
}

/** Whether `deadLetter` made this sequence number. */
export function isDeadLetter(sequenceNumber: string): boolean {
  return sequenceNumber.includes('.');
}
