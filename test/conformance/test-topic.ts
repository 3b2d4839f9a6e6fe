import {
  PublishCommand,
  type PublishCommandInput,
  type PublishCommandOutput,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import type { Endpoint } from './endpoint.ts';
import type { TestQueue } from './test-queue.ts';

/** Shortcuts for common requests to a topic. For other requests, tests use the SDK's commands. */
export interface TestTopic {
  readonly arn: string;
  /** Publishes a message to group `a`. The message is the default of its deduplication id. */
  publish(message: string, given?: Partial<PublishCommandInput>): Promise<PublishCommandOutput>;
  /**
   * Subscribes a queue, allows the topic to send to it, and returns the subscription's ARN.
   * @param attributes default: raw delivery
   */
  subscribe(queue: TestQueue, attributes?: Record<string, string>): Promise<string>;
}

export function testTopic({ sns }: Endpoint, arn: string): TestTopic {
  return {
    arn,
    publish(Message, given = {}) {
      const ids = { MessageGroupId: 'a', MessageDeduplicationId: Message };
      return sns.send(new PublishCommand({ TopicArn: arn, Message, ...ids, ...given }));
    },
    async subscribe(queue, Attributes = { RawMessageDelivery: 'true' }) {
      await letTopicSend(queue, arn);
      const subscribe = { TopicArn: arn, Protocol: 'sqs', Endpoint: queue.arn, ReturnSubscriptionArn: true };
      const { SubscriptionArn = '' } = await sns.send(new SubscribeCommand({ ...subscribe, Attributes }));
      return SubscriptionArn;
    },
  };
}

/** The policy that SNS needs on AWS to send to a queue (sns/subscribe-sqs-queue-to-sns-topic). */
export async function letTopicSend(queue: TestQueue, topicArn: string): Promise<void> {
  const Statement = [
    {
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: queue.arn,
      Condition: { ArnEquals: { 'aws:SourceArn': topicArn } },
    },
  ];
  await queue.setAttributes({ Policy: JSON.stringify({ Version: '2012-10-17', Statement }) });
}
