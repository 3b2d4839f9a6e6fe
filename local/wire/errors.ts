import type { MessagingError } from '../fifo/errors.ts';
import { element } from './xml.ts';

/** A complete HTTP answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** SQS's own error shapes. Other codes come from the framework in front of SQS. */
const SQS_SHAPES = new Set([
  'BatchEntryIdsNotDistinct',
  'BatchRequestTooLong',
  'EmptyBatchRequest',
  'InvalidAttributeName',
  'InvalidAttributeValue',
  'InvalidBatchEntryId',
  'InvalidMessageContents',
  'MessageNotInflight',
  'PurgeQueueInProgress',
  'QueueDeletedRecently',
  'QueueDoesNotExist',
  'QueueNameExists',
  'ReceiptHandleIsInvalid',
  'ResourceNotFoundException',
  'TooManyEntriesInBatchRequest',
  'UnsupportedOperation',
]);

/**
 * The Query protocol's error codes, where they differ from the JSON protocol's. The header `x-amzn-query-error` carries
 * them (awsQueryError in SQS's model).
 */
const SQS_QUERY_CODES: Readonly<Record<string, string>> = {
  BatchEntryIdsNotDistinct: 'AWS.SimpleQueueService.BatchEntryIdsNotDistinct',
  BatchRequestTooLong: 'AWS.SimpleQueueService.BatchRequestTooLong',
  EmptyBatchRequest: 'AWS.SimpleQueueService.EmptyBatchRequest',
  InvalidBatchEntryId: 'AWS.SimpleQueueService.InvalidBatchEntryId',
  MessageNotInflight: 'AWS.SimpleQueueService.MessageNotInflight',
  PurgeQueueInProgress: 'AWS.SimpleQueueService.PurgeQueueInProgress',
  QueueDeletedRecently: 'AWS.SimpleQueueService.QueueDeletedRecently',
  QueueDoesNotExist: 'AWS.SimpleQueueService.NonExistentQueue',
  QueueNameExists: 'QueueAlreadyExists',
  TooManyEntriesInBatchRequest: 'AWS.SimpleQueueService.TooManyEntriesInBatchRequest',
  UnsupportedOperation: 'AWS.SimpleQueueService.UnsupportedOperation',
};

/** SQS's JSON answer for an error. A `status` of 500 or more is a fault of the server. */
export function sqsError({ code, message }: Pick<MessagingError, 'code' | 'message'>, status: number): Answer {
  const type = SQS_SHAPES.has(code) ? `com.amazonaws.sqs#${code}` : `com.amazon.coral.service#${code}`;
  const fault = status < 500 ? 'Sender' : 'Receiver';
  return {
    status,
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amzn-query-error': `${SQS_QUERY_CODES[code] ?? code};${fault}`,
    },
    body: JSON.stringify({ __type: type, message }),
  };
}

/** SNS's XML answer for an error (docs.aws.amazon.com/sns/latest/api/CommonErrors.html). */
export function snsError(error: Pick<MessagingError, 'code' | 'message'>, status: number, requestId: string): Answer {
  const { code, message } = error;
  const fields = { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message };
  const body = `<ErrorResponse xmlns="${SNS_NAMESPACE}">${element('Error', fields)}${element('RequestId', requestId)}</ErrorResponse>`;
  return { status: code === 'NotFound' ? 404 : status, headers: { 'content-type': 'text/xml' }, body };
}

export const SNS_NAMESPACE = 'http://sns.amazonaws.com/doc/2010-03-31/';
