import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBRecord } from 'aws-lambda';
import type { AdoptReason } from '../../core/adopt/map.ts';
import { type EntityRef, utf8Bytes } from '../../core/entity.ts';
import type { UnpublishableReason } from '../../core/relay/message.ts';
import type { Sender } from '../aws/clients.ts';
import { messageJson } from '../aws/message-json.ts';

/** Longest explanation that is sent with a diverted record, in UTF-16 code units. */
const MAX_EXPLANATION = 1_000;

/** Largest SQS message (sqs/quotas-messages, 2026-11-23): 1 MiB. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

/** Characters that SQS refuses in message attributes (sqs/API_SendMessage). Hostile input may contain them. */
const REFUSED_CHARACTERS = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/**
 * Diverts a stream record that can't be published: sends it to the owner's failure queue with the reason. A record that
 * is too large for one message is replaced by its keys. A record of an existing table has an entity, which its keys
 * don't name: null if it isn't known.
 */
export function createDiverting(options: {
  readonly client: Sender<SQSClient>;
  readonly queueUrl: string;
  readonly record: (sequenceNumber: string) => DynamoDBRecord | undefined;
}) {
  return async (
    sequenceNumber: string,
    reason: UnpublishableReason | AdoptReason,
    explanation: string,
    entity?: EntityRef | null,
  ): Promise<void> => {
    const record = options.record(sequenceNumber);
    const told = { sequenceNumber, reason, explanation, entity };
    const whole = messageJson({ ...told, record });
    const keysOnly = { ...told, keys: record?.dynamodb?.Keys };
    await options.client.send(
      new SendMessageCommand({
        QueueUrl: options.queueUrl,
        MessageBody: utf8Bytes(whole) < MAX_MESSAGE_BYTES - 4_096 ? whole : messageJson(keysOnly),
        MessageAttributes: { reason: textAttribute(reason), explanation: textAttribute(explanation) },
      }),
    );
  };
}

function textAttribute(text: string) {
  const allowed = text.toWellFormed().replace(REFUSED_CHARACTERS, '\uFFFD').slice(0, MAX_EXPLANATION).toWellFormed();
  return { DataType: 'String', StringValue: allowed };
}
