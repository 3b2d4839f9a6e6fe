import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { queueBacklog } from 'freshet-aws/internal/adapters/govern/report';
import type { OutgoingMessage } from 'freshet-aws/internal/core/relay/message';

/** The most calls for one batch. If the queue hasn't accepted every message by then, it counts as broken. */
const MAX_ROUNDS = 5;

/** A message that is sent to one queue. It needs no message attributes, since no subscription filters it. */
export type DirectMessage = Pick<OutgoingMessage, 'body' | 'groupId' | 'deduplicationId'>;

/**
 * Sends messages directly to one queue, so that no other subscriber of the topic receives them. The messages look like
 * messages from the topic, because raw delivery passes on only the body.
 *
 * @param messages at most 10 messages of different groups, and at most 256 KiB: the limits of one call
 *   (sqs/quotas-messages)
 * @throws if the queue doesn't accept one of the messages
 */
export async function sendToQueue(
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

/** The messages of some queues together. */
export async function queueBacklogs(client: SQSClient, queueUrls: readonly string[]): Promise<number> {
  const counts = await Promise.all(queueUrls.map((url) => queueBacklog(client, url)));
  return counts.reduce((sum, count) => sum + count, 0);
}
