import { type Archive, type ArchiveJournal, createArchive, type KeptArchive } from './archive.ts';
import { type BatchResult, checkBatch, runBatch } from './batch.ts';
import { createDeduplicationWindow, deduplicationKey } from './deduplication.ts';
import { invalidParameter, MessagingError } from './errors.ts';
import {
  attributeProblem,
  contentDeduplicationId,
  isMessagingId,
  type MessageAttributes,
  sizeBytes,
} from './message.ts';
import type { Attributes } from './queue-attributes.ts';
import type { ReplayState } from './replay.ts';
import { createSequence } from './sequence-numbers.ts';
import type { Subscription } from './subscription.ts';
import { completeTopicAttributes, readTopicSettings, type TopicSettings } from './topic-attributes.ts';

/**
 * A message to publish. A FIFO topic needs a group id, and a deduplication id unless it derives one from the content.
 */
export interface PublishInput {
  readonly message: string;
  readonly subject?: string;
  readonly messageAttributes?: MessageAttributes;
  readonly groupId?: string;
  readonly deduplicationId?: string;
}

/** The answer to a publisher. A duplicate gets the ids of the first message. */
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
  /** What the topic had in an earlier process, and who is told its changes. @default - the topic is new */
  readonly kept?: KeptTopic | undefined;
}

/** The archive and the replays of a topic that outlive this process. */
export interface KeptTopic {
  readonly archive: KeptArchive;
  readonly journal: ArchiveJournal;
  /** The replay of a queue's subscription; undefined if there was none. */
  replay(queueArn: string): ReplayState | undefined;
  noteReplay(queueArn: string, state: ReplayState): void;
}

/**
 * One SNS topic: FIFO if its name ends with `.fifo`. Where SNS refuses a request, the methods throw a `MessagingError`
 * with AWS's code.
 */
export interface Topic {
  readonly name: string;
  readonly arn: string;
  readonly isFifo: boolean;
  /** Subscription ARN to subscription. */
  readonly subscriptions: Map<string, Subscription>;
  /** The number of accepted messages since the topic was created, including duplicates. */
  accepted(): number;
  attributes(): Record<string, string>;
  /** Changes attributes. `ArchivePolicy` with `{}` deactivates the archive and deletes its messages. */
  setAttributes(given: Attributes): void;
  readonly archive: Archive;
  /**
   * Publishes a message to every subscription whose filter matches. A duplicate within five minutes gets the answer to
   * the first message and isn't delivered (sns/fifo-message-dedup).
   */
  publish(input: PublishInput): PublishResult;
  /**
   * Publishes up to 10 messages, in total no larger than one message may be. Each message succeeds or fails on its own.
   */
  publishBatch(entries: readonly (PublishInput & { readonly id: string })[]): BatchResult<PublishResult>;
}

/**
 * @param given attributes in AWS's string form, such as `{ FifoTopic: 'true', FifoThroughputScope: 'MessageGroup' }`
 */
export function createTopic(name: string, given: Attributes, { now, newId, arn, kept }: TopicContext): Topic {
  const isFifo = name.endsWith('.fifo');
  let attributes = completeTopicAttributes(name, given);
  let settings = readTopicSettings(attributes);
  const archive = createArchive(now, kept?.archive, kept?.journal);
  archive.keep(settings.archiveDays);
  const subscriptions = new Map<string, Subscription>();
  const published = createDeduplicationWindow<PublishResult>();
  const nextNumber = createSequence('000');
  let accepted = 0;

  function fanOut(input: PublishInput, messageId: string, sequenceNumber?: string, deduplicationId?: string): void {
    const { subject, message, messageAttributes = {}, groupId } = input;
    const ids = { messageId, sequenceNumber, topicArn: arn, groupId, deduplicationId };
    const notification = { ...ids, subject, message, messageAttributes, atMs: now() };
    archive.add(notification);
    for (const subscription of subscriptions.values()) subscription.deliver(notification);
  }

  function publish(input: PublishInput): PublishResult {
    const deduplicationId = checkPublish(input, isFifo, settings);
    accepted += 1;
    if (deduplicationId === undefined || input.groupId === undefined) {
      const messageId = newId();
      fanOut(input, messageId);
      return { messageId, isDuplicate: false };
    }
    const nowMs = now();
    const key = deduplicationKey(settings.deduplicatesPerGroup, input.groupId, deduplicationId);
    const first = published.find(key, nowMs);
    if (first !== undefined) return { ...first, isDuplicate: true };
    const sequenceNumber = nextNumber();
    const result: PublishResult = { messageId: newId(), sequenceNumber, isDuplicate: false };
    published.remember(key, result, nowMs);
    fanOut(input, result.messageId, sequenceNumber, deduplicationId);
    return result;
  }

  return {
    name,
    arn,
    isFifo,
    subscriptions,
    accepted: () => accepted,
    attributes() {
      const counts = { SubscriptionsConfirmed: String(subscriptions.size), SubscriptionsPending: '0' };
      const beginningMs = archive.beginningMs();
      const beginning = beginningMs !== undefined && { BeginningArchiveTime: new Date(beginningMs).toISOString() };
      return { ...attributes, ...beginning, TopicArn: arn, ...counts, SubscriptionsDeleted: '0' };
    },
    setAttributes(given) {
      attributes = completeTopicAttributes(name, { ...attributes, ...given });
      settings = readTopicSettings(attributes);
      archive.keep(settings.archiveDays);
    },
    archive,
    publish,
    publishBatch(entries) {
      checkBatch(entries);
      checkBatchSize(entries, settings.maximumMessageBytes);
      return runBatch(entries, publish);
    },
  };
}

function checkBatchSize(entries: readonly PublishInput[], maximumBytes: number): void {
  const bytes = entries.reduce((sum, { message, messageAttributes }) => sum + sizeBytes(message, messageAttributes), 0);
  if (bytes <= maximumBytes) return;
  const limit = `The length of all the messages put together is more than the limit of ${maximumBytes} bytes.`;
  throw new MessagingError('BatchRequestTooLong', `${limit} You have sent ${bytes} bytes.`);
}

/** Fewer than 100 ASCII characters without line breaks; the first one isn't a space (sns-api/API_Publish). */
const SUBJECT = /^[\x21-\x7e][\x20-\x7e]{0,98}$/;

/** Throws for a message that SNS refuses. Returns the deduplication id, which only messages of a FIFO topic have. */
function checkPublish(
  { message, subject, messageAttributes = {}, groupId, deduplicationId }: PublishInput,
  isFifo: boolean,
  { maximumMessageBytes, contentBasedDeduplication }: TopicSettings,
): string | undefined {
  if (message === '') throw invalidParameter('Empty message');
  if (subject !== undefined && !SUBJECT.test(subject)) throw invalidParameter(`Subject: '${subject}'`);
  const bytes = sizeBytes(message, messageAttributes);
  if (bytes > maximumMessageBytes)
    throw invalidParameter(`Message too long: ${bytes} bytes. Allowed: ${maximumMessageBytes}.`);
  for (const [name, attribute] of Object.entries(messageAttributes)) {
    const problem = attributeProblem(name, attribute);
    if (problem !== undefined) throw new MessagingError('ParameterValueInvalid', problem);
  }
  checkId('MessageGroupId', groupId);
  checkId('MessageDeduplicationId', deduplicationId);
  if (!isFifo) {
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

function checkId(parameter: string, id: string | undefined): void {
  if (id === undefined || isMessagingId(id)) return;
  throw invalidParameter(`${parameter}: '${id}'. Allowed: 1 to 128 alphanumeric and punctuation characters.`);
}
