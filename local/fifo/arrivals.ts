import { Deque } from './deque.ts';
import type { StoredMessage } from './stored-message.ts';

/** Messages that are gone are kept until they outnumber the others by so many. */
const ROOM = 64;

/** The messages of a queue in the order in which they came: which is here longest is known without a search. */
export class Arrivals {
  #messages = new Deque<StoredMessage>();

  /** @param live how many messages the queue has, this one included */
  add(message: StoredMessage, live: number): void {
    if (this.#messages.length > 2 * live + ROOM) this.#sweep();
    this.#messages.push(message);
  }

  oldestAtMs(): number | undefined {
    for (let head = this.#messages.peek(); head !== undefined; head = this.#messages.peek()) {
      if (head.state !== 'gone') return head.arrivedAtMs;
      this.#messages.popFront();
    }
    return undefined;
  }

  /** Lets go of what left behind a message that stays. */
  #sweep(): void {
    const messages = new Deque<StoredMessage>();
    for (const message of this.#messages.toArray()) if (message.state !== 'gone') messages.push(message);
    this.#messages = messages;
  }
}
