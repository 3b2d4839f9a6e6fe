import type { Backlog } from './backlog.ts';
import { MAX_IN_FLIGHT } from './limits.ts';
import type { Queue } from './queue.ts';
import type { QueueSettings } from './queue-attributes.ts';
import { createReceipts } from './receipts.ts';
import { createReceiveAttempts } from './receive-attempts.ts';
import type { StoredMessage } from './stored-message.ts';

/** What the receivers' side of a queue needs from its queue. */
export interface ReceivingOptions {
  readonly name: string;
  readonly arn: string;
  readonly isFifo: boolean;
  readonly newId: () => string;
  readonly backlog: Backlog;
  readonly settings: () => QueueSettings;
  readonly findQueue: (arn: string) => Queue | undefined;
}

/** The receivers' side of a queue. Its methods need checked arguments and a settled backlog. */
export interface Receiving {
  receive(max: number, nowMs: number, dueAtMs: number, attemptId?: string): readonly StoredMessage[];
  /** Deletes a message. Returns false if the message was gone already. */
  delete(receiptHandle: string): boolean;
  /** @param seconds counted from `nowMs` */
  changeVisibility(receiptHandle: string, seconds: number, nowMs: number): void;
  /** Invalidates the receipt handle and the receive attempt of a message that leaves the queue. */
  forget(message: StoredMessage): void;
  clear(): void;
}

export function createReceiving(options: ReceivingOptions): Receiving {
  const { name, arn, isFifo, newId, backlog, settings, findQueue } = options;
  const receipts = createReceipts(name, isFifo, newId);
  const attempts = createReceiveAttempts();

  function forget(message: StoredMessage): void {
    attempts.forget(message);
    receipts.forget(message);
  }

  /**
   * Receives messages. A message that was received too often goes to the dead-letter queue instead; a message that is
   * too old is dropped.
   */
  function take(maxMessages: number, nowMs: number, dueAtMs: number): StoredMessage[] {
    const { redrive, retentionMs } = settings();
    const target = redrive && findQueue(redrive.deadLetterTargetArn);
    const dead: StoredMessage[] = [];
    const max = Math.min(maxMessages, MAX_IN_FLIGHT - backlog.counts().inFlight);
    const taken = backlog.take(max, dueAtMs, (message) => {
      const isExpired = message.sentAtMs + retentionMs <= nowMs;
      const isDead = !isExpired && target !== undefined && message.receiveCount >= (redrive?.maxReceiveCount ?? 0);
      if (isDead) dead.push(message);
      if (isDead || isExpired) forget(message);
      return !isDead && !isExpired;
    });
    for (const message of taken) {
      attempts.forget(message);
      receipts.handOut(message, nowMs);
    }
    if (target !== undefined) for (const message of dead) target.takeDeadLetter(message, arn);
    return taken;
  }

  return {
    receive(max, nowMs, dueAtMs, attemptId) {
      const repeated = attemptId === undefined ? undefined : attempts.find(attemptId, nowMs);
      if (repeated !== undefined) {
        for (const message of repeated) backlog.reschedule(message, dueAtMs);
        return repeated;
      }
      const taken = take(max, nowMs, dueAtMs);
      if (attemptId !== undefined && taken.length > 0) attempts.remember(attemptId, taken, nowMs);
      return taken;
    },
    delete(receiptHandle) {
      const message = receipts.toDelete(receiptHandle);
      if (message === undefined) return false;
      forget(message);
      backlog.remove(message);
      return true;
    },
    changeVisibility(receiptHandle, seconds, nowMs) {
      const message = receipts.toChange(receiptHandle, seconds, nowMs);
      attempts.forget(message);
      backlog.reschedule(message, nowMs + seconds * 1000);
      backlog.settle(nowMs);
    },
    forget,
    clear() {
      receipts.clear();
      attempts.clear();
    },
  };
}
