import { invalidValue, MessagingError } from './errors.ts';
import { MAX_VISIBILITY_SECONDS } from './limits.ts';
import { invalidHandle, makeReceiptHandle, messageIdOf } from './receipt-handle.ts';
import type { StoredMessage } from './stored-message.ts';

/** The messages of one queue that were received at least once, found by the receipt handles that it gave out for them. */
export class Receipts {
  readonly #queueName: string;
  readonly #isFifo: boolean;
  readonly #newId: () => string;
  readonly #received = new Map<string, StoredMessage>();

  constructor(queueName: string, isFifo: boolean, newId: () => string) {
    this.#queueName = queueName;
    this.#isFifo = isFifo;
    this.#newId = newId;
  }

  /** Counts a receive and gives the message a handle of its own; earlier handles go stale. */
  handOut(message: StoredMessage, nowMs: number): void {
    if (message.receiveCount === 0) {
      message.firstReceivedAtMs = nowMs;
      this.#received.set(message.messageId, message);
    }
    message.receivedAtMs = nowMs;
    message.receiveCount += 1;
    message.receiptHandle = makeReceiptHandle(this.#queueName, message.messageId, this.#newId());
  }

  /**
   * The message to delete by a handle, or none if there is nothing to do. A FIFO queue's handle expires with the
   * visibility timeout: `InvalidParameterValue` (repost.aws/knowledge-center/sqs-receipt-handle-error). A standard
   * queue takes it as long as the message was not received again, and then ignores it (sqs-api/API_DeleteMessage).
   */
  toDelete(receiptHandle: string): StoredMessage | undefined {
    const message = this.#find(receiptHandle);
    const isLatest = message?.receiptHandle === receiptHandle;
    if (message !== undefined && this.#isFifo && !(isLatest && message.state === 'inFlight'))
      throw invalidHandle(receiptHandle, 'The receipt handle has expired.');
    return isLatest ? message : undefined;
  }

  /** The message in flight whose visibility a handle may change to `seconds` from now (sqs-api/API_ChangeMessageVisibility). */
  toChange(receiptHandle: string, seconds: number, nowMs: number): StoredMessage {
    const message = this.#find(receiptHandle);
    if (message?.receiptHandle !== receiptHandle)
      throw invalidHandle(receiptHandle, 'Message does not exist or is not available for visibility timeout change.');
    if (message.state !== 'inFlight') {
      const problem = `The message of receipt handle ${receiptHandle} is not in flight.`;
      throw new MessagingError('MessageNotInflight', problem);
    }
    // The limit counts from the receive and no change prolongs it (sqs/sqs-visibility-timeout).
    if (nowMs + seconds * 1000 > message.receivedAtMs + MAX_VISIBILITY_SECONDS * 1000) {
      const limit = `Total VisibilityTimeout for the message is beyond the limit [${MAX_VISIBILITY_SECONDS} seconds].`;
      throw invalidValue(`Value ${seconds} for parameter VisibilityTimeout is invalid. Reason: ${limit}`);
    }
    return message;
  }

  forget({ messageId }: StoredMessage): void {
    this.#received.delete(messageId);
  }

  clear(): void {
    this.#received.clear();
  }

  /** The message of a receipt handle, if it still exists; throws if this queue never gave out such a handle. */
  #find(receiptHandle: string): StoredMessage | undefined {
    return this.#received.get(messageIdOf(receiptHandle, this.#queueName));
  }
}
