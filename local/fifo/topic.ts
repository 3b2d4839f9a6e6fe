import { type BatchResult, checkBatch, runBatch } from './batch.ts';
import { DeduplicationWindow, deduplicationKey } from './deduplication.ts';
import { invalidParameter, MessagingError } from './errors.ts';
import {
  attributeProblem,
  contentDeduplicationId,
  isMessagingId,
  type MessageAttributes,
  sizeBytes,
} from './message.ts';
import type { Attributes } from './queue-attributes.ts';
import { SequenceNumbers } from './sequence-numbers.ts';
import type { Subscription } from './subscription.ts';
import { completeTopicAttributes, readTopicSettings, type TopicSettings } from './topic-attributes.ts';

/** What a publisher gives. A FIFO topic needs a group id, and a deduplication id unless it makes one from the content. */
export interface PublishInput {
  readonly message: string;
  readonly subject?: string;
  readonly messageAttributes?: MessageAttributes;
  readonly groupId?: string;
  readonly deduplicationId?: string;
}

/** What a publisher is answered; a duplicate gets the ids of the first message. */
export interface PublishResult {
  readonly messageId: string;
  readonly sequenceNumber?: string;
  readonly isDuplicate: boolean;
}

/** What a topic needs from its surroundings; see `QueueContext`. */
export interface TopicContext {
  readonly now: () => number;
  readonly newId: () => string;
  readonly arn: string;
}

/** One SNS topic: FIFO if its name ends with `.fifo`. Throws `MessagingError` with AWS's code for what SNS refuses. */
export class Topic {
  readonly name: string;
  readonly arn: string;
  readonly isFifo: boolean;
  readonly subscriptions = new Map<string, Subscription>();
  readonly #context: TopicContext;
  readonly #published = new DeduplicationWindow<PublishResult>();
  readonly #sequence = new SequenceNumbers('000');
  #attributes: Attributes;
  #settings: TopicSettings;
  #accepted = 0;

  /** @param attributes in AWS's string form, such as `{ FifoTopic: 'true', FifoThroughputScope: 'MessageGroup' }` */
  constructor(name: string, attributes: Attributes, context: TopicContext) {
    this.name = name;
    this.arn = context.arn;
    this.isFifo = name.endsWith('.fifo');
    this.#context = context;
    this.#attributes = completeTopicAttributes(name, attributes);
    this.#settings = readTopicSettings(this.#attributes);
  }

  /** Messages that were accepted since the topic was made, duplicates included. */
  get accepted(): number {
    return this.#accepted;
  }

  attributes(): Record<string, string> {
    const counts = { SubscriptionsConfirmed: String(this.subscriptions.size), SubscriptionsPending: '0' };
    return { ...this.#attributes, TopicArn: this.arn, ...counts, SubscriptionsDeleted: '0' };
  }

  /**
   * Publishes a message to every subscription whose filter lets it through. A duplicate within five minutes is
   * answered like the first one and not delivered (sns/fifo-message-dedup).
   */
  publish(input: PublishInput): PublishResult {
    const deduplicationId = this.#check(input);
    this.#accepted += 1;
    if (deduplicationId === undefined || input.groupId === undefined) {
      const messageId = this.#context.newId();
      this.#fanOut(input, messageId, undefined, undefined);
      return { messageId, isDuplicate: false };
    }
    const nowMs = this.#context.now();
    const key = deduplicationKey(this.#settings.deduplicatesPerGroup, input.groupId, deduplicationId);
    const first = this.#published.find(key, nowMs);
    if (first !== undefined) return { ...first, isDuplicate: true };
    const sequenceNumber = this.#sequence.next();
    const result: PublishResult = { messageId: this.#context.newId(), sequenceNumber, isDuplicate: false };
    this.#published.remember(key, result, nowMs);
    this.#fanOut(input, result.messageId, sequenceNumber, deduplicationId);
    return result;
  }

  /** Publishes up to 10 messages, together no larger than one may be; each succeeds or fails for itself. */
  publishBatch(entries: readonly (PublishInput & { readonly id: string })[]): BatchResult<PublishResult> {
    checkBatch(entries);
    const bytes = entries.reduce(
      (sum, { message, messageAttributes }) => sum + sizeBytes(message, messageAttributes),
      0,
    );
    const { maximumMessageBytes } = this.#settings;
    if (bytes > maximumMessageBytes) {
      const limit = `The length of all the messages put together is more than the limit of ${maximumMessageBytes} bytes.`;
      throw new MessagingError('BatchRequestTooLong', `${limit} You have sent ${bytes} bytes.`);
    }
    return runBatch(entries, (entry) => this.publish(entry));
  }

  /** Throws for what SNS refuses; returns the deduplication id, which messages of a FIFO topic alone have. */
  #check({ message, messageAttributes = {}, groupId, deduplicationId }: PublishInput): string | undefined {
    if (message === '') throw invalidParameter('Empty message');
    const bytes = sizeBytes(message, messageAttributes);
    const { maximumMessageBytes, contentBasedDeduplication } = this.#settings;
    if (bytes > maximumMessageBytes)
      throw invalidParameter(`Message too long: ${bytes} bytes. Allowed: ${maximumMessageBytes}.`);
    for (const [name, attribute] of Object.entries(messageAttributes)) {
      const problem = attributeProblem(name, attribute);
      if (problem !== undefined) throw new MessagingError('ParameterValueInvalid', problem);
    }
    checkId('MessageGroupId', groupId);
    checkId('MessageDeduplicationId', deduplicationId);
    if (!this.isFifo) {
      if (deduplicationId === undefined) return undefined;
      throw invalidParameter(
        'The request includes MessageDeduplicationId parameter that is not valid for this topic type',
      );
    }
    if (groupId === undefined) throw invalidParameter('The MessageGroupId parameter is required for FIFO topics');
    if (deduplicationId !== undefined) return deduplicationId;
    if (contentBasedDeduplication) return contentDeduplicationId(message);
    const allowed = 'The topic should either have ContentBasedDeduplication enabled';
    throw invalidParameter(`${allowed} or MessageDeduplicationId provided explicitly`);
  }

  #fanOut(input: PublishInput, messageId: string, sequenceNumber?: string, deduplicationId?: string): void {
    const { subject, message, messageAttributes = {}, groupId } = input;
    const topicArn = this.arn;
    const atMs = this.#context.now();
    const ids = { messageId, sequenceNumber, topicArn, groupId, deduplicationId };
    const notification = { ...ids, subject, message, messageAttributes, atMs };
    for (const subscription of this.subscriptions.values()) subscription.deliver(notification);
  }
}

function checkId(parameter: string, id: string | undefined): void {
  if (id === undefined || isMessagingId(id)) return;
  throw invalidParameter(`${parameter}: '${id}'. Allowed: 1 to 128 alphanumeric and punctuation characters.`);
}
