import { ChangeMessageVisibilityBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { ReceivedMessage } from '../../core/project/ports.ts';
import type { Sender } from '../aws/clients.ts';

/** Hides messages for a while, before their queue delivers them again. Takes at most the 10 messages of a batch. */
export function createPostponing(options: {
  readonly client: Sender<SQSClient>;
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
