import { type BacklogJournal, createBacklog } from './backlog.ts';
import { invalidValue, MessagingError } from './errors.ts';
import { createIntake } from './intake.ts';
import { MAX_RECEIVED, MAX_VISIBILITY_SECONDS, PURGE_PAUSE_MS } from './limits.ts';
import type { SendInput, SendResult } from './message.ts';
import type { Queue, QueueCounts } from './queue.ts';
import type { Attributes } from './queue-attributes.ts';
import { createQueueConfiguration } from './queue-configuration.ts';
import { createReceiving } from './receiving.ts';
import { checkAttemptId } from './send-rules.ts';
import { createSignals } from './signals.ts';
import { type Identity, type KeptMessage, toReceived, toStored } from './stored-message.ts';

/** What a queue needs from its surroundings. */
export interface QueueContext {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /**
   * Makes message ids and the unique part of receipt handles. It never returns the same id twice, nor an id with a
   * colon.
   */
  readonly newId: () => string;
  readonly arn: string;
  /** Finds the queue to which a redrive policy moves messages. */
  readonly findQueue: (arn: string) => Queue | undefined;
  /** The messages that the queue held before, and who is told its messages. @default - the queue begins empty */
  readonly kept?: KeptQueue | undefined;
}

/** The messages of a queue that outlive this process. */
export interface KeptQueue {
  /** Oldest first, without the fields that only a running queue has. */
  readonly messages: readonly KeptMessage[];
  readonly journal: BacklogJournal;
}

/** @param given attributes in AWS's string form, such as `{ FifoQueue: 'true', VisibilityTimeout: '30' }` */
export function createQueue(
  name: string,
  given: Attributes,
  { now, newId, arn, findQueue, kept }: QueueContext,
): Queue {
  const identity = { name, arn, isFifo: name.endsWith('.fifo') };
  const { isFifo } = identity;
  const configuration = createQueueConfiguration(identity, given, now, findQueue);
  const { settings } = configuration;
  const backlog = createBacklog(kept?.journal);
  // Parked events are found by their sequence numbers, so the numbers of an earlier process may not return.
  const firstNumber = kept === undefined ? 0 : now() * 1_000;
  const intake = createIntake({ isFifo, now, newId, settings, store, firstNumber });
  const receiving = createReceiving({ ...identity, newId, backlog, settings, findQueue });
  const { onAvailable, onRescheduled, announce: announceChanges } = createSignals();
  const totals = { sent: 0, received: 0, deleted: 0 };
  let sweepAtMs = Number.POSITIVE_INFINITY;
  let purgedAtMs = Number.NEGATIVE_INFINITY;

  function announce(): void {
    const isAvailable = backlog.takeBecameReady();
    announceChanges(isAvailable, backlog.takeBecameEarlier());
  }

  function store(input: SendInput, ids: Identity, sentAtMs: number): void {
    const rules = settings();
    const { groupId, delaySeconds = rules.delaySeconds } = input;
    const nowMs = now();
    backlog.settle(nowMs);
    const group = backlog.group(isFifo && groupId !== undefined ? groupId : ids.messageId);
    backlog.add(toStored(input, ids, group, sentAtMs, nowMs), delaySeconds * 1000);
    sweepAtMs = Math.min(sweepAtMs, sentAtMs + rules.retentionMs);
    announce();
  }

  for (const { delayMs, sentAtMs, arrivedAtMs, body, messageAttributes, groupId, ...ids } of kept?.messages ?? []) {
    const group = backlog.group(isFifo && groupId !== undefined ? groupId : ids.messageId);
    const input = { body, messageAttributes, ...(groupId !== undefined && { groupId }) };
    backlog.restore(toStored(input, ids, group, sentAtMs, arrivedAtMs), delayMs);
    sweepAtMs = Math.min(sweepAtMs, sentAtMs + settings().retentionMs);
  }

  function countSent<R extends SendResult>(result: R): R {
    if (!result.isDuplicate) totals.sent += 1;
    return result;
  }

  function counts(): QueueCounts {
    const nowMs = now();
    backlog.settle(nowMs);
    if (nowMs >= sweepAtMs) {
      const { retentionMs } = settings();
      sweepAtMs = backlog.sweep(nowMs - retentionMs, receiving.forget) + retentionMs;
    }
    announce();
    return backlog.counts();
  }

  return {
    ...identity,
    settings,
    totals,
    groupsInFlight: backlog.groupsInFlight,
    oldestArrivedAtMs: backlog.oldestArrivedAtMs,
    attributes() {
      const { visible, inFlight, delayed } = counts();
      return {
        ...configuration.attributes(),
        ApproximateNumberOfMessages: String(visible),
        ApproximateNumberOfMessagesNotVisible: String(inFlight),
        ApproximateNumberOfMessagesDelayed: String(delayed),
      };
    },
    setAttributes(attributes) {
      configuration.change(attributes);
      sweepAtMs = now();
    },
    send: (input) => countSent(intake.send(input)),
    sendBatch(entries) {
      const result = intake.sendBatch(entries);
      for (const sent of result.successful) countSent(sent);
      return result;
    },
    receive(maxMessages = 1, visibilityTimeoutSeconds = settings().visibilityTimeoutSeconds, attemptId) {
      checkRange('MaxNumberOfMessages', maxMessages, 1, MAX_RECEIVED);
      checkRange('VisibilityTimeout', visibilityTimeoutSeconds, 0, MAX_VISIBILITY_SECONDS);
      checkAttemptId(attemptId, isFifo);
      const nowMs = now();
      backlog.settle(nowMs);
      const received = receiving.receive(maxMessages, nowMs, nowMs + visibilityTimeoutSeconds * 1000, attemptId);
      const answer = received.map(toReceived);
      totals.received += answer.length;
      announce();
      return answer;
    },
    delete(receiptHandle) {
      backlog.settle(now());
      try {
        if (receiving.delete(receiptHandle)) totals.deleted += 1;
      } finally {
        announce();
      }
    },
    changeVisibility(receiptHandle, seconds) {
      checkRange('VisibilityTimeout', seconds, 0, MAX_VISIBILITY_SECONDS);
      const nowMs = now();
      backlog.settle(nowMs);
      try {
        receiving.changeVisibility(receiptHandle, seconds, nowMs);
      } finally {
        announce();
      }
    },
    counts,
    purge() {
      const nowMs = now();
      if (nowMs < purgedAtMs + PURGE_PAUSE_MS) throw purgedRecently(name);
      purgedAtMs = nowMs;
      backlog.clear();
      receiving.clear();
    },
    onAvailable,
    onRescheduled,
    nextVisibleAt: backlog.nextDueAtMs,
    visibleMessages() {
      counts();
      return backlog.visible();
    },
    takeDeadLetter: intake.takeDeadLetter,
    takeRedriven: intake.takeRedriven,
    redrive(message, destination) {
      destination.takeRedriven(message);
      receiving.forget(message);
      backlog.remove(message);
    },
  };
}

function checkRange(parameter: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw invalidValue(
    `Value ${value} for parameter ${parameter} is invalid. Reason: Must be an integer between ${min} and ${max}, if provided.`,
  );
}

function purgedRecently(name: string): MessagingError {
  const limit = `Only one PurgeQueue operation on ${name} is allowed every ${PURGE_PAUSE_MS / 1000} seconds.`;
  return new MessagingError('PurgeQueueInProgress', limit);
}
