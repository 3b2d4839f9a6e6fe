import { invalidValue, MessagingError } from './errors.ts';

/** A handle of one receive: the queue, the message and something that only this receive has. */
export function makeReceiptHandle(queueName: string, messageId: string, unique: string): string {
  return `${queueName}:${messageId}:${unique}`;
}

/** The message id in a handle; throws if this queue cannot have made it. */
export function messageIdOf(receiptHandle: string, queueName: string): string {
  const start = queueName.length + 1;
  const end = receiptHandle.lastIndexOf(':');
  if (receiptHandle.startsWith(`${queueName}:`) && end > start) return receiptHandle.slice(start, end);
  const message = `The input receipt handle "${receiptHandle}" is not a valid receipt handle of ${queueName}.`;
  throw new MessagingError('ReceiptHandleIsInvalid', message);
}

/** The error for a handle that was good once. */
export function invalidHandle(receiptHandle: string, reason: string): MessagingError {
  return invalidValue(`Value ${receiptHandle} for parameter ReceiptHandle is invalid. Reason: ${reason}`);
}
