import type { Deque } from './deque.ts';
import type { MessageAttributes, ReceivedMessage, SendInput } from './message.ts';

/** A message in a queue. `dueAtMs`: when a delayed one arrives, or one in flight becomes visible again. */
export interface StoredMessage {
  readonly messageId: string;
  readonly body: string;
  readonly messageAttributes: MessageAttributes;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly sequenceNumber: string | undefined;
  readonly deadLetterSourceArn: string | undefined;
  readonly sentAtMs: number;
  /** When it came to this queue; a message that a standard queue gave to its dead-letter queue was sent earlier. */
  readonly arrivedAtMs: number;
  readonly group: Group;
  state: 'delayed' | 'waiting' | 'inFlight' | 'returned' | 'gone';
  dueAtMs: number;
  receiptHandle: string;
  receiveCount: number;
  firstReceivedAtMs: number;
  /** When it was received last. */
  receivedAtMs: number;
}

/** Messages that keep their order. `received` is the batch taken last, in order, until all of it is settled. */
export interface Group {
  readonly key: string;
  readonly waiting: Deque<StoredMessage>;
  readonly received: StoredMessage[];
  inFlight: number;
  delayed: number;
  lastDueAtMs: number;
  isReady: boolean;
}

/** What the queue adds to a message that is sent or moved to it. */
export interface Identity {
  readonly messageId: string;
  readonly sequenceNumber: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly deadLetterSourceArn: string | undefined;
}

const NO_ATTRIBUTES: MessageAttributes = Object.freeze({});

export function toStored(
  input: SendInput,
  identity: Identity,
  group: Group,
  sentAtMs: number,
  arrivedAtMs: number,
): StoredMessage {
  return {
    messageId: identity.messageId,
    body: input.body,
    messageAttributes: input.messageAttributes ?? NO_ATTRIBUTES,
    groupId: input.groupId,
    deduplicationId: identity.deduplicationId,
    sequenceNumber: identity.sequenceNumber,
    deadLetterSourceArn: identity.deadLetterSourceArn,
    sentAtMs,
    arrivedAtMs,
    group,
    state: 'waiting',
    dueAtMs: 0,
    receiptHandle: '',
    receiveCount: 0,
    firstReceivedAtMs: 0,
    receivedAtMs: 0,
  };
}

export function toReceived(message: StoredMessage): ReceivedMessage {
  return {
    messageId: message.messageId,
    receiptHandle: message.receiptHandle,
    body: message.body,
    messageAttributes: message.messageAttributes,
    sentAtMs: message.sentAtMs,
    firstReceivedAtMs: message.firstReceivedAtMs,
    receiveCount: message.receiveCount,
    groupId: message.groupId,
    deduplicationId: message.deduplicationId,
    sequenceNumber: message.sequenceNumber,
    deadLetterSourceArn: message.deadLetterSourceArn,
  };
}
