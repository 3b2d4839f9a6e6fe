import { Deque } from './deque.ts';
import { DEDUPLICATION_WINDOW_MS } from './limits.ts';

/**
 * Remembers for five minutes what the first use of a deduplication id was answered with; a repetition does not
 * prolong the window, and it goes on after the message was deleted (sqs/FIFO-key-terms).
 */
export class DeduplicationWindow<T> {
  readonly #answers = new Map<string, T>();
  readonly #order = new Deque<{ key: string; untilMs: number }>();

  find(key: string, nowMs: number): T | undefined {
    for (let first = this.#order.peek(); first !== undefined && first.untilMs <= nowMs; first = this.#order.peek()) {
      this.#order.popFront();
      this.#answers.delete(first.key);
    }
    return this.#answers.get(key);
  }

  remember(key: string, answer: T, nowMs: number): void {
    this.#answers.set(key, answer);
    this.#order.push({ key, untilMs: nowMs + DEDUPLICATION_WINDOW_MS });
  }
}

/** The key under which a deduplication id is remembered; ids have no spaces, so the parts cannot run together. */
export function deduplicationKey(perGroup: boolean, groupId: string, deduplicationId: string): string {
  return perGroup ? `${groupId} ${deduplicationId}` : deduplicationId;
}
