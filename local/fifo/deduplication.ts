import { createDeque, firstOf, popFront, push } from './deque.ts';
import { DEDUPLICATION_WINDOW_MS } from './limits.ts';

/**
 * The answers to the deduplication ids of the last five minutes. A repetition doesn't extend the window, and deleting
 * the message doesn't end it (sqs/FIFO-key-terms).
 */
export interface DeduplicationWindow<T> {
  find(key: string, nowMs: number): T | undefined;
  remember(key: string, answer: T, nowMs: number): void;
}

export function createDeduplicationWindow<T>(): DeduplicationWindow<T> {
  const answers = new Map<string, T>();
  const order = createDeque<{ readonly key: string; readonly untilMs: number }>();
  return {
    find(key, nowMs) {
      for (let first = firstOf(order); first !== undefined && first.untilMs <= nowMs; first = firstOf(order)) {
        popFront(order);
        answers.delete(first.key);
      }
      return answers.get(key);
    },
    remember(key, answer, nowMs) {
      answers.set(key, answer);
      push(order, { key, untilMs: nowMs + DEDUPLICATION_WINDOW_MS });
    },
  };
}

/** The key of a deduplication id in the window. Ids contain no spaces, so different pairs have different keys. */
export function deduplicationKey(perGroup: boolean, groupId: string, deduplicationId: string): string {
  return perGroup ? `${groupId} ${deduplicationId}` : deduplicationId;
}
