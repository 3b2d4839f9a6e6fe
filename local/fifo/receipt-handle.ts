import { invalidValue, MessagingError } from './errors.ts';

/** The handle of one receive: the queue, the message and a part that is unique to the receive. */
export function makeReceiptHandle(queueName: string, messageId: string, unique: string): string {
  return `${queueName}:${messageId}:${unique}`;
}

/** The message id in a handle. Throws if the handle isn't one of this queue. */
export function messageIdOf(receiptHandle: string, queueName: string): string {
  const start = queueName.length + 1;
  const end = receiptHandle.lastIndexOf(':');
  const isOfQueue = receiptHandle.startsWith(queueName) && receiptHandle[start - 1] === ':';
  if (isOfQueue && end > start) return receiptHandle.slice(start, end);
  const message = `The input receipt handle "${receiptHandle}" is not a valid receipt handle of ${queueName}.`;
  throw new MessagingError('ReceiptHandleIsInvalid', message);
}

/** The error for a handle that was valid in the past. */
export function invalidHandle(receiptHandle: string, reason: string): MessagingError {
  return invalidValue(`Value ${receiptHandle} for parameter ReceiptHandle is invalid. Reason: ${reason}`);
}
