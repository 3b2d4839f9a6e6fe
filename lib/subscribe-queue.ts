import { CfnResource, Stack, Token } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnFunction, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnSubscription, type ITopic, SubscriptionProtocol } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Boundary } from '../core/contract/contract.ts';
import { SEND_KEY_ACTIONS } from './protected-resources.ts';

/** A queue that receives messages of topics. */
interface Subscriber {
  readonly queue: Queue;
  /** Receives the messages that SNS can't deliver. It is encrypted by the queue's key. */
  readonly subscriptionDeadLetterQueue: Queue;
}

/** A topic from which a queue receives messages. */
interface Subscribed {
  /** The boundary that publishes to the topic. The subscription has its name, however the topic was found. */
  readonly boundary: Pick<Boundary, 'name'>;
  readonly topic: ITopic;
  /** The types of entities or facts that reach the queue. */
  readonly types: readonly string[];
}

/** Lets messages without an addressee through, and those with this one. */
const addressedTo = (name: string) => [{ exists: false }, name];

const sns = () => [new ServicePrincipal('sns.amazonaws.com')];

/**
 * Subscribes a queue to topics in the same region, filtered by type.
 *
 * It doesn't use the CDK's `SqsSubscription` and `Subscription`. Both add a statement for each topic to the policies of
 * the queues, and a policy accepts 10 conditions only (sqs/quotas-policies). With the feature flag that new apps set
 * (`@aws-cdk/aws-sns-subscriptions:restrictSqsDescryption`), `SqsSubscription` also names the topic in the policy of
 * the queue's key. If the same key encrypts the topic, key and topic then depend on each other and can't be deployed.
 *
 * @param addressee the name of the cache, which also receives the messages that are addressed to it; default: the
 *   queue receives no addressed messages of another cache, because its topics have none
 * @returns the subscriptions. Let them depend on the function that consumes the queue, see `updateAfter`
 */
export function subscribeQueue(
  { queue, subscriptionDeadLetterQueue }: Subscriber,
  sources: readonly Subscribed[],
  addressee?: string,
): readonly CfnSubscription[] {
  const topicArns = sources.map(({ topic }) => topic.topicArn);
  const policies = [queue, subscriptionDeadLetterQueue].map((target) => letTopicsSend(target, topicArns));
  const key = queue.encryptionMasterKey;
  return sources.map(({ boundary, topic, types }) => {
    if (key !== undefined) letSnsUse(key, topic);
    const subscription = new CfnSubscription(queue, `From-${boundary.name}`, {
      topicArn: topic.topicArn,
      protocol: SubscriptionProtocol.SQS,
      endpoint: queue.queueArn,
      rawMessageDelivery: true,
      filterPolicy: { type: [...types], ...(addressee !== undefined && { to: addressedTo(addressee) }) },
      redrivePolicy: { deadLetterTargetArn: subscriptionDeadLetterQueue.queueArn },
    });
    for (const { policyDependable } of policies) {
      if (policyDependable !== undefined) subscription.node.addDependency(policyDependable);
    }
    return subscription;
  });
}

/**
 * Updates subscriptions or a function after another function. CloudFormation can't order them if that function is in
 * another stack.
 *
 * - Subscriptions after the function that consumes their queue: a filter that lets a new type through could act before
 *   the function knows the type, and the function would park its messages.
 * - A cache's repair function after its projector: a projector with an earlier selection of fields would use up the
 *   states of the backfill that the repair function begins.
 */
export function updateAfter(later: readonly (CfnSubscription | IFunction)[], first: IFunction): void {
  const code = first.node.defaultChild;
  for (const one of later) {
    const resource = one instanceof CfnSubscription ? one : one.node.defaultChild;
    if (code instanceof CfnFunction && resource instanceof CfnResource && code.stack === resource.stack)
      resource.addDependency(code);
  }
}

/** Lets topics send to a queue, by one statement with one condition. */
function letTopicsSend(queue: Queue, topicArns: readonly string[]) {
  return queue.addToResourcePolicy(
    new PolicyStatement({
      principals: sns(),
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: { ArnEquals: { 'aws:SourceArn': topicArns } },
    }),
  );
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
