import { RECEIVE_ATTEMPT_WINDOW_MS } from './limits.ts';
import type { StoredMessage } from './stored-message.ts';

interface Attempt {
  readonly messages: readonly StoredMessage[];
  readonly untilMs: number;
}

/**
 * What FIFO receives with a `ReceiveRequestAttemptId` were answered with. A repetition within five minutes gets the
 * same messages, unless one of them was deleted, had its visibility changed or became visible (sqs-api/API_ReceiveMessage).
 */
export class ReceiveAttempts {
  readonly #attempts = new Map<string, Attempt>();
  #idOf = new WeakMap<StoredMessage, string>();

  find(attemptId: string, nowMs: number): readonly StoredMessage[] | undefined {
    for (const [id, { untilMs }] of this.#attempts) {
      if (untilMs > nowMs) break;
      this.#attempts.delete(id);
    }
    const messages = this.#attempts.get(attemptId)?.messages;
    return messages?.every((message) => message.state === 'inFlight') ? messages : undefined;
  }

  /** The window starts with this receive; its repetitions do not prolong it. */
  remember(attemptId: string, messages: readonly StoredMessage[], nowMs: number): void {
    this.#attempts.delete(attemptId);
    this.#attempts.set(attemptId, { messages, untilMs: nowMs + RECEIVE_ATTEMPT_WINDOW_MS });
    for (const message of messages) this.#idOf.set(message, attemptId);
  }

  /** Forgets the attempt that a message was given to: the message is deleted, received anew or its visibility changed. */
  forget(message: StoredMessage): void {
    const attemptId = this.#idOf.get(message);
    if (attemptId === undefined) return;
    this.#idOf.delete(message);
    this.#attempts.delete(attemptId);
  }

  clear(): void {
    this.#attempts.clear();
    this.#idOf = new WeakMap();
  }
}
