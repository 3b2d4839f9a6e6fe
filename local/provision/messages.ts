import * as z from 'zod/mini';
import { completeAttributes } from '../fifo/queue-attributes.ts';
import type { Topic } from '../fifo/topic.ts';
import { NotEmulated, physicalName, type ResourceHandler } from './resource.ts';

/** Longest names: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html */
const LONGEST_QUEUE_NAME = 80;
/** https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html */
const LONGEST_TOPIC_NAME = 256;

const flag = z.union([z.boolean(), z.stringbool()]);
const queueProperties = z.looseObject({ QueueName: z.optional(z.string()), FifoQueue: z.optional(flag) });
const topicProperties = z.looseObject({
  TopicName: z.optional(z.string()),
  FifoTopic: z.optional(flag),
  Subscription: z.optional(z.array(z.object({ Endpoint: z.string(), Protocol: z.string() }))),
});
const subscriptionProperties = z.looseObject({ TopicArn: z.string(), Endpoint: z.string(), Protocol: z.string() });

/** Creates a queue. */
export const createQueue: ResourceHandler = (request) => {
  const { QueueName, FifoQueue, ...rest } = queueProperties.parse(request.properties);
  const { messaging } = request.target;
  const name = QueueName ?? physicalName(request, LONGEST_QUEUE_NAME, FifoQueue ? '.fifo' : '');
  const attributes = attributesOf({ ...rest, ...(FifoQueue && { FifoQueue }) });
  const existing = request.before && messaging.queues.get(name);
  // An attribute that the template no longer sets gets its default again.
  existing?.setAttributes(completeAttributes(name, attributes));
  const queue = existing ?? messaging.createQueue(name, attributes);
  const url = messaging.queueUrl(queue);
  return { ref: url, attributes: { Arn: queue.arn, QueueName: name, QueueUrl: url } };
};

/** Creates a topic and the subscriptions in its properties. */
export const createTopic: ResourceHandler = (request) => {
  const { TopicName, FifoTopic, Subscription = [], ...rest } = topicProperties.parse(request.properties);
  const { messaging } = request.target;
  const name = TopicName ?? physicalName(request, LONGEST_TOPIC_NAME, FifoTopic ? '.fifo' : '');
  const attributes = attributesOf({ ...rest, ...(FifoTopic && { FifoTopic }) });
  if (request.before !== undefined) changeArchive(messaging.topics.get(name), attributes);
  const { arn } = messaging.createTopic(name, attributes);
  for (const { Endpoint, Protocol } of Subscription) messaging.subscribe(arn, Protocol, Endpoint);
  return { ref: arn, attributes: { TopicArn: arn, TopicName: name } };
};

/** Gives a topic the archive of the template. A topic whose archive the template no longer sets loses it. */
function changeArchive(topic: Topic | undefined, { ArchivePolicy = '{}' }: Record<string, string>): void {
  if (topic !== undefined && (topic.attributes().ArchivePolicy ?? '{}') !== ArchivePolicy)
    topic.setAttributes({ ArchivePolicy });
}

/** Subscribes a queue to a topic. */
export const createSubscription: ResourceHandler = (request) => {
  const { TopicArn, Endpoint, Protocol, Region, ...rest } = subscriptionProperties.parse(request.properties);
  if (Protocol !== 'sqs')
    throw new NotEmulated(`only queues subscribe to topics locally, not the protocol ${Protocol}`);
  const { messaging } = request.target;
  const subscriptions = request.before === undefined ? [] : messaging.topics.get(TopicArn)?.subscriptions.values();
  const existing = [...(subscriptions ?? [])].find(({ endpoint }) => endpoint === Endpoint);
  existing?.setAttributes({ FilterPolicy: '', ...attributesOf(rest) });
  const { arn } = existing ?? messaging.subscribe(TopicArn, Protocol, Endpoint, attributesOf(rest));
  return { ref: arn, attributes: { Arn: arn } };
};

/** Properties that aren't attributes of a queue or topic. */
const NOT_ATTRIBUTES = ['Tags'];

/** CloudFormation's properties as attributes of the API, which are strings. The model refuses unknown attributes. */
function attributesOf(properties: Record<string, unknown>): Record<string, string> {
  const entries = Object.entries(properties).filter(
    ([name, value]) => value !== undefined && !NOT_ATTRIBUTES.includes(name),
  );
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)]),
  );
}
