import { Names, Stack, Token } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type ITopic, Subscription, SubscriptionFilter, SubscriptionProtocol } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { SEND_KEY_ACTIONS } from './protected-resources.ts';

/** What of a topic goes to which queue. */
interface QueueSubscription {
  readonly queue: Queue;
  /** For what SNS can't deliver; encrypted by the queue's key. */
  readonly deadLetterQueue: Queue;
  /** The types of entities or facts that are let through. */
  readonly types: readonly string[];
}

const sns = () => [new ServicePrincipal('sns.amazonaws.com')];

/**
 * Subscribes a queue to a topic of its region, by entity types. Not by the CDK's `SqsSubscription`: with the flag that new apps have
 * (`@aws-cdk/aws-sns-subscriptions:restrictSqsDescryption`) that names the topic in the policy of the queue's key, and a topic which the same key
 * encrypts could be deployed neither before nor after the key.
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

/** Lets SNS use a queue's key for the topics of a topic's account, as far as that is known when the app is synthesised. */
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
