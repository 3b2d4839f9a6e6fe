import { createQueue, type KeptQueue } from './create-queue.ts';
import { invalidParameter, MessagingError } from './errors.ts';
import { FILTER_CHANGE_MINUTES, RECREATION_PAUSE_MS } from './limits.ts';
import { createMoveTasks, type MoveTasks } from './move-tasks.ts';
import type { Queue } from './queue.ts';
import type { Attributes } from './queue-attributes.ts';
import { createReplays, type Replays } from './replays.ts';
import { createSubscription, type Subscription } from './subscription.ts';
import { createTopic, type KeptTopic, type Topic } from './topic.ts';

/** What an account needs from its surroundings. */
export interface MessagingOptions {
  /** The clock, in milliseconds since the epoch. It may be virtual. */
  readonly now: () => number;
  /** Makes unique strings without a colon: message ids, receipt handles, subscription ids. */
  readonly newId: () => string;
  readonly region: string;
  /** 12 digits. */
  readonly accountId: string;
  /** Whether the queue's policy allows the topic to send to the queue. @default - always */
  readonly mayDeliver?: (topicArn: string, queueArn: string) => boolean;
  /** The time until a changed filter policy takes effect. @default - 15 minutes, the longest time on AWS */
  readonly filterChangeMs?: number;
  /** Returns what a queue of this name holds from an earlier process. @default - every queue begins empty */
  readonly keptQueue?: (name: string) => KeptQueue;
  /** Returns what a topic of this name had in an earlier process. @default - every topic begins new */
  readonly keptTopic?: (name: string) => KeptTopic;
  /** Called for each message that a topic sent to a queue. @param bytes the size of body and attributes */
  readonly onDelivered?: (topicArn: string, queue: Queue, bytes: number) => void;
}

/** Queues or topics, found by name, by ARN, or (queues) by URL. Only the name in an ARN or URL counts. */
export interface Registry<T> {
  get(reference: string): T | undefined;
  /** Like `get`, but throws AWS's error if there is no match. */
  require(reference: string): T;
  list(): T[];
}

/** All queues and topics of one account and region. */
export interface Messaging {
  /** The start of queue URLs, such as `http://127.0.0.1:4566`. The server of the queues sets it. */
  baseUrl: string;
  /** The clock of the account, in milliseconds since the epoch. */
  readonly now: () => number;
  readonly queues: Registry<Queue>;
  readonly topics: Registry<Topic>;
  /** Redrives of dead-letter queues. */
  readonly moveTasks: MoveTasks;
  /** Replays of archived messages. */
  readonly replays: Replays;
  queueUrl(queue: Queue): string;
  /**
   * Creates a queue, or returns the existing queue with this name and these attributes. Refused for a minute after a
   * queue with this name was deleted (sqs-api/API_CreateQueue).
   */
  createQueue(name: string, attributes?: Attributes): Queue;
  deleteQueue(reference: string): void;
  /** Creates a topic, or returns the existing topic with this name and these attributes. */
  createTopic(name: string, attributes?: Attributes): Topic;
  /**
   * Deletes a topic and its subscriptions. A topic that doesn't exist counts as deleted, as on AWS. Refused while the
   * topic has an archive (sns/message-archiving-and-replay-topic-owner).
   */
  deleteTopic(reference: string): void;
  /**
   * Subscribes a queue, or returns its existing subscription. The queue may be created later.
   * @param protocol only `sqs`
   */
  subscribe(topicArn: string, protocol: string, queueArn: string, attributes?: Attributes): Subscription;
  unsubscribe(subscriptionArn: string): void;
  subscription(subscriptionArn: string): Subscription;
}

