import { PublishBatchCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { PublishResult } from '../../core/relay/batch.ts';
import type { OutgoingMessage } from '../../core/relay/message.ts';

/**
 * The message attributes that subscriptions filter on. Only an addressed message has `to`: the name of the boundary
 * whose cache receives it.
 */
export const TYPE_ATTRIBUTE = 'type';
export const ADDRESSEE_ATTRIBUTE = 'to';

/** Codes of a message that the topic never accepts (sns/API_PublishBatch, sns/API_BatchResultErrorEntry). */
const REFUSALS = new Set(['InvalidParameter', 'InvalidParameterValue', 'ParameterValueInvalid']);

/**
 * Creates a function that publishes a batch of messages to an SNS FIFO topic and returns one result per message:
 * `published`, `refused` for an invalid message, or `failed` for one that may be published later. If the whole call
 * fails, every message of the batch is `failed`; the function doesn't throw.
 *
 * @param options.client an SNS client, see `snsClient`
 * @param options.topicArn ARN of the owner's change topic
 */
export function createPublisher({ client, topicArn }: { readonly client: SNSClient; readonly topicArn: string }) {
  return async (messages: readonly OutgoingMessage[]): Promise<readonly PublishResult[]> => {
    try {
      const answer = await client.send(
        new PublishBatchCommand({
          TopicArn: topicArn,
          PublishBatchRequestEntries: messages.map((message, index) => ({
            Id: String(index),
            Message: message.body,
            MessageGroupId: message.groupId,
            MessageDeduplicationId: message.deduplicationId,
            MessageAttributes: {
              [TYPE_ATTRIBUTE]: { DataType: 'String', StringValue: message.type },
              ...(message.to !== undefined && {
                [ADDRESSEE_ATTRIBUTE]: { DataType: 'String', StringValue: message.to },
              }),
            },
          })),
        }),
      );
      const published = new Set(answer.Successful?.map(({ Id }) => Id));
      const failures = new Map(answer.Failed?.map((failure) => [failure.Id, failure]));
      return messages.map((_, index): PublishResult => {
        const id = String(index);
        if (published.has(id)) return { kind: 'published' };
        const failure = failures.get(id);
        const message = failure
          ? `${failure.Code ?? 'no code'}: ${failure.Message ?? ''}`
          : 'the topic returned no result';
        return { kind: failure?.SenderFault && REFUSALS.has(failure.Code ?? '') ? 'refused' : 'failed', message };
      });
    } catch (error) {
      const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      return messages.map(() => ({ kind: 'failed', message }));
    }
  };
}
