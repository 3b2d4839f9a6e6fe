import type { SQSEvent, SQSMessageAttribute, SQSMessageAttributes, SQSRecord } from 'aws-lambda';
import { md5, md5OfAttributes } from '../fifo/digests.ts';
import { type MessageAttributes, type ReceivedMessage, systemAttributes } from '../fifo/message.ts';

/**
 * The event in which Lambda passes received messages to a function
 * (docs.aws.amazon.com/lambda/latest/dg/with-sqs.html).
 */
export function toSqsEvent(messages: readonly ReceivedMessage[], queueArn: string, region: string): SQSEvent {
  return { Records: messages.map((message) => toRecord(message, queueArn, region)) };
}

function toRecord(message: ReceivedMessage, eventSourceARN: string, awsRegion: string): SQSRecord {
  const { messageId, receiptHandle, body } = message;
  const digest = md5OfAttributes(message.messageAttributes);
  return {
    messageId,
    receiptHandle,
    body,
    attributes: { ...systemAttributes(message) },
    messageAttributes: toLambdaAttributes(message.messageAttributes),
    ...(digest !== undefined && { md5OfMessageAttributes: digest }),
    md5OfBody: md5(body),
    eventSource: 'aws:sqs',
    eventSourceARN,
    awsRegion,
  };
}

function toLambdaAttributes(attributes: MessageAttributes): SQSMessageAttributes {
  const converted: SQSMessageAttributes = {};
  for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(attributes)) {
    const base: SQSMessageAttribute = { stringListValues: [], binaryListValues: [], dataType: DataType };
    if (StringValue !== undefined) converted[name] = { stringValue: StringValue, ...base };
    else if (BinaryValue !== undefined) converted[name] = { binaryValue: BinaryValue, ...base };
  }
  return converted;
}

/**
 * The messages that a partial batch response reports as failed. An empty response, a missing list and an empty list
 * report no failures. The whole response is malformed if it isn't an object, or if an identifier is missing, empty or
 * not in this batch (docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html).
 */
export function failedMessageIds(payload: unknown, messages: readonly ReceivedMessage[]): Set<string> | 'malformed' {
  if (payload === null || payload === undefined) return new Set();
  if (typeof payload !== 'object') return 'malformed';
  const failures = 'batchItemFailures' in payload ? payload.batchItemFailures : undefined;
  if (failures === null || failures === undefined) return new Set();
  if (!Array.isArray(failures)) return 'malformed';
  const known = new Set(messages.map(({ messageId }) => messageId));
  const failed = new Set<string>();
  for (const failure of failures as readonly unknown[]) {
    const isObject = typeof failure === 'object' && failure !== null && 'itemIdentifier' in failure;
    const id: unknown = isObject ? failure.itemIdentifier : undefined;
    if (typeof id !== 'string' || !known.has(id)) return 'malformed';
    failed.add(id);
  }
  return failed;
}
