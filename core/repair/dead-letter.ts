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

/** The ports of treating a dead letter. Each throws only when infrastructure fails. */
export interface DeadLetterPorts {
  /** Whether a try of the message alone never ended, see `ProjectPorts.beginAlone`. */
  hasCrashed(message: ReceivedMessage): Promise<boolean>;
  /** Sends the message into the cache's queue again. */
  sendBack(message: ReceivedMessage): Promise<void>;
  park(event: ParkedEvent): Promise<void>;
}

/**
 * Treats a message that SQS moved to the dead-letter queue, because it was received a thousand times and never
 * answered. From the third receive on, the projector notes each try before it reads the message. So a message without a
 * note was never tried: the projector was throttled, or couldn't start. It says nothing about the message, which is
 * sent back. Any other message is parked.
 *
 * @returns the parked event, or that the message was sent back
 */
export async function treatDeadLetter(
  message: ReceivedMessage,
  ports: DeadLetterPorts,
  nowMs: number,
): Promise<ParkedEvent | 'sent back'> {
  if (!(await ports.hasCrashed(message))) {
    await ports.sendBack(message);
    return 'sent back';
  }
  const parked = deadLetter(message, 'crashed', nowMs);
  await ports.park(parked);
  return parked;
}

/** Whether `deadLetter` made this sequence number. */
export function isDeadLetter(sequenceNumber: string): boolean {
  return sequenceNumber.includes('.');
}
