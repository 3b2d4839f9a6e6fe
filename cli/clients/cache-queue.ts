import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { OutgoingMessage } from 'freshet-aws/internal/core/relay/message';

/** Attempts at what a call left out before the queue counts as broken. */
const MAX_ROUNDS = 5;

/** What is sent past the topic: a subscription's filter has nothing to say there. */
export type DirectMessage = Pick<OutgoingMessage, 'body' | 'groupId' | 'deduplicationId'>;

/**
 * Sends messages into one queue, past the topic: nobody else hears of it. Raw delivery leaves nothing but the body, so
 * it is as if the topic had sent them.
 *
 * @param messages at most 10 of distinct groups and 256 KiB, what one call takes (sqs/quotas-messages)
 * @throws when the queue doesn't take one of them
 */
export async function sendToCache(
  client: SQSClient,
  queueUrl: string,
  messages: readonly DirectMessage[],
): Promise<void> {
  let left = messages.map((message, index) => ({
    Id: String(index),
    MessageBody: message.body,
    MessageGroupId: message.groupId,
    MessageDeduplicationId: message.deduplicationId,
  }));
  for (let round = 1; left.length > 0; round += 1) {
    const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: left }));
    const [first] = Failed;
    if (first !== undefined && (first.SenderFault || round === MAX_ROUNDS)) {
      throw new Error(`${queueUrl} refuses a message: ${first.Code}: ${first.Message ?? ''}`);
    }
    const failed = new Set(Failed.map(({ Id }) => Id));
    left = left.filter(({ Id }) => failed.has(Id));
    if (left.length > 0) await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** round));
  }
}
