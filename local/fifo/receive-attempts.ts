import { RECEIVE_ATTEMPT_WINDOW_MS } from './limits.ts';
import type { StoredMessage } from './stored-message.ts';

interface Attempt {
  readonly messages: readonly StoredMessage[];
  readonly untilMs: number;
}

/**
 * The answers to FIFO receives with a `ReceiveRequestAttemptId`. A repetition within five minutes gets the same
 * messages, unless one of them was deleted, had its visibility changed or became visible (sqs-api/API_ReceiveMessage).
 */
export interface ReceiveAttempts {
  find(attemptId: string, nowMs: number): readonly StoredMessage[] | undefined;
  /** Starts the window of an attempt. Repetitions of the attempt don't extend it. */
  remember(attemptId: string, messages: readonly StoredMessage[], nowMs: number): void;
  /**
   * Forgets the attempt that received a message. Call it when the message was deleted, received again or had its
   * visibility changed.
   */
  forget(message: StoredMessage): void;
  clear(): void;
}

export function createReceiveAttempts(): ReceiveAttempts {
  const attempts = new Map<string, Attempt>();
  let idOf = new WeakMap<StoredMessage, string>();
  return {
    find(attemptId, nowMs) {
      for (const [id, { untilMs }] of attempts) {
        if (untilMs > nowMs) break;
        attempts.delete(id);
      }
      const messages = attempts.get(attemptId)?.messages;
      return messages?.every((message) => message.state === 'inFlight') ? messages : undefined;
    },
    remember(attemptId, messages, nowMs) {
      attempts.delete(attemptId);
      attempts.set(attemptId, { messages, untilMs: nowMs + RECEIVE_ATTEMPT_WINDOW_MS });
      for (const message of messages) idOf.set(message, attemptId);
    },
    forget(message) {
      // Most queues never see an attempt id, and a look-up in a WeakMap is slow.
      if (attempts.size === 0) return;
      const attemptId = idOf.get(message);
      if (attemptId !== undefined && attempts.get(attemptId)?.messages.includes(message)) attempts.delete(attemptId);
    },
    clear() {
      attempts.clear();
      idOf = new WeakMap();
    },
  };
}
