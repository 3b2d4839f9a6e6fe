import { MessagingError } from '../fifo/errors.ts';
import type { Messaging } from '../fifo/messaging.ts';
import type { Subscription } from '../fifo/subscription.ts';
import type { PublishInput, Topic } from '../fifo/topic.ts';
import { defined, type Input, list, optionalText, text, textMap } from './input.ts';
import { readAttributes } from './message-attributes.ts';
import { element, type XmlValue, xmlMap } from './xml.ts';

/** Returns the operation's result in XML. */
type Operation = (messaging: Messaging, input: Input) => string;

/** The emulated SNS operations by name (docs.aws.amazon.com/sns/latest/api). */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  CreateTopic(messaging, input) {
    const topic = messaging.createTopic(text(input, 'Name'), textMap(input, 'Attributes'));
    return element('TopicArn', topic.arn);
  },
  Subscribe(messaging, input) {
    const attributes = textMap(input, 'Attributes');
    const endpoint = text(input, 'Endpoint');
    const subscription = messaging.subscribe(text(input, 'TopicArn'), text(input, 'Protocol'), endpoint, attributes);
    return element('SubscriptionArn', subscription.arn);
  },
  Unsubscribe(messaging, input) {
    messaging.unsubscribe(text(input, 'SubscriptionArn'));
    return '';
  },
  Publish(messaging, input) {
    const { messageId, sequenceNumber } = topicOf(messaging, input).publish(readPublish(input));
    return element('MessageId', messageId) + element('SequenceNumber', sequenceNumber);
  },
  PublishBatch(messaging, input) {
    const entries = list(input, 'PublishBatchRequestEntries');
    const given = entries.map((entry) => ({ id: text(entry, 'Id'), ...readPublish(entry) }));
    const { successful, failed } = topicOf(messaging, input).publishBatch(given);
    const succeeded = successful.map(({ id, messageId, sequenceNumber }) => {
      return { Id: id, MessageId: messageId, SequenceNumber: sequenceNumber };
    });
    const refused = failed.map(({ id, code, message, senderFault }) => {
      return { Id: id, Code: code, Message: message, SenderFault: senderFault };
    });
    return element('Successful', succeeded) + element('Failed', refused);
  },
  ListTopics: (messaging) =>
    element(
      'Topics',
      messaging.topics.list().map(({ arn }) => ({ TopicArn: arn })),
    ),
  ListSubscriptionsByTopic(messaging, input) {
    const subscriptions = [...topicOf(messaging, input).subscriptions.values()];
    return element('Subscriptions', subscriptions.map(subscriptionAnswer));
  },
  GetTopicAttributes: (messaging, input) =>
    `<Attributes>${xmlMap(topicOf(messaging, input).attributes())}</Attributes>`,
  SetTopicAttributes(messaging, input) {
    const value = optionalText(input, 'AttributeValue') ?? '';
    topicOf(messaging, input).setAttributes({ [text(input, 'AttributeName')]: value });
    return '';
  },
  GetSubscriptionAttributes(messaging, input) {
    const attributes = messaging.subscription(text(input, 'SubscriptionArn')).attributes();
    return `<Attributes>${xmlMap(attributes)}</Attributes>`;
  },
  SetSubscriptionAttributes(messaging, input) {
    const value = optionalText(input, 'AttributeValue') ?? '';
    messaging.subscription(text(input, 'SubscriptionArn')).setAttributes({ [text(input, 'AttributeName')]: value });
    return '';
  },
  DeleteTopic(messaging, input) {
    messaging.deleteTopic(text(input, 'TopicArn'));
    return '';
  },
};

/** The pause between two steps of a replay, in milliseconds. */
const REPLAY_PAUSE_MS = 5;

/** Continues replays in the background. The timer doesn't keep the process alive. */
export function keepReplaying({ replays }: Pick<Messaging, 'replays'>): void {
  let isScheduled = false;
  const schedule = (): void => {
    if (isScheduled || !replays.isRunning()) return;
    isScheduled = true;
    setTimeout(step, REPLAY_PAUSE_MS).unref();
  };
  const step = (): void => {
    isScheduled = false;
    replays.advance();
    schedule();
  };
  replays.onStarted(schedule);
  schedule();
}

/**
 * Carries out one SNS operation and returns the content of its result in XML. Throws a `MessagingError` if SNS refuses
 * it.
 */
export function runSns(action: string, messaging: Messaging, input: Input): string {
  const run = Object.hasOwn(OPERATIONS, action) ? OPERATIONS[action] : undefined;
  if (run !== undefined) return run(messaging, input);
  const supported = Object.keys(OPERATIONS).join(', ');
  throw new MessagingError('InvalidAction', `SNS ${action} is not emulated. Supported: ${supported}.`);
}

function topicOf(messaging: Messaging, input: Input): Topic {
  return messaging.topics.require(optionalText(input, 'TopicArn') ?? text(input, 'TargetArn'));
}

function readPublish(input: Input): PublishInput {
  if (input.MessageStructure !== undefined)
    throw new MessagingError('InvalidParameter', 'Invalid parameter: MessageStructure is not emulated.');
  const optional = {
    subject: optionalText(input, 'Subject'),
    groupId: optionalText(input, 'MessageGroupId'),
    deduplicationId: optionalText(input, 'MessageDeduplicationId'),
  };
  return { message: optionalText(input, 'Message') ?? '', ...readAttributes(input), ...defined(optional) };
}

function subscriptionAnswer({ arn, topicArn, endpoint }: Subscription): XmlValue {
  const owner = topicArn.split(':')[4];
  return { SubscriptionArn: arn, Owner: owner, Protocol: 'sqs', Endpoint: endpoint, TopicArn: topicArn };
}
