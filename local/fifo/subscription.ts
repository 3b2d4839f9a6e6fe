import { invalidParameter, MessagingError } from './errors.ts';
import { type Filter, readFilterPolicy } from './filter-policy.ts';
import { type MessageAttributes, type SendInput, sizeBytes } from './message.ts';
import type { Queue } from './queue.ts';
import { type Attributes, parseObject } from './queue-attributes.ts';

/** A message on its way from a topic to the subscribed queues. */
export interface Notification {
  readonly messageId: string;
  readonly sequenceNumber: string | undefined;
  readonly topicArn: string;
  readonly subject: string | undefined;
  readonly message: string;
  readonly messageAttributes: MessageAttributes;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly atMs: number;
}

/** What became of the messages that a subscription was given, counted as CloudWatch's AWS/SNS metrics do. */
export interface DeliveryCounts {
  readonly delivered: number;
  readonly filteredOut: number;
  readonly failed: number;
  readonly redrivenToDlq: number;
}

const ATTRIBUTES = ['RawMessageDelivery', 'FilterPolicy', 'FilterPolicyScope', 'RedrivePolicy', 'DeliveryPolicy'];

/** A queue's subscription to a topic. */
export class Subscription {
  readonly arn: string;
  readonly topicArn: string;
  readonly endpoint: string;
  readonly #findQueue: (arn: string) => Queue | undefined;
  readonly #onDelivered: (queue: Queue, bytes: number) => void;
  #attributes: Attributes = {};
  #filter: Filter | undefined;
  #deadLetterTargetArn: string | undefined;
  #counts = { delivered: 0, filteredOut: 0, failed: 0, redrivenToDlq: 0 };

  /** @param onDelivered told of each message that a queue took, with its bytes */
  constructor(
    arn: string,
    topicArn: string,
    endpoint: string,
    findQueue: (arn: string) => Queue | undefined,
    onDelivered: (queue: Queue, bytes: number) => void = () => {},
  ) {
    this.arn = arn;
    this.topicArn = topicArn;
    this.endpoint = endpoint;
    this.#findQueue = findQueue;
    this.#onDelivered = onDelivered;
  }

  get counts(): DeliveryCounts {
    return this.#counts;
  }

  /** By AWS's names, all as strings (docs.aws.amazon.com/sns/latest/api/API_GetSubscriptionAttributes.html). */
  attributes(): Record<string, string> {
    const isRaw = { RawMessageDelivery: 'false' };
    const fixed = { SubscriptionArn: this.arn, TopicArn: this.topicArn, Protocol: 'sqs', Endpoint: this.endpoint };
    return { ...isRaw, ...this.#attributes, ...fixed, PendingConfirmation: 'false' };
  }

  /** Whether each of the given attributes has the given value already. */
  hasAttributes(given: Attributes): boolean {
    const own = this.attributes();
    return Object.entries(given).every(([name, value]) => own[name] === value);
  }

  setAttributes(given: Attributes): void {
    const attributes = { ...this.#attributes, ...given };
    for (const name of Object.keys(given)) {
      if (!ATTRIBUTES.includes(name))
        throw invalidParameter(`AttributeName: ${name}. Allowed: ${ATTRIBUTES.join(', ')}.`);
    }
    if ((attributes.FilterPolicyScope ?? 'MessageAttributes') !== 'MessageAttributes')
      throw invalidParameter('FilterPolicyScope: only MessageAttributes is emulated.');
    if (!['true', 'false', undefined].includes(attributes.RawMessageDelivery))
      throw invalidParameter(`RawMessageDelivery: '${attributes.RawMessageDelivery}'. Allowed: true, false.`);
    this.#filter = attributes.FilterPolicy ? readFilterPolicy(attributes.FilterPolicy) : undefined;
    this.#deadLetterTargetArn = readDeadLetterTarget(attributes.RedrivePolicy);
    this.#attributes = attributes;
  }

  /** Hands the message to the queue; if that is gone or refuses, to the subscription's dead-letter queue. */
  deliver(notification: Notification): void {
    if (this.#filter !== undefined && !this.#filter(notification.messageAttributes)) {
      this.#counts.filteredOut += 1;
      return;
    }
    const input = toSendInput(notification, this.arn, this.#attributes.RawMessageDelivery === 'true');
    if (this.#send(this.endpoint, input)) {
      this.#counts.delivered += 1;
      return;
    }
    this.#counts.failed += 1;
    if (this.#deadLetterTargetArn !== undefined && this.#send(this.#deadLetterTargetArn, input))
      this.#counts.redrivenToDlq += 1;
  }

  #send(queueArn: string, input: SendInput): boolean {
    const queue = this.#findQueue(queueArn);
    if (queue === undefined) return false;
    const { deduplicationId, ...forStandard } = input;
    try {
      queue.send(queue.isFifo ? input : forStandard);
      this.#onDelivered(queue, sizeBytes(input.body, input.messageAttributes));
      return true;
    } catch (error) {
      if (error instanceof MessagingError) return false;
      throw error;
    }
  }
}

function readDeadLetterTarget(text: string | undefined): string | undefined {
  if (!text) return undefined;
  const arn = parseObject(text)?.deadLetterTargetArn;
  if (typeof arn === 'string') return arn;
  throw invalidParameter(`RedrivePolicy: must be JSON with deadLetterTargetArn. Given: ${text}`);
}

/** Raw: body and attributes as published. Otherwise SNS's JSON, without the signature (sns/sns-message-and-json-formats). */
function toSendInput(notification: Notification, subscriptionArn: string, isRaw: boolean): SendInput {
  const { groupId, deduplicationId, message, messageAttributes } = notification;
  const ids = { ...(groupId !== undefined && { groupId }), ...(deduplicationId !== undefined && { deduplicationId }) };
  if (isRaw) return { ...ids, body: message, messageAttributes };
  const attributes = Object.entries(messageAttributes).map(([name, { DataType, StringValue, BinaryValue }]) => {
    return [name, { Type: DataType, Value: StringValue ?? BinaryValue }] as const;
  });
  const envelope = {
    Type: 'Notification',
    MessageId: notification.messageId,
    SequenceNumber: notification.sequenceNumber,
    TopicArn: notification.topicArn,
    Subject: notification.subject,
    Message: message,
    Timestamp: new Date(notification.atMs).toISOString(),
    UnsubscribeURL: `http://127.0.0.1/?Action=Unsubscribe&SubscriptionArn=${subscriptionArn}`,
    MessageAttributes: attributes.length > 0 ? Object.fromEntries(attributes) : undefined,
  };
  return { ...ids, body: JSON.stringify(envelope) };
}
