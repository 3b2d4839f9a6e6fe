import type { Deque } from './deque.ts';
import type { MessageAttributes, ReceivedMessage, SendInput } from './message.ts';

/** A message in a queue. The fields that aren't `readonly` change on the message's way through the queue. */
export interface StoredMessage {
  readonly messageId: string;
  readonly body: string;
  readonly messageAttributes: MessageAttributes;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly sequenceNumber: string | undefined;
  readonly deadLetterSourceArn: string | undefined;
  readonly sentAtMs: number;
  /** When the message arrived in this queue. In a standard dead-letter queue, this is later than `sentAtMs`. */
  readonly arrivedAtMs: number;
  readonly group: Group;
  state: 'delayed' | 'waiting' | 'inFlight' | 'returned' | 'gone';
  /** When a delayed message or a message in flight becomes visible. */
  dueAtMs: number;
  receiptHandle: string;
  receiveCount: number;
  firstReceivedAtMs: number;
  /** The latest receive. */
  receivedAtMs: number;
}

/** A message as it outlives a process. Its receives are forgotten. */
export interface KeptMessage
  extends Pick<
    StoredMessage,
    | 'messageId'
    | 'body'
    | 'messageAttributes'
    | 'deduplicationId'
    | 'sequenceNumber'
    | 'deadLetterSourceArn'
    | 'sentAtMs'
    | 'arrivedAtMs'
  > {
  readonly groupId?: string;
  readonly delayMs: number;
}

/** Messages that keep their order. */
export interface Group {
  readonly key: string;
  readonly waiting: Deque<StoredMessage>;
  /** The messages received last, in order, until each is deleted or visible again. */
  readonly received: StoredMessage[];
  inFlight: number;
  delayed: number;
  /** When the last delayed message becomes visible. Later messages can't become visible before it. */
  lastDueAtMs: number;
  /** Whether the group waits for its turn to be received from. */
  isReady: boolean;
}

/** The ids that a queue gives to a message that is sent or moved to it. */
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
