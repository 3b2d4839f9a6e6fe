import type { Archive } from './archive.ts';
import { invalidParameter, MessagingError, NotEmulatedParameter } from './errors.ts';
import { type Filter, readFilterPolicy } from './filter-policy.ts';
import { type SendInput, sizeBytes } from './message.ts';
import type { Notification } from './notification.ts';
import type { Queue } from './queue.ts';
import { type Attributes, parseObject } from './queue-attributes.ts';
import { createReplay, type Replay, type ReplayState } from './replay.ts';

/** What happened to a subscription's messages, by the rules of CloudWatch's AWS/SNS metrics. */
export interface DeliveryCounts {
  readonly delivered: number;
  readonly filteredOut: number;
  readonly failed: number;
  readonly redrivenToDlq: number;
}

/** What a subscription needs from its surroundings. */
export interface SubscriptionContext {
  readonly arn: string;
  readonly topicArn: string;
  /** The ARN of the queue. */
  readonly endpoint: string;
  /** Finds a queue to which the topic may send. */
  readonly findQueue: (arn: string) => Queue | undefined;
  /** The clock, in milliseconds since the epoch. */
  readonly now: () => number;
  /** The time until a changed filter policy takes effect. */
  readonly filterChangeMs: number;
  /** Called for each message that a queue took. @param bytes the size of body and attributes */
  readonly onDelivered: (queue: Queue, bytes: number) => void;
  /** The topic's archive, from which messages are replayed. @default - the topic has none */
  readonly archive?: Archive;
  /** The replay of an earlier process. @default - none */
  readonly keptReplay?: ReplayState | undefined;
  /** Called with each change of the replay. */
  readonly onReplayChange?: ((state: ReplayState) => void) | undefined;
  /** Called when a replay starts. */
  readonly onReplayStarted?: (replay: Replay) => void;
}

/** A queue's subscription to a topic. */
export interface Subscription extends Pick<SubscriptionContext, 'arn' | 'topicArn' | 'endpoint'> {
  readonly counts: DeliveryCounts;
  /** By AWS's names, all as strings (docs.aws.amazon.com/sns/latest/api/API_GetSubscriptionAttributes.html). */
  attributes(): Record<string, string>;
  /** Whether the subscription already has the given values. */
  hasAttributes(given: Attributes): boolean;
  /** Changes attributes. A changed filter policy takes effect late; that of the first call takes effect at once. */
  setAttributes(given: Attributes): void;
  /**
   * Sends a newly published message to the queue, unless a replay runs or has paused the subscription. If the queue
   * doesn't exist or refuses the message, sends it to the subscription's dead-letter queue.
   */
  deliver(notification: Notification): void;
}

/** The attributes of a subscription that the local cloud knows. */
export const SUBSCRIPTION_ATTRIBUTES = [
  'RawMessageDelivery',
  'FilterPolicy',
  'FilterPolicyScope',
  'RedrivePolicy',
  'DeliveryPolicy',
  'ReplayPolicy',
];

