import { invalidValue, MessagingError } from './errors.ts';
import { MAX_DELAY_SECONDS } from './limits.ts';
import {
  checkAttributes,
  checkBody,
  contentDeduplicationId,
  isMessagingId,
  type SendInput,
  sizeBytes,
} from './message.ts';
import type { QueueSettings } from './queue-attributes.ts';

/**
 * Throws for a message that SQS refuses (sqs-api/API_SendMessage).
 * @returns the deduplication id, which only messages of a FIFO queue have
 */
export function checkSend(input: SendInput, isFifo: boolean, settings: QueueSettings): string | undefined {
  const { body, messageAttributes, groupId, deduplicationId } = input;
  checkBody(body, settings.maximumMessageBytes, sizeBytes(body, messageAttributes));
  if (messageAttributes !== undefined) checkAttributes(messageAttributes);
  checkId('MessageGroupId', groupId);
  checkId('MessageDeduplicationId', deduplicationId);
  if (isFifo) return checkFifo(input, settings);
  checkStandard(input);
  return undefined;
}

/** Throws for a `ReceiveRequestAttemptId` that SQS refuses (sqs-api/API_ReceiveMessage). */
export function checkAttemptId(attemptId: string | undefined, isFifo: boolean): void {
  checkId('ReceiveRequestAttemptId', attemptId);
  if (attemptId === undefined || isFifo) return;
  throw invalidValue('The request include parameter that is not valid for this queue type: ReceiveRequestAttemptId');
}

function checkId(parameter: string, id: string | undefined): void {
  if (id === undefined || isMessagingId(id)) return;
  const allowed = `${parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.`;
  throw invalidValue(`${allowed} Given: '${id}'.`);
}

function checkFifo({ body, groupId, deduplicationId, delaySeconds }: SendInput, settings: QueueSettings): string {
  if (groupId === undefined) {
    throw new MessagingError('MissingParameter', 'The request must contain the parameter MessageGroupId.');
  }
  if (delaySeconds !== undefined && delaySeconds !== 0) {
    const reason = 'The request include parameter that is not valid for this queue type; set the delay on the queue.';
    throw invalidValue(`Value ${delaySeconds} for parameter DelaySeconds is invalid. Reason: ${reason}`);
  }
  if (deduplicationId !== undefined) return deduplicationId;
  if (settings.contentBasedDeduplication) return contentDeduplicationId(body);
  const allowed = 'The queue should either have ContentBasedDeduplication enabled';
  throw invalidValue(`${allowed} or MessageDeduplicationId provided explicitly`);
}

function checkStandard({ deduplicationId, delaySeconds = 0 }: SendInput): void {
  if (deduplicationId !== undefined) {
    throw invalidValue('The request include parameter that is not valid for this queue type: MessageDeduplicationId');
  }
  if (!(delaySeconds >= 0 && delaySeconds <= MAX_DELAY_SECONDS)) {
    const allowed = `DelaySeconds must be >= 0 and <= ${MAX_DELAY_SECONDS}.`;
    throw invalidValue(`Value ${delaySeconds} for parameter DelaySeconds is invalid. Reason: ${allowed}`);
  }
}
