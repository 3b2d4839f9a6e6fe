import { type BatchResult, checkBatch, runBatch } from './batch.ts';
import { createDeduplicationWindow, deduplicationKey } from './deduplication.ts';
import { MessagingError } from './errors.ts';
import { MAX_MESSAGE_BYTES } from './limits.ts';
import { type SendInput, type SendResult, sizeBytes } from './message.ts';
import type { QueueSettings } from './queue-attributes.ts';
import { checkSend } from './send-rules.ts';
import { createSequence } from './sequence-numbers.ts';
import type { Identity, StoredMessage } from './stored-message.ts';

/** What an intake needs from its queue. */
export interface IntakeOptions {
  readonly isFifo: boolean;
  readonly now: () => number;
  readonly newId: () => string;
  readonly settings: () => QueueSettings;
  readonly store: (input: SendInput, identity: Identity, sentAtMs: number) => void;
  /** The sequence numbers are above this one. @default 0 */
  readonly firstNumber?: number;
}

/** The senders' side of a queue: it checks messages, drops duplicates and gives each message its ids. */
export interface Intake {
  /** Stores a message, or answers a duplicate with the ids of the first message. */
  send(input: SendInput): SendResult;
  /** Sends up to 10 messages, 1 MiB in total. Each message succeeds or fails on its own. */
  sendBatch(entries: readonly (SendInput & { readonly id: string })[]): BatchResult<SendResult>;
  /**
   * Takes a message that another queue's redrive policy moves to this queue. The deduplication id becomes the message
   * id, and a FIFO queue restarts the message's age (sqs/sqs-configure-dead-letter-queue-redrive,
   * sqs/setting-up-dead-letter-queue-retention).
   */
  takeDeadLetter(message: StoredMessage, deadLetterSourceArn: string): void;
  /**
   * Takes a message from a dead-letter queue of the same type. It becomes a new message with a new id and age
   * (sqs/sqs-configure-dead-letter-queue-redrive). AWS doesn't document the new message's deduplication id; this intake
   * keeps the old one.
   */
  takeRedriven(message: StoredMessage): void;
}

export function createIntake({ isFifo, now, newId, settings, store, firstNumber }: IntakeOptions): Intake {
  const sent = createDeduplicationWindow<SendResult>();
  const nextNumber = createSequence('', firstNumber);

  function send(input: SendInput): SendResult {
    const rules = settings();
    const deduplicationId = checkSend(input, isFifo, rules);
    const nowMs = now();
    const deadLetterSourceArn = undefined;
    if (deduplicationId === undefined || input.groupId === undefined) {
      const messageId = newId();
      store(input, { messageId, sequenceNumber: undefined, deduplicationId, deadLetterSourceArn }, nowMs);
      return { messageId, isDuplicate: false };
    }
    const key = deduplicationKey(rules.deduplicatesPerGroup, input.groupId, deduplicationId);
    const first = sent.find(key, nowMs);
    if (first !== undefined) return { ...first, isDuplicate: true };
    const messageId = newId();
    const sequenceNumber = nextNumber();
    const result: SendResult = { messageId, sequenceNumber, isDuplicate: false };
    sent.remember(key, result, nowMs);
    store(input, { messageId, sequenceNumber, deduplicationId, deadLetterSourceArn }, nowMs);
    return result;
  }

  /** A moved message is never a duplicate. */
  function takeMoved(message: StoredMessage, identity: Omit<Identity, 'sequenceNumber'>, sentAtMs: number): void {
    const { body, messageAttributes, groupId } = message;
    const input: SendInput = { body, messageAttributes, ...(groupId !== undefined && { groupId }) };
    const fifoOnly = isFifo
      ? { sequenceNumber: nextNumber(), deduplicationId: identity.deduplicationId }
      : { sequenceNumber: undefined, deduplicationId: undefined };
    store(input, { ...identity, ...fifoOnly }, sentAtMs);
  }

  return {
    send,
    sendBatch(entries) {
      checkBatch(entries);
      checkBatchSize(entries);
      return runBatch(entries, send);
    },
    takeDeadLetter(message, deadLetterSourceArn) {
      const { messageId } = message;
      const sentAtMs = isFifo ? now() : message.sentAtMs;
      takeMoved(message, { messageId, deduplicationId: messageId, deadLetterSourceArn }, sentAtMs);
    },
    takeRedriven(message) {
      const { deduplicationId } = message;
      takeMoved(message, { messageId: newId(), deduplicationId, deadLetterSourceArn: undefined }, now());
    },
  };
}

function checkBatchSize(entries: readonly SendInput[]): void {
  const bytes = entries.reduce((sum, { body, messageAttributes }) => sum + sizeBytes(body, messageAttributes), 0);
  if (bytes <= MAX_MESSAGE_BYTES) return;
  const limit = `Batch requests cannot be longer than ${MAX_MESSAGE_BYTES} bytes.`;
  throw new MessagingError('BatchRequestTooLong', `${limit} You have sent ${bytes} bytes.`);
}