export function createSubscription(context: SubscriptionContext): Subscription {
  const { arn, topicArn, endpoint, findQueue, onDelivered, now, filterChangeMs } = context;
  const counts = { delivered: 0, filteredOut: 0, failed: 0, redrivenToDlq: 0 };
  let attributes: Attributes = {};
  /** The filter in effect, followed by the filters that take effect later. */
  let filters: readonly { readonly fromMs: number; readonly filter: Filter | undefined }[] = [];
  let deadLetterTargetArn: string | undefined;
  const replay = createReplay({
    now,
    archive: context.archive,
    deliver,
    kept: context.keptReplay,
    onChange: context.onReplayChange,
  });
  if (replay.isRunning()) context.onReplayStarted?.(replay);

  function allAttributes(): Record<string, string> {
    const isRaw = { RawMessageDelivery: 'false' };
    const fixed = { SubscriptionArn: arn, TopicArn: topicArn, Protocol: 'sqs', Endpoint: endpoint };
    const state = replay.state();
    const replayed = state !== undefined && { ReplayPolicy: state.policy, ReplayStatus: state.status };
    return { ...isRaw, ...attributes, ...replayed, ...fixed, PendingConfirmation: 'false' };
  }

  function currentFilter(): Filter | undefined {
    while (filters[1] !== undefined && filters[1].fromMs <= now()) filters = filters.slice(1);
    return filters[0]?.filter;
  }

  function send(queueArn: string, input: SendInput): boolean {
    const queue = findQueue(queueArn);
    if (queue === undefined) return false;
    const { deduplicationId, ...forStandard } = input;
    try {
      queue.send(queue.isFifo ? input : forStandard);
      onDelivered(queue, sizeBytes(input.body, input.messageAttributes));
      return true;
    } catch (error) {
      if (error instanceof MessagingError) return false;
      throw error;
    }
  }

  function deliver(notification: Notification): void {
    const filter = currentFilter();
    if (filter !== undefined && !filter(notification.messageAttributes)) {
      counts.filteredOut += 1;
      return;
    }
    const input = toSendInput(notification, arn, attributes.RawMessageDelivery === 'true');
    if (send(endpoint, input)) {
      counts.delivered += 1;
      return;
    }
    counts.failed += 1;
    if (deadLetterTargetArn !== undefined && send(deadLetterTargetArn, input)) counts.redrivenToDlq += 1;
  }

  return {
    arn,
    topicArn,
    endpoint,
    counts,
    attributes: allAttributes,
    hasAttributes(given) {
      const own = allAttributes();
      return Object.entries(given).every(([name, value]) => own[name] === value);
    },
    setAttributes({ ReplayPolicy, ...given }) {
      const changed = { ...attributes, ...given };
      checkAttributes(given, changed);
      const filter = changed.FilterPolicy ? readFilterPolicy(changed.FilterPolicy) : undefined;
      deadLetterTargetArn = readDeadLetterTarget(changed.RedrivePolicy, endpoint.endsWith('.fifo'));
      if (filters.length === 0 || changed.FilterPolicy !== attributes.FilterPolicy)
        filters = [...filters, { fromMs: now() + filterChangeMs, filter }];
      attributes = changed;
      if (ReplayPolicy === undefined) return;
      replay.start(ReplayPolicy);
      context.onReplayStarted?.(replay);
    },
    deliver(notification) {
      if (replay.isLive()) deliver(notification);
    },
  };
}

function checkAttributes(given: Attributes, changed: Attributes): void {
  for (const name of Object.keys(given)) {
    if (!SUBSCRIPTION_ATTRIBUTES.includes(name))
      throw invalidParameter(`AttributeName: ${name}. Allowed: ${SUBSCRIPTION_ATTRIBUTES.join(', ')}.`);
  }
  if ((changed.FilterPolicyScope ?? 'MessageAttributes') !== 'MessageAttributes')
    throw new NotEmulatedParameter('FilterPolicyScope: only MessageAttributes is emulated');
  if (!['true', 'false', undefined].includes(changed.RawMessageDelivery))
    throw invalidParameter(`RawMessageDelivery: '${changed.RawMessageDelivery}'. Allowed: true, false.`);
}

/** A subscription of a FIFO queue needs a FIFO queue for its dead letters (sns/fifo-message-durability). */
function readDeadLetterTarget(text: string | undefined, isFifo: boolean): string | undefined {
  if (!text) return undefined;
  const arn = parseObject(text)?.deadLetterTargetArn;
  if (typeof arn === 'string' && arn.endsWith('.fifo') === isFifo) return arn;
  if (typeof arn === 'string')
    throw invalidParameter(`RedrivePolicy: must use a ${isFifo ? 'FIFO' : 'standard'} queue as DLQ. Given: ${arn}`);
  throw invalidParameter(`RedrivePolicy: must be JSON with deadLetterTargetArn. Given: ${text}`);
}

/**
 * The message for the queue: with raw delivery, the body and attributes as published; otherwise SNS's JSON without the
 * signature (sns/sns-message-and-json-formats).
 */
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
    // AWS adds it to each replayed message (sns/message-archiving-and-replay-subscriber).
    Replayed: notification.isReplayed,
    UnsubscribeURL: `http://127.0.0.1/?Action=Unsubscribe&SubscriptionArn=${subscriptionArn}`,
    MessageAttributes: attributes.length > 0 ? Object.fromEntries(attributes) : undefined,
  };
  return { ...ids, body: JSON.stringify(envelope) };
}
