import { Backlog } from './backlog.ts';
import type { BatchResult } from './batch.ts';
import { invalidValue, MessagingError } from './errors.ts';
import { Intake } from './intake.ts';
import { MAX_IN_FLIGHT, MAX_RECEIVED, MAX_VISIBILITY_SECONDS, PURGE_PAUSE_MS } from './limits.ts';
import type { ReceivedMessage, SendInput, SendResult } from './message.ts';
import type { Attributes, QueueSettings } from './queue-attributes.ts';
import { QueueConfiguration } from './queue-configuration.ts';
import { Receipts } from './receipts.ts';
import { ReceiveAttempts } from './receive-attempts.ts';
import { checkAttemptId } from './send-rules.ts';
import { Signals } from './signals.ts';
import { type Identity, type StoredMessage, toReceived, toStored } from './stored-message.ts';

/** How many messages a queue holds: SQS's three `ApproximateNumberOfMessages…` attributes, exact here. */
export interface QueueCounts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

/** What happened on a queue since it was made, counted as CloudWatch's AWS/SQS metrics do. */
export interface QueueTotals {
  /** Without duplicates, and without what came from another queue. */
  readonly sent: number;
  readonly received: number;
  /** By its receivers. */
  readonly deleted: number;
}

/** What a queue needs from its surroundings. */
export interface QueueContext {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Makes message ids and the changing part of receipt handles; never the same one twice, and without a colon. */
  readonly newId: () => string;
  readonly arn: string;
  /** The queue to move messages to, if it exists. */
  readonly findQueue: (arn: string) => Queue | undefined;
}

/**
 * One SQS queue: FIFO if its name ends with `.fifo`, else a standard one, in which each message is a group of its own.
 * Throws `MessagingError` with AWS's code for what SQS refuses.
 */
export class Queue {
  readonly name: string;
  readonly arn: string;
  readonly isFifo: boolean;
  readonly #context: QueueContext;
  readonly #configuration: QueueConfiguration;
  readonly #backlog = new Backlog();
  readonly #intake: Intake;
  readonly #receipts: Receipts;
  readonly #attempts = new ReceiveAttempts();
  readonly #signals = new Signals();
  readonly #totals = { sent: 0, received: 0, deleted: 0 };
  #sweepAtMs = Number.POSITIVE_INFINITY;
  #purgedAtMs = Number.NEGATIVE_INFINITY;