/** Creates an empty account. */
export function createMessaging({
  now,
  newId,
  region,
  accountId,
  mayDeliver = () => true,
  filterChangeMs = FILTER_CHANGE_MINUTES * 60_000,
  onDelivered = () => {},
  keptQueue,
  keptTopic,
}: MessagingOptions): Messaging {
  const queues = new Map<string, Queue>();
  const deletedAtMs = new Map<string, number>();
  const topics = new Map<string, Topic>();
  const findQueue = (reference: string): Queue | undefined => queues.get(nameOf(reference));
  const arnOf = (service: string, name: string): string => `arn:aws:${service}:${region}:${accountId}:${name}`;
  const topicRegistry = registry(topics, topicMissing);
  const replays = createReplays();

  const messaging: Messaging = {
    baseUrl: `https://sqs.${region}.amazonaws.com`,
    now,
    queues: registry(queues, queueMissing),
    topics: topicRegistry,
    moveTasks: createMoveTasks({ now, newId, findQueue, listQueues: () => [...queues.values()] }),
    replays,
    queueUrl: (queue) => `${messaging.baseUrl}/${accountId}/${queue.name}`,
    createQueue(name, attributes = {}) {
      const existing = queues.get(name);
      if (existing !== undefined) return sameQueue(existing, attributes);
      if (now() < (deletedAtMs.get(name) ?? Number.NEGATIVE_INFINITY) + RECREATION_PAUSE_MS)
        throw deletedRecently(name);
      const queue = createQueue(name, attributes, {
        now,
        newId,
        arn: arnOf('sqs', name),
        findQueue,
        kept: keptQueue?.(name),
      });
      queues.set(name, queue);
      return queue;
    },
    deleteQueue(reference) {
      if (!queues.delete(nameOf(reference))) throw queueMissing(reference);
      deletedAtMs.set(nameOf(reference), now());
    },
    createTopic(name, attributes = {}) {
      const existing = topics.get(name);
      if (existing !== undefined) return sameTopic(existing, attributes);
      const topic = createTopic(name, attributes, { now, newId, arn: arnOf('sns', name), kept: keptTopic?.(name) });
      topics.set(name, topic);
      return topic;
    },
    deleteTopic(reference) {
      const name = nameOf(reference);
      if (topics.get(name)?.archive.isActive())
        throw new MessagingError('InvalidState', 'Invalid state: Cannot delete a topic with an ArchivePolicy');
      topics.delete(name);
    },
    subscribe(topicArn, protocol, queueArn, attributes = {}) {
      const topic = topicRegistry.require(topicArn);
      const kept = keptTopic?.(topic.name);
      const make = () =>
        createSubscription({
          arn: `${topic.arn}:${newId()}`,
          topicArn: topic.arn,
          endpoint: queueArn,
          now,
          filterChangeMs,
          // A delivery that the queue's policy forbids fails like a delivery to a queue that doesn't exist.
          findQueue(arn) {
            const queue = findQueue(arn);
            return queue && mayDeliver(topic.arn, queue.arn) ? queue : undefined;
          },
          onDelivered: (queue, bytes) => onDelivered(topic.arn, queue, bytes),
          archive: topic.archive,
          keptReplay: kept?.replay(queueArn),
          onReplayChange: kept && ((state) => kept.noteReplay(queueArn, state)),
          onReplayStarted: replays.started,
        });
      return subscribe(topic, protocol, queueArn, attributes, make);
    },
    unsubscribe: (arn) => void topicOf(topics, arn)?.subscriptions.delete(arn),
    subscription(arn) {
      const subscription = topicOf(topics, arn)?.subscriptions.get(arn);
      if (subscription === undefined) throw new MessagingError('NotFound', `Subscription does not exist: ${arn}`);
      return subscription;
    },
  };
  return messaging;
}

/** The last part of an ARN or URL, or the name itself. */
function nameOf(reference: string): string {
  return reference.slice(Math.max(reference.lastIndexOf('/'), reference.lastIndexOf(':')) + 1);
}

function registry<T>(items: ReadonlyMap<string, T>, missing: (reference: string) => MessagingError): Registry<T> {
  return {
    get: (reference) => items.get(nameOf(reference)),
    require(reference) {
      const item = items.get(nameOf(reference));
      if (item === undefined) throw missing(reference);
      return item;
    },
    list: () => [...items.values()],
  };
}

function queueMissing(reference: string): MessagingError {
  return new MessagingError('QueueDoesNotExist', `The specified queue does not exist: ${reference}`);
}

function deletedRecently(name: string): MessagingError {
  const pause = `You must wait ${RECREATION_PAUSE_MS / 1000} seconds after deleting a queue`;
  return new MessagingError('QueueDeletedRecently', `${pause} before you can create another with its name: ${name}`);
}

function topicMissing(reference: string): MessagingError {
  return new MessagingError('NotFound', `Topic does not exist: ${reference}`);
}

function firstDifference(given: Attributes, existing: Attributes): string | undefined {
  return Object.keys(given).find((name) => given[name] !== existing[name]);
}

function sameQueue(queue: Queue, given: Attributes): Queue {
  const name = firstDifference(given, queue.attributes());
  if (name === undefined) return queue;
  const message = `A queue already exists with the same name and a different value for attribute ${name}: ${queue.name}`;
  throw new MessagingError('QueueNameExists', message);
}

function sameTopic(topic: Topic, given: Attributes): Topic {
  const name = firstDifference(given, topic.attributes());
  if (name === undefined) return topic;
  throw invalidParameter(`Attributes Reason: Topic already exists with a different value of ${name}: ${topic.name}`);
}

/** A subscription's ARN is its topic's ARN followed by the subscription's id. */
function topicOf(topics: ReadonlyMap<string, Topic>, subscriptionArn: string): Topic | undefined {
  return topics.get(nameOf(subscriptionArn.slice(0, subscriptionArn.lastIndexOf(':'))));
}

function subscribe(
  topic: Topic,
  protocol: string,
  queueArn: string,
  attributes: Attributes,
  make: () => Subscription,
): Subscription {
  if (protocol !== 'sqs') throw invalidParameter(`Protocol: '${protocol}' is not emulated. Allowed: sqs.`);
  if (!topic.isFifo && queueArn.endsWith('.fifo'))
    throw invalidParameter(
      `Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics: ${queueArn}`,
    );
  const existing = [...topic.subscriptions.values()].find(({ endpoint }) => endpoint === queueArn);
  if (existing?.hasAttributes(attributes)) return existing;
  if (existing !== undefined)
    throw invalidParameter(`Attributes Reason: Subscription already exists with different attributes: ${existing.arn}`);
  const subscription = make();
  subscription.setAttributes(attributes);
  topic.subscriptions.set(subscription.arn, subscription);
  return subscription;
}
