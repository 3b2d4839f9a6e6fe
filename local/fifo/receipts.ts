import { invalidValue, MessagingError } from './errors.ts';
import { MAX_VISIBILITY_SECONDS } from './limits.ts';
import { invalidHandle, makeReceiptHandle, messageIdOf } from './receipt-handle.ts';
import type { StoredMessage } from './stored-message.ts';

/** The messages of one queue that were received at least once, found by their receipt handles. */
export interface Receipts {
  /** Counts a receive and gives the message a new handle. Earlier handles of the message become stale. */
  handOut(message: StoredMessage, nowMs: number): void;
  /**
   * The message to delete, or none if there is nothing to delete. A FIFO queue's handle expires with the visibility
   * timeout: `InvalidParameterValue` (repost.aws/knowledge-center/sqs-receipt-handle-error). A standard queue's handle
   * is valid until the message is received again; a stale handle is ignored (sqs-api/API_DeleteMessage).
   */
  toDelete(receiptHandle: string): StoredMessage | undefined;
  /**
   * The message in flight whose visibility changes (sqs-api/API_ChangeMessageVisibility).
   * @param seconds the new visibility timeout, counted from `nowMs`
   */
  toChange(receiptHandle: string, seconds: number, nowMs: number): StoredMessage;
  forget(message: StoredMessage): void;
  clear(): void;
}

/** @param newId makes the unique part of each handle */
export function createReceipts(queueName: string, isFifo: boolean, newId: () => string): Receipts {
  const received = new Map<string, StoredMessage>();
  /** The message of a handle, if it still exists. Throws for a handle that this queue never made. */
  const find = (receiptHandle: string): StoredMessage | undefined =>
    received.get(messageIdOf(receiptHandle, queueName));
  return {
    handOut(message, nowMs) {
      if (message.receiveCount === 0) {
        message.firstReceivedAtMs = nowMs;
        received.set(message.messageId, message);
      }
      message.receivedAtMs = nowMs;
      message.receiveCount += 1;
      message.receiptHandle = makeReceiptHandle(queueName, message.messageId, newId());
    },
    toDelete(receiptHandle) {
      const message = find(receiptHandle);
      const isLatest = message?.receiptHandle === receiptHandle;
      if (message !== undefined && isFifo && !(isLatest && message.state === 'inFlight'))
        throw invalidHandle(receiptHandle, 'The receipt handle has expired.');
      return isLatest ? message : undefined;
    },
    toChange(receiptHandle, seconds, nowMs) {
      const message = find(receiptHandle);
      checkChange(message, receiptHandle, seconds, nowMs);
      return message;
    },
    forget: ({ messageId }) => void received.delete(messageId),
    clear: () => received.clear(),
  };
}

function checkChange(
  message: StoredMessage | undefined,
  receiptHandle: string,
  seconds: number,
  nowMs: number,
): asserts message is StoredMessage {
  if (message?.receiptHandle !== receiptHandle)
    throw invalidHandle(receiptHandle, 'Message does not exist or is not available for visibility timeout change.');
  if (message.state !== 'inFlight') {
    const problem = `The message of receipt handle ${receiptHandle} is not in flight.`;
    throw new MessagingError('MessageNotInflight', problem);
  }
  // The limit counts from the receive; a change doesn't restart it (sqs/sqs-visibility-timeout).
  if (nowMs + seconds * 1000 > message.receivedAtMs + MAX_VISIBILITY_SECONDS * 1000) {
    const limit = `Total VisibilityTimeout for the message is beyond the limit [${MAX_VISIBILITY_SECONDS} seconds].`;
    throw invalidValue(`Value ${seconds} for parameter VisibilityTimeout is invalid. Reason: ${limit}`);
  }
}
