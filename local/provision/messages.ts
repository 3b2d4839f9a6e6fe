import * as z from 'zod/mini';
import { NotEmulatedParameter } from '../fifo/errors.ts';
import { completeAttributes, QUEUE_ATTRIBUTES } from '../fifo/queue-attributes.ts';
import { SUBSCRIPTION_ATTRIBUTES } from '../fifo/subscription.ts';
import type { Topic } from '../fifo/topic.ts';
import { TOPIC_ATTRIBUTES } from '../fifo/topic-attributes.ts';
import { NotEmulated } from '../not-emulated.ts';
import { type Unread, unreadReasons } from './left-out.ts';
import { physicalName, type ResourceHandler } from './resource.ts';
import { flag } from './values.ts';

/** Longest names: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html */
const LONGEST_QUEUE_NAME = 80;
/** https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html */
const LONGEST_TOPIC_NAME = 256;

const queueProperties = z.looseObject({ QueueName: z.optional(z.string()), FifoQueue: z.optional(flag) });
const topicProperties = z.looseObject({
  TopicName: z.optional(z.string()),
  FifoTopic: z.optional(flag),
  Subscription: z.optional(z.array(z.object({ Endpoint: z.string(), Protocol: z.string() }))),
});
const subscriptionProperties = z.looseObject({ TopicArn: z.string(), Endpoint: z.string(), Protocol: z.string() });

/** Creates a queue. */
export const createQueue: ResourceHandler = (request) => {
  const { QueueName, FifoQueue } = queueProperties.parse(request.properties);
  const { attributes, leftOut } = attributesOf(request.properties, QUEUE_ATTRIBUTES, ['QueueName', 'FifoQueue']);
  if (FifoQueue) attributes.FifoQueue = 'true';
  const { messaging } = request.target;
  const name = QueueName ?? physicalName(request, LONGEST_QUEUE_NAME, FifoQueue ? '.fifo' : '');
  const existing = request.before && messaging.queues.get(name);
  // An attribute that the template no longer sets gets its default again.
  existing?.setAttributes(completeAttributes(name, attributes));
  const queue = existing ?? messaging.createQueue(name, attributes);
  const url = messaging.queueUrl(queue);
  return { ref: url, attributes: { Arn: queue.arn, QueueName: name, QueueUrl: url }, leftOut };
};

const UNREAD_OF_TOPIC: Unread = {
  meanings: {
    DeliveryStatusLogging: 'no deliveries are logged',
    TracingConfig: 'no traces are recorded',
  },
};

/** Creates a topic and the subscriptions in its properties. */
export const createTopic: ResourceHandler = (request) => {
  const { TopicName, FifoTopic, Subscription = [] } = topicProperties.parse(request.properties);
  const known = TOPIC_ATTRIBUTES.filter((name) => name !== 'TracingConfig');
  const own = ['TopicName', 'FifoTopic', 'Subscription'];
  const { attributes, leftOut } = attributesOf(request.properties, known, own, UNREAD_OF_TOPIC);
  if (FifoTopic) attributes.FifoTopic = 'true';
  const { messaging } = request.target;
  const name = TopicName ?? physicalName(request, LONGEST_TOPIC_NAME, FifoTopic ? '.fifo' : '');
  if (request.before !== undefined) changeArchive(messaging.topics.get(name), attributes);
  const { arn } = messaging.createTopic(name, attributes);
  for (const { Endpoint, Protocol } of Subscription) {
    if (Protocol === 'sqs') messaging.subscribe(arn, Protocol, Endpoint);
    else leftOut.push(`a subscription with the protocol ${Protocol}. Emulated: sqs`);
  }
  return { ref: arn, attributes: { TopicArn: arn, TopicName: name }, leftOut };
};

/** Gives a topic the archive of the template. A topic whose archive the template no longer sets loses it. */
function changeArchive(topic: Topic | undefined, { ArchivePolicy = '{}' }: Record<string, string>): void {
  if (topic !== undefined && (topic.attributes().ArchivePolicy ?? '{}') !== ArchivePolicy)
    topic.setAttributes({ ArchivePolicy });
}

/** Subscribes a queue to a topic. */
export const createSubscription: ResourceHandler = (request) => {
  const { TopicArn, Endpoint, Protocol } = subscriptionProperties.parse(request.properties);
  if (Protocol !== 'sqs')
    throw new NotEmulated(`only queues subscribe to topics locally, not the protocol ${Protocol}`);
  const own = ['TopicArn', 'Endpoint', 'Protocol', 'Region'];
  const { attributes, leftOut } = attributesOf(request.properties, SUBSCRIPTION_ATTRIBUTES, own);
  const { messaging } = request.target;
  const topic = messaging.topics.get(TopicArn);
  if (topic === undefined) throw new NotEmulated(`the topic ${TopicArn} is not part of the app`);
  const subscriptions = request.before === undefined ? [] : topic.subscriptions.values();
  const existing = [...subscriptions].find(({ endpoint }) => endpoint === Endpoint);
  try {
    existing?.setAttributes({ FilterPolicy: '', ...attributes });
    const { arn } = existing ?? messaging.subscribe(TopicArn, Protocol, Endpoint, attributes);
    return { ref: arn, attributes: { Arn: arn }, leftOut };
  } catch (error) {
    // A queue that gets what its filter keeps back would be wrong.
    if (error instanceof NotEmulatedParameter) throw new NotEmulated(error.reason);
    throw error;
  }
};

/**
 * CloudFormation's properties as attributes of the API, which are strings, and what is left out.
 *
 * @param known the attributes that the model knows
 * @param own the properties that aren't attributes
 */
function attributesOf(
  properties: unknown,
  known: readonly string[],
  own: readonly string[],
  unread: Unread = {},
): { readonly attributes: Record<string, string>; readonly leftOut: string[] } {
  const leftOut = unreadReasons(properties, [...known, ...own], unread);
  const entries = Object.entries(properties ?? {}).filter(
    ([name, value]) => value !== undefined && known.includes(name) && !own.includes(name),
  );
  const attributes = Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)]),
  );
  return { attributes, leftOut };
}
