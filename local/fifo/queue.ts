import { Backlog } from './backlog.ts';
import { type BatchResult, checkBatch, runBatch } from './batch.ts';
import { DeduplicationWindow, deduplicationKey } from './deduplication.ts';
import { invalidValue, MessagingError } from './errors.ts';
import { MAX_IN_FLIGHT, MAX_MESSAGE_BYTES, MAX_RECEIVED, MAX_VISIBILITY_SECONDS } from './limits.ts';
import { type ReceivedMessage, type SendInput, type SendResult, sizeBytes } from './message.ts';
import { type Attributes, completeAttributes, type QueueSettings, readSettings } from './queue-attributes.ts';
import { invalidHandle, makeReceiptHandle, messageIdOf } from './receipt-handle.ts';
import { checkSend } from './send-rules.ts';
import { type Identity, type StoredMessage, toReceived, toStored } from './stored-message.ts';

/** How many messages a queue holds: SQS's three `ApproximateNumberOfMessages…` attributes, exact here. */
export interface QueueCounts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
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
  readonly #createdAtMs: number;
  readonly #backlog = new Backlog();
  readonly #sent = new DeduplicationWindow<SendResult>();
  readonly #received = new Map<string, StoredMessage>();
  readonly #onAvailable = new Set<() => void>();
  readonly #onRescheduled = new Set<() => void>();
  #attributes: Attributes = {};
  #settings: QueueSettings;
  #modifiedAtMs: number;
  #lastSequence = 0;
  #sweepAtMs = Number.POSITIVE_INFINITY;

  /** @param attributes in AWS's string form, such as `{ FifoQueue: 'true', VisibilityTimeout: '30' }` */
  constructor(name: string, attributes: Attributes, context: QueueContext) {
    this.name = name;
    this.arn = context.arn;
    this.isFifo = name.endsWith('.fifo');
    this.#context = context;
    this.#createdAtMs = context.now();
    this.#modifiedAtMs = this.#createdAtMs;
    this.#settings = this.#configure(attributes);
  }

  /** What the attributes mean: visibility timeout, retention, redrive and so on. */
  get settings(): QueueSettings {
    return this.#settings;
  }

  /** Configuration and counts by AWS's names, all as strings (sqs-api/API_GetQueueAttributes). */
  attributes(): Record<string, string> {
    const { visible, inFlight, delayed } = this.counts();
    const attributes: Record<string, string> = {
      ...this.#attributes,
      QueueArn: this.arn,
      ApproximateNumberOfMessages: String(visible),
      ApproximateNumberOfMessagesNotVisible: String(inFlight),
      ApproximateNumberOfMessagesDelayed: String(delayed),
      CreatedTimestamp: String(Math.floor(this.#createdAtMs / 1000)),
      LastModifiedTimestamp: String(Math.floor(this.#modifiedAtMs / 1000)),
    };
    if (attributes.RedrivePolicy === '') delete attributes.RedrivePolicy;
    return attributes;
  }

  setAttributes(attributes: Attributes): void {
    this.#settings = this.#configure({ ...this.#attributes, ...attributes });
    this.#modifiedAtMs = this.#context.now();
    this.#sweepAtMs = this.#modifiedAtMs;
  }

  /** Stores a message, or answers a duplicate with the ids of the first one. */
  send(input: SendInput): SendResult {
    const deduplicationId = checkSend(input, this.isFifo, this.#settings);
    const nowMs = this.#context.now();
    const deadLetterSourceArn = undefined;
    if (deduplicationId === undefined || input.groupId === undefined) {
      const messageId = this.#context.newId();
      this.#store(input, { messageId, sequenceNumber: undefined, deduplicationId, deadLetterSourceArn }, nowMs);
      return { messageId, isDuplicate: false };
    }
    const key = deduplicationKey(this.#settings.deduplicatesPerGroup, input.groupId, deduplicationId);
    const first = this.#sent.find(key, nowMs);
    if (first !== undefined) return { ...first, isDuplicate: true };
    const messageId = this.#context.newId();
    const sequenceNumber = this.#nextSequenceNumber();
    const result: SendResult = { messageId, sequenceNumber, isDuplicate: false };
    this.#sent.remember(key, result, nowMs);
    this.#store(input, { messageId, sequenceNumber, deduplicationId, deadLetterSourceArn }, nowMs);
    return result;
  }

  /** Sends up to 10 messages, 1 MiB in all; each succeeds or fails for itself. */
  sendBatch(entries: readonly (SendInput & { readonly id: string })[]): BatchResult<SendResult> {
    checkBatch(entries);
    const bytes = entries.reduce((sum, { body, messageAttributes }) => sum + sizeBytes(body, messageAttributes), 0);
    if (bytes > MAX_MESSAGE_BYTES) {
      const limit = `Batch requests cannot be longer than ${MAX_MESSAGE_BYTES} bytes.`;
      throw new MessagingError('BatchRequestTooLong', `${limit} You have sent ${bytes} bytes.`);
    }
    return runBatch(entries, (entry) => this.send(entry));
  }

  /**
   * Takes messages: of one group as many as possible, in order, then of the next groups in rotation.
   * @param maxMessages 1 to 10
   * @param visibilityTimeoutSeconds 0 to 43200, by default the queue's
   */
  receive(maxMessages = 1, visibilityTimeoutSeconds = this.#settings.visibilityTimeoutSeconds): ReceivedMessage[] {
    checkRange('MaxNumberOfMessages', maxMessages, 1, MAX_RECEIVED);
    checkRange('VisibilityTimeout', visibilityTimeoutSeconds, 0, MAX_VISIBILITY_SECONDS);
    const nowMs = this.#context.now();
    this.#backlog.settle(nowMs);
    const dead: StoredMessage[] = [];
    const max = Math.min(maxMessages, MAX_IN_FLIGHT - this.#backlog.counts.inFlight);
    const dueAtMs = nowMs + visibilityTimeoutSeconds * 1000;
    const target = this.#deadLetterQueue();
    const taken = this.#backlog.take(max, dueAtMs, (message) => this.#admit(message, nowMs, target, dead));
    const received = taken.map((message) => this.#handOut(message, nowMs));
    for (const message of dead) target?.takeDeadLetter(message, this.arn);
    this.#announce();
    return received;
  }

  /**
   * Deletes a received message. A FIFO queue's handle expires with the visibility timeout and then deletes nothing:
   * `InvalidParameterValue` (repost.aws/knowledge-center/sqs-receipt-handle-error). A standard queue takes it as long
   * as the message was not received again, and then ignores it. A message that is gone counts as deleted.
   */
  delete(receiptHandle: string): void {
    this.#backlog.settle(this.#context.now());
    const message = this.#find(receiptHandle);
    const isLatest = message?.receiptHandle === receiptHandle;
    if (message !== undefined && this.isFifo && !(isLatest && message.state === 'inFlight')) {
      this.#announce();
      throw invalidHandle(receiptHandle, 'The receipt handle has expired.');
    }
    if (message !== undefined && isLatest) {
      this.#received.delete(message.messageId);
      this.#backlog.remove(message);
    }
    this.#announce();
  }

  /**
   * Lets a message in flight become visible earlier or later (sqs-api/API_ChangeMessageVisibility).
   * @param seconds from now on, 0 to 43200; 0 makes it visible at once
   */
  changeVisibility(receiptHandle: string, seconds: number): void {
    checkRange('VisibilityTimeout', seconds, 0, MAX_VISIBILITY_SECONDS);
    const nowMs = this.#context.now();
    this.#backlog.settle(nowMs);
    const message = this.#find(receiptHandle);
    if (message?.receiptHandle === receiptHandle && message.state === 'inFlight') {
      this.#backlog.reschedule(message, nowMs + seconds * 1000);
      this.#backlog.settle(nowMs);
      this.#announce();
      return;
    }
    this.#announce();
    if (message?.receiptHandle === receiptHandle) {
      throw new MessagingError(
        'MessageNotInflight',
        `The message of receipt handle ${receiptHandle} is not in flight.`,
      );
    }
    throw invalidHandle(receiptHandle, 'Message does not exist or is not available for visibility timeout change.');
  }

  counts(): QueueCounts {
    const nowMs = this.#context.now();
    this.#backlog.settle(nowMs);
    if (nowMs >= this.#sweepAtMs) {
      const { retentionMs } = this.#settings;
      const oldestMs = this.#backlog.sweep(nowMs - retentionMs, (message) => this.#received.delete(message.messageId));
      this.#sweepAtMs = oldestMs + retentionMs;
    }
    this.#announce();
    return this.#backlog.counts;
  }

  /** Deletes all messages. Deduplication ids stay known. */
  purge(): void {
    this.#backlog.clear();
    this.#received.clear();
  }

  /** Calls back at once whenever messages become receivable by an operation or an expiry; returns how to stop that. */
  onAvailable(listener: () => void): () => void {
    this.#onAvailable.add(listener);
    return () => this.#onAvailable.delete(listener);
  }

  /** Calls back at once whenever `nextVisibleAt` may have become earlier, for the caller's timer; returns how to stop that. */
  onRescheduled(listener: () => void): () => void {
    this.#onRescheduled.add(listener);
    return () => this.#onRescheduled.delete(listener);
  }

  /** When the next message becomes visible by the passing of time alone, in milliseconds since the epoch. */
  nextVisibleAt(): number | undefined {
    return this.#backlog.nextDueAtMs();
  }

  /**
   * Takes a message that another queue's redrive policy moves here. Its deduplication id becomes its message id and, on
   * a FIFO queue, its age starts anew (sqs/sqs-configure-dead-letter-queue-redrive, sqs/setting-up-dead-letter-queue-retention).
   */
  takeDeadLetter(message: StoredMessage, deadLetterSourceArn: string): void {
    const { messageId, body, messageAttributes, groupId } = message;
    const input: SendInput = { body, messageAttributes, ...(groupId !== undefined && { groupId }) };
    const sequenceNumber = this.isFifo ? this.#nextSequenceNumber() : undefined;
    const deduplicationId = this.isFifo ? messageId : undefined;
    const sentAtMs = this.isFifo ? this.#context.now() : message.sentAtMs;
    this.#store(input, { messageId, sequenceNumber, deduplicationId, deadLetterSourceArn }, sentAtMs);
  }

  #configure(attributes: Attributes): QueueSettings {
    const complete = completeAttributes(this.name, attributes);
    const settings = readSettings(complete);
    const targetArn = settings.redrive?.deadLetterTargetArn;
    if (targetArn !== undefined && complete.RedrivePolicy !== this.#attributes.RedrivePolicy) {
      const target = this.#context.findQueue(targetArn);
      if (target === undefined || target.arn === this.arn || target.isFifo !== this.isFifo) {
        const allowed = `It must exist, be another queue and ${this.isFifo ? 'FIFO' : 'standard'} as ${this.name} is.`;
        throw invalidValue(`Value ${targetArn} for parameter RedrivePolicy is invalid. Reason: ${allowed}`);
      }
    }
    this.#attributes = complete;
    return settings;
  }

  #nextSequenceNumber(): string {
    this.#lastSequence += 1;
    return `1${String(this.#lastSequence).padStart(19, '0')}`;
  }

  #store(input: SendInput, identity: Identity, sentAtMs: number): void {
    const { groupId, delaySeconds = this.#settings.delaySeconds } = input;
    this.#backlog.settle(this.#context.now());
    const group = this.#backlog.group(this.isFifo && groupId !== undefined ? groupId : identity.messageId);
    this.#backlog.add(toStored(input, identity, group, sentAtMs), delaySeconds * 1000);
    this.#sweepAtMs = Math.min(this.#sweepAtMs, sentAtMs + this.#settings.retentionMs);
    this.#announce();
  }

  #deadLetterQueue(): Queue | undefined {
    const { redrive } = this.#settings;
    return redrive && this.#context.findQueue(redrive.deadLetterTargetArn);
  }

  /** No to what is too old, and to what was received as often as the redrive policy allows: that is collected in `dead`. */
  #admit(message: StoredMessage, nowMs: number, target: Queue | undefined, dead: StoredMessage[]): boolean {
    const maxReceiveCount = this.#settings.redrive?.maxReceiveCount ?? Number.POSITIVE_INFINITY;
    const isExpired = message.sentAtMs + this.#settings.retentionMs <= nowMs;
    const isDead = !isExpired && target !== undefined && message.receiveCount >= maxReceiveCount;
    if (isDead) dead.push(message);
    if (isDead || isExpired) this.#received.delete(message.messageId);
    return !isDead && !isExpired;
  }

  #handOut(message: StoredMessage, nowMs: number): ReceivedMessage {
    if (message.receiveCount === 0) {
      message.firstReceivedAtMs = nowMs;
      this.#received.set(message.messageId, message);
    }
    message.receiveCount += 1;
    message.receiptHandle = makeReceiptHandle(this.name, message.messageId, this.#context.newId());
    return toReceived(message);
  }

  /** The message of a receipt handle, if it still exists; throws if this queue never gave out such a handle. */
  #find(receiptHandle: string): StoredMessage | undefined {
    return this.#received.get(messageIdOf(receiptHandle, this.name));
  }

  #announce(): void {
    if (this.#backlog.takeBecameReady()) for (const listener of [...this.#onAvailable]) listener();
    if (this.#backlog.takeBecameEarlier()) for (const listener of [...this.#onRescheduled]) listener();
  }
}

function checkRange(parameter: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw invalidValue(
    `Value ${value} for parameter ${parameter} is invalid. Reason: Must be an integer between ${min} and ${max}, if provided.`,
  );
}
