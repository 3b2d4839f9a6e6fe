import { createDeque, firstOf, itemsOf, lengthOf, popFront, push } from './deque.ts';
import type { StoredMessage } from './stored-message.ts';

/** A sweep runs once the messages that have left the queue outnumber the remaining ones by more than this. */
const ROOM = 64;

/** The messages of a queue in order of arrival. It finds the oldest one without a search. */
export interface Arrivals {
  /** @param live the number of messages in the queue, including this one */
  add(message: StoredMessage, live: number): void;
  oldestAtMs(): number | undefined;
}

export function createArrivals(): Arrivals {
  let messages = createDeque<StoredMessage>();

  /** Drops the messages that left the queue while an older one stayed. */
  function sweep(): void {
    const kept = createDeque<StoredMessage>();
    for (const message of itemsOf(messages)) if (message.state !== 'gone') push(kept, message);
    messages = kept;
  }

  return {
    add(message, live) {
      if (lengthOf(messages) > 2 * live + ROOM) sweep();
      push(messages, message);
    },
    oldestAtMs() {
      for (let head = firstOf(messages); head !== undefined; head = firstOf(messages)) {
        if (head.state !== 'gone') return head.arrivedAtMs;
        popFront(messages);
      }
      return undefined;
    },
  };
}