  /** @param attributes in AWS's string form, such as `{ FifoQueue: 'true', VisibilityTimeout: '30' }` */
  constructor(name: string, attributes: Attributes, context: QueueContext) {
    this.name = name;
    this.arn = context.arn;
    this.isFifo = name.endsWith('.fifo');
    this.#context = context;
    this.#configuration = new QueueConfiguration(this, attributes, context.now, context.findQueue);
    this.#receipts = new Receipts(name, this.isFifo, context.newId);
    const { now, newId } = context;
    this.#intake = new Intake({
      isFifo: this.isFifo,
      now,
      newId,
      settings: () => this.settings,
      store: (input, identity, sentAtMs) => this.#store(input, identity, sentAtMs),
    });
  }

  /** What the attributes mean: visibility timeout, retention, redrive and so on. */
  get settings(): QueueSettings {
    return this.#configuration.settings;
  }

  get totals(): QueueTotals {
    return this.#totals;
  }

  /** Message groups that have a message in flight. */
  get groupsInFlight(): number {
    return this.#backlog.groupsInFlight;
  }

  /** When the message came to this queue that is here longest, in milliseconds since the epoch. */
  oldestArrivedAtMs(): number | undefined {
    return this.#backlog.oldestArrivedAtMs();
  }

  /** Configuration and counts by AWS's names, all as strings (sqs-api/API_GetQueueAttributes). */
  attributes(): Record<string, string> {
    const { visible, inFlight, delayed } = this.counts();
    return {
      ...this.#configuration.attributes(),
      ApproximateNumberOfMessages: String(visible),
      ApproximateNumberOfMessagesNotVisible: String(inFlight),
      ApproximateNumberOfMessagesDelayed: String(delayed),
    };
  }

  setAttributes(attributes: Attributes): void {
    this.#configuration.change(attributes);
    this.#sweepAtMs = this.#context.now();
  }

  /** Stores a message, or answers a duplicate with the ids of the first one. */
  send(input: SendInput): SendResult {
    return this.#countSent(this.#intake.send(input));
  }

  /** Sends up to 10 messages, 1 MiB in all; each succeeds or fails for itself. */
  sendBatch(entries: readonly (SendInput & { readonly id: string })[]): BatchResult<SendResult> {
    const result = this.#intake.sendBatch(entries);
    for (const sent of result.successful) this.#countSent(sent);
    return result;
  }

  /**
   * Takes messages: of one group as many as possible, in order, then of the next groups in rotation.
   * @param maxMessages 1 to 10
   * @param visibilityTimeoutSeconds 0 to 43200, by default the queue's
   * @param attemptId FIFO only: a repetition with the same one gets the same messages and resets their visibility timeout
   */
  receive(
    maxMessages = 1,
    visibilityTimeoutSeconds = this.settings.visibilityTimeoutSeconds,
    attemptId?: string,
  ): ReceivedMessage[] {
    checkRange('MaxNumberOfMessages', maxMessages, 1, MAX_RECEIVED);
    checkRange('VisibilityTimeout', visibilityTimeoutSeconds, 0, MAX_VISIBILITY_SECONDS);
    checkAttemptId(attemptId, this.isFifo);
    const nowMs = this.#context.now();
    const dueAtMs = nowMs + visibilityTimeoutSeconds * 1000;
    this.#backlog.settle(nowMs);
    const again = attemptId === undefined ? undefined : this.#attempts.find(attemptId, nowMs);
    const received = again === undefined ? this.#take(maxMessages, nowMs, dueAtMs) : again;
    if (again !== undefined) for (const message of again) this.#backlog.reschedule(message, dueAtMs);
    else if (attemptId !== undefined && received.length > 0) this.#attempts.remember(attemptId, received, nowMs);
    const answer = received.map(toReceived);
    this.#totals.received += answer.length;
    this.#announce();
    return answer;
  }

  /** Deletes a received message; one that is gone counts as deleted. See `Receipts` for what a handle may do. */
  delete(receiptHandle: string): void {
    this.#backlog.settle(this.#context.now());
    try {
      const message = this.#receipts.toDelete(receiptHandle);
      if (message === undefined) return;
      this.#forget(message);
      this.#backlog.remove(message);
      this.#totals.deleted += 1;
    } finally {
      this.#announce();
    }
  }

  /**
   * Lets a message in flight become visible earlier or later (sqs-api/API_ChangeMessageVisibility).
   * @param seconds from now on, 0 to 43200; 0 makes it visible at once
   */
  changeVisibility(receiptHandle: string, seconds: number): void {
    checkRange('VisibilityTimeout', seconds, 0, MAX_VISIBILITY_SECONDS);
    const nowMs = this.#context.now();
    this.#backlog.settle(nowMs);
    try {
      const message = this.#receipts.toChange(receiptHandle, seconds, nowMs);
      this.#attempts.forget(message);
      this.#backlog.reschedule(message, nowMs + seconds * 1000);
      this.#backlog.settle(nowMs);
    } finally {
      this.#announce();
    }
  }

  counts(): QueueCounts {
    const nowMs = this.#context.now();
    this.#backlog.settle(nowMs);
    if (nowMs >= this.#sweepAtMs) {
      const { retentionMs } = this.settings;
      const oldestMs = this.#backlog.sweep(nowMs - retentionMs, (message) => this.#forget(message));
      this.#sweepAtMs = oldestMs + retentionMs;
    }
    this.#announce();
    return this.#backlog.counts;
  }

  /** Deletes all messages, at most once a minute. Deduplication ids stay known (sqs-api/API_PurgeQueue). */
  purge(): void {
    const nowMs = this.#context.now();
    if (nowMs < this.#purgedAtMs + PURGE_PAUSE_MS) {
      const limit = `Only one PurgeQueue operation on ${this.name} is allowed every ${PURGE_PAUSE_MS / 1000} seconds.`;
      throw new MessagingError('PurgeQueueInProgress', limit);
    }
    this.#purgedAtMs = nowMs;
    this.#backlog.clear();
    this.#receipts.clear();
    this.#attempts.clear();
  }

  /** Calls back at once whenever messages become receivable by an operation or an expiry; returns how to stop that. */
  onAvailable(listener: () => void): () => void {
    return this.#signals.onAvailable(listener);
  }

  /** Calls back at once whenever `nextVisibleAt` may have become earlier, for the caller's timer; returns how to stop that. */
  onRescheduled(listener: () => void): () => void {
    return this.#signals.onRescheduled(listener);
  }

  /** When the next message becomes visible by the passing of time alone, in milliseconds since the epoch. */
  nextVisibleAt(): number | undefined {
    return this.#backlog.nextDueAtMs();
  }

  /** What a receive could get now, and what is behind it in the same groups, group by group in order. */
  visibleMessages(): StoredMessage[] {
    this.counts();
    return this.#backlog.visible();
  }

  /** Moves the first message of a group, which nobody has, to another queue of the same type. */
  redrive(message: StoredMessage, destination: Queue): void {
    destination.#intake.takeRedriven(message);
    this.#forget(message);
    this.#backlog.remove(message);
  }

  #countSent<R extends SendResult>(result: R): R {
    if (!result.isDuplicate) this.#totals.sent += 1;
    return result;
  }

  #store(input: SendInput, identity: Identity, sentAtMs: number): void {
    const { groupId, delaySeconds = this.settings.delaySeconds } = input;
    const nowMs = this.#context.now();
    this.#backlog.settle(nowMs);
    const group = this.#backlog.group(this.isFifo && groupId !== undefined ? groupId : identity.messageId);
    this.#backlog.add(toStored(input, identity, group, sentAtMs, nowMs), delaySeconds * 1000);
    this.#sweepAtMs = Math.min(this.#sweepAtMs, sentAtMs + this.settings.retentionMs);
    this.#announce();
  }

  /** Hands out messages; what was received too often goes to the dead-letter queue, what is too old goes away. */
  #take(maxMessages: number, nowMs: number, dueAtMs: number): StoredMessage[] {
    const { redrive, retentionMs } = this.settings;
    const target = redrive && this.#context.findQueue(redrive.deadLetterTargetArn);
    const dead: StoredMessage[] = [];
    const max = Math.min(maxMessages, MAX_IN_FLIGHT - this.#backlog.counts.inFlight);
    const taken = this.#backlog.take(max, dueAtMs, (message) => {
      const isExpired = message.sentAtMs + retentionMs <= nowMs;
      const isDead = !isExpired && target !== undefined && message.receiveCount >= (redrive?.maxReceiveCount ?? 0);
      if (isDead) dead.push(message);
      if (isDead || isExpired) this.#forget(message);
      return !isDead && !isExpired;
    });
    for (const message of taken) {
      this.#attempts.forget(message);
      this.#receipts.handOut(message, nowMs);
    }
    if (target !== undefined) for (const message of dead) target.#intake.takeDeadLetter(message, this.arn);
    return taken;
  }

  #forget(message: StoredMessage): void {
    this.#attempts.forget(message);
    this.#receipts.forget(message);
  }

  #announce(): void {
    const available = this.#backlog.takeBecameReady();
    this.#signals.announce({ available, rescheduled: this.#backlog.takeBecameEarlier() });
  }
}

function checkRange(parameter: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw invalidValue(
    `Value ${value} for parameter ${parameter} is invalid. Reason: Must be an integer between ${min} and ${max}, if provided.`,
  );
}
