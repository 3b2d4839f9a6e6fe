import { entityOfGroup } from '../entity.ts';
import { parseEvent } from '../event.ts';
import type { ParkedEvent, ProjectPorts, ReceivedMessage } from '../project/ports.ts';
import type { ProjectReport } from '../project/report.ts';

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
    message: withReason(message, reason),
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

function withReason(message: ReceivedMessage, reason: 'crashed' | 'undelivered'): ReceivedMessage {
  return { ...message, sequenceNumber: `${message.sequenceNumber}.${reason}` };
}

/** What treating dead letters needs. */
export interface DeadLetterPorts {
  /**
   * Whether a try of the message alone by the projector never ended, see `ProjectPorts.beginAlone`. Throws only when
   * infrastructure fails.
   */
  hasCrashed(message: ReceivedMessage): Promise<boolean>;
  /** Projects messages as the projector does, see `projectBatch`. */
  project(messages: readonly ReceivedMessage[]): Promise<ProjectReport>;
}

/**
 * Treats messages that SQS moved to the dead-letter queue, because each was received a thousand times and never
 * answered. From the third receive on, the projector notes each try before it reads the message. So a message without a
 * note was never tried: the projector was throttled, or couldn't start. That says nothing about the message, which is
 * projected here. Any other message is parked.
 *
 * A message that isn't settled stays in the dead-letter queue and is received again.
 */
export async function treatDeadLetters(
  messages: readonly ReceivedMessage[],
  ports: DeadLetterPorts & Pick<ProjectPorts, 'park'>,
  nowMs: number,
): Promise<{ readonly parked: readonly ParkedEvent[]; readonly report: ProjectReport }> {
  const parked: ParkedEvent[] = [];
  const failed: { readonly message: ReceivedMessage; readonly error: unknown }[] = [];
  const untried: ReceivedMessage[] = [];
  for (const message of messages) {
    try {
      if (await ports.hasCrashed(message)) {
        const event = deadLetter(message, 'crashed', nowMs);
        await ports.park(event);
        parked.push(event);
      } else untried.push(message);
    } catch (error) {
      failed.push({ message, error });
    }
  }
  const numbered = new Map(untried.map((message) => [withReason(message, 'crashed'), message]));
  const { settled, returned } = await ports.project([...numbered.keys()]);
  const given = <T extends { readonly message: ReceivedMessage }>(one: T): T => ({
    ...one,
    message: numbered.get(one.message) ?? one.message,
  });
  return { parked, report: { settled: settled.map(given), returned: [...returned.map(given), ...failed] } };
}

/** Whether `deadLetter` made this sequence number. */
export function isDeadLetter(sequenceNumber: string): boolean {
  return sequenceNumber.includes('.');
}
