import { Names, Stack, Token } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type ITopic, Subscription, SubscriptionFilter, SubscriptionProtocol } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { SEND_KEY_ACTIONS } from './protected-resources.ts';

/** A subscription of a queue to a topic. */
interface QueueSubscription {
  /** The queue that is subscribed. */
  readonly queue: Queue;
  /** Receives the messages that SNS can't deliver. It is encrypted by the queue's key. */
  readonly deadLetterQueue: Queue;
  /** The types of entities or facts that reach the queue. */
  readonly types: readonly string[];
}

const sns = () => [new ServicePrincipal('sns.amazonaws.com')];

/**
 * Subscribes a queue to a topic in the same region, filtered by type.
 *
 * It doesn't use the CDK's `SqsSubscription`. With the feature flag that new apps set
 * (`@aws-cdk/aws-sns-subscriptions:restrictSqsDescryption`), that class names the topic in the policy of the queue's
 * key. If the same key encrypts the topic, key and topic then depend on each other and can't be deployed.
 */
export function subscribeQueue(topic: ITopic, { queue, deadLetterQueue, types }: QueueSubscription): void {
  const { policyDependable } = queue.addToResourcePolicy(
    new PolicyStatement({
      principals: sns(),
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: { ArnEquals: { 'aws:SourceArn': topic.topicArn } },
    }),
  );
  if (queue.encryptionMasterKey !== undefined) letSnsUse(queue.encryptionMasterKey, topic);
  const subscription = new Subscription(queue, Names.nodeUniqueId(topic.node), {
    topic,
    deadLetterQueue,
    endpoint: queue.queueArn,
    protocol: SubscriptionProtocol.SQS,
    rawMessageDelivery: true,
    filterPolicy: { type: SubscriptionFilter.stringFilter({ allowlist: [...types] }) },
  });
  if (policyDependable !== undefined) subscription.node.addDependency(policyDependable);
}

/**
 * Lets SNS use a queue's key for the topics of the topic's account. If that account isn't the stack's and isn't known
 * when the app is synthesised, SNS may use the key for the topics of all accounts.
 */
function letSnsUse(key: IKey, topic: ITopic): void {
  const stack = Stack.of(topic);
  const { account: of } = topic.env;
  const account = of === stack.account || !Token.isUnresolved(of) ? of : '*';
  const topics = stack.formatArn({ service: 'sns', resource: '*', account });
  key.addToResourcePolicy(
    new PolicyStatement({
      principals: sns(),
      actions: [...SEND_KEY_ACTIONS],
      resources: ['*'],
      conditions: { ArnLike: { 'aws:SourceArn': topics } },
    }),
  );
}
