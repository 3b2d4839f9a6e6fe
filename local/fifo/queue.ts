import type { BatchResult } from './batch.ts';
import type { Intake } from './intake.ts';
import type { ReceivedMessage, SendInput, SendResult } from './message.ts';
import type { Attributes, QueueSettings } from './queue-attributes.ts';
import type { QueueIdentity } from './queue-configuration.ts';
import type { Signals } from './signals.ts';
import type { StoredMessage } from './stored-message.ts';

/** The numbers of messages in a queue: SQS's three `ApproximateNumberOfMessages…` attributes, here exact. */
export interface QueueCounts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

/** Counts since the queue was created, by the rules of CloudWatch's AWS/SQS metrics. */
export interface QueueTotals {
  /** Sent messages, without duplicates and without messages that were moved from another queue. */
  readonly sent: number;
  readonly received: number;
  /** Messages that receivers deleted. */
  readonly deleted: number;
}

/**
 * One SQS queue: FIFO if its name ends with `.fifo`, otherwise standard. In a standard queue, each message is a group
 * of its own. Where SQS refuses a request, the methods throw a `MessagingError` with AWS's code.
 */
export interface Queue
  extends QueueIdentity,
    Pick<Signals, 'onAvailable' | 'onRescheduled'>,
    Pick<Intake, 'takeDeadLetter' | 'takeRedriven'> {
  /** The parsed attributes: visibility timeout, retention, redrive and so on. */
  settings(): QueueSettings;
  readonly totals: QueueTotals;
  /** The number of message groups with a message in flight. */
  groupsInFlight(): number;
  /**
   * When the oldest message arrived in this queue, in milliseconds since the epoch; undefined if the queue is empty.
   */
  oldestArrivedAtMs(): number | undefined;
  /** Configuration and counts by AWS's names, all as strings (sqs-api/API_GetQueueAttributes). */
  attributes(): Record<string, string>;
  setAttributes(attributes: Attributes): void;
  /** Stores a message, or answers a duplicate with the ids of the first message. */
  send(input: SendInput): SendResult;
  /** Sends up to 10 messages, 1 MiB in total. Each message succeeds or fails on its own. */
  sendBatch(entries: readonly (SendInput & { readonly id: string })[]): BatchResult<SendResult>;
  /**
   * Receives messages: as many as possible from one group, in order, then from the next groups in rotation.
   * @param maxMessages 1 to 10. Default 1
   * @param visibilityTimeoutSeconds 0 to 43200. Default: the queue's
   * @param attemptId FIFO only: a repetition with the same id gets the same messages and resets their visibility
   * timeout
   */
  receive(maxMessages?: number, visibilityTimeoutSeconds?: number, attemptId?: string): ReceivedMessage[];
  /**
   * Deletes a received message. A message that is already gone counts as deleted. `Receipts` has the rules for handles.
   */
  delete(receiptHandle: string): void;
  /**
   * Makes a message in flight visible earlier or later (sqs-api/API_ChangeMessageVisibility).
   * @param seconds counted from now, 0 to 43200; 0 makes the message visible at once
   */
  changeVisibility(receiptHandle: string, seconds: number): void;
  counts(): QueueCounts;
  /** Deletes all messages, at most once a minute. The deduplication window continues (sqs-api/API_PurgeQueue). */
  purge(): void;
  /** When the next delayed or in-flight message becomes visible, in milliseconds since the epoch. */
  nextVisibleAt(): number | undefined;
  /**
   * The messages that can be received now and the messages behind them in the same groups, group by group, in order.
   */
  visibleMessages(): StoredMessage[];
  /** Moves a message to another queue of the same type. It must be the first of a group without messages in flight. */
  redrive(message: StoredMessage, destination: Queue): void;
}
