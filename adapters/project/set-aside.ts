import { ChangeMessageVisibilityBatchCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBRecord } from 'aws-lambda';
import { utf8Bytes } from '../../core/entity.ts';
import type { ReceivedMessage } from '../../core/project/ports.ts';
import type { UnpublishableReason } from '../../core/relay/message.ts';

/** Longest explanation that goes with a message that was set aside. */
const MAX_EXPLANATION = 1_000;

/** Largest SQS message (sqs/quotas-messages, 2026-11-23): 1 MiB. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

/** Characters that SQS refuses in message attributes (sqs/API_SendMessage), which hostile input may hold. */
const REFUSED_CHARACTERS = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

function textAttribute(text: string) {
  const allowed = text.toWellFormed().replace(REFUSED_CHARACTERS, '\uFFFD').slice(0, MAX_EXPLANATION).toWellFormed();
  return { DataType: 'String', StringValue: allowed };
}

/** Hides messages for a while before their queue delivers them again. At most 10, as a batch has. */
export function createPostponing(options: {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly receiptHandle: (messageId: string) => string | undefined;
}) {
  return async (messages: readonly ReceivedMessage[], seconds: number): Promise<void> => {
    await options.client.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: options.queueUrl,
        Entries: messages.map(({ messageId }, index) => ({
          Id: String(index),
          ReceiptHandle: options.receiptHandle(messageId),
          VisibilityTimeout: seconds,
        })),
      }),
    );
  };
}

/** Sets a stream record aside in the relay's failure queue with its reason; of one too large for a message, the keys remain. */
export function createDiverting(options: {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly record: (sequenceNumber: string) => DynamoDBRecord | undefined;
}) {
  return async (sequenceNumber: string, reason: UnpublishableReason, explanation: string): Promise<void> => {
    const record = options.record(sequenceNumber);
    const whole = JSON.stringify({ sequenceNumber, reason, explanation, record });
    const keysOnly = { sequenceNumber, reason, explanation, keys: record?.dynamodb?.Keys };
    await options.client.send(
      new SendMessageCommand({
        QueueUrl: options.queueUrl,
        MessageBody: utf8Bytes(whole) < MAX_MESSAGE_BYTES - 4_096 ? whole : JSON.stringify(keysOnly),
        MessageAttributes: { reason: textAttribute(reason), explanation: textAttribute(explanation) },
      }),
    );
  };
}
