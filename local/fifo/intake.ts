import { type BatchResult, checkBatch, runBatch } from './batch.ts';
import { DeduplicationWindow, deduplicationKey } from './deduplication.ts';
import { MessagingError } from './errors.ts';
import { MAX_MESSAGE_BYTES } from './limits.ts';
import { type SendInput, type SendResult, sizeBytes } from './message.ts';
import type { QueueSettings } from './queue-attributes.ts';
import { checkSend } from './send-rules.ts';
import { SequenceNumbers } from './sequence-numbers.ts';
import type { Identity, StoredMessage } from './stored-message.ts';

/** What an intake needs of its queue. */
export interface IntakeOptions {
  readonly isFifo: boolean;
  readonly now: () => number;
  readonly newId: () => string;
  readonly settings: () => QueueSettings;
  readonly store: (input: SendInput, identity: Identity, sentAtMs: number) => void;
}

/** The way into a queue: checks what is sent, drops duplicates and gives each message its ids. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #sent = new DeduplicationWindow<SendResult>();
  readonly #sequence = new SequenceNumbers();

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Stores a message, or answers a duplicate with the ids of the first one. */
  send(input: SendInput): SendResult {
    const { isFifo, newId, store } = this.#options;
    const settings = this.#options.settings();
    const deduplicationId = checkSend(input, isFifo, settings);
    const nowMs = this.#options.now();
    const deadLetterSourceArn = undefined;
    if (deduplicationId === undefined || input.groupId === undefined) {
      const messageId = newId();
      store(input, { messageId, sequenceNumber: undefined, deduplicationId, deadLetterSourceArn }, nowMs);
      return { messageId, isDuplicate: false };
    }
    const key = deduplicationKey(settings.deduplicatesPerGroup, input.groupId, deduplicationId);
    const first = this.#sent.find(key, nowMs);
    if (first !== undefined) return { ...first, isDuplicate: true };
    const messageId = newId();
    const sequenceNumber = this.#sequence.next();
    const result: SendResult = { messageId, sequenceNumber, isDuplicate: false };
    this.#sent.remember(key, result, nowMs);
    store(input, { messageId, sequenceNumber, deduplicationId, deadLetterSourceArn }, nowMs);
    return result;
  }

  /** Sends up to 10 messages, 1 MiB in all; each succeeds or fails for itself. */
  sendBatch(entries: readonly (SendInput & { readonly id: string })[]): BatchResult<SendResult> {
    checkBatch(entries);
    const bytes = entries.reduce((sum, { body, messageAttributes }) => sum + sizeBytes(body, messageAttributes), 0);
    if (bytes > MAX_MESSAGE_BYTES) {
      const limit = `Batch requests cannot be longer than ${MAX_MESSAGE_BYTES} bytes.`;
      throw new MessagingError('BatchRequestTooLong', `${limit} You have sent ${bytes} bytes.`);
    }
    return runBatch(entries, (entry) => this.send(entry));
  }

  /**
   * Takes a message that another queue's redrive policy moves here. Its deduplication id becomes its message id and, on
   * a FIFO queue, its age starts anew (sqs/sqs-configure-dead-letter-queue-redrive, sqs/setting-up-dead-letter-queue-retention).
   */
  takeDeadLetter(message: StoredMessage, deadLetterSourceArn: string): void {
    const { messageId } = message;
    const sentAtMs = this.#options.isFifo ? this.#options.now() : message.sentAtMs;
    this.#takeMoved(message, { messageId, deduplicationId: messageId, deadLetterSourceArn }, sentAtMs);
  }

  /**
   * Takes a message off a dead-letter queue of the same type: it is a new one, with a new id and age
   * (sqs/sqs-configure-dead-letter-queue-redrive). AWS says nothing about the deduplication id; here it stays.
   */
  takeRedriven(message: StoredMessage): void {
    const { deduplicationId } = message;
    const identity = { messageId: this.#options.newId(), deduplicationId, deadLetterSourceArn: undefined };
    this.#takeMoved(message, identity, this.#options.now());
  }

  /** What is moved is no duplicate of anything. */
  #takeMoved(message: StoredMessage, identity: Omit<Identity, 'sequenceNumber'>, sentAtMs: number): void {
    const { body, messageAttributes, groupId } = message;
    const input: SendInput = { body, messageAttributes, ...(groupId !== undefined && { groupId }) };
    const fifoOnly = this.#options.isFifo
      ? { sequenceNumber: this.#sequence.next(), deduplicationId: identity.deduplicationId }
      : { sequenceNumber: undefined, deduplicationId: undefined };
    this.#options.store(input, { ...identity, ...fifoOnly }, sentAtMs);
  }
}
