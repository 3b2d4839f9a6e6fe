/** Free slots kept before the first item, so that what was taken off the front can be put back without moving the rest. */
const FRONT_ROOM = 16;

/** A double-ended queue on an array with a moving head: every operation is O(1) amortised. */
export class Deque<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** The first item, which stays. */
  peek(): T | undefined {
    return this.#items[this.#head];
  }

  /** All items, first to last. */
  toArray(): T[] {
    return this.#items.slice(this.#head) as T[];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  pushFront(item: T): void {
    if (this.#head === 0) {
      this.#items.unshift(...new Array<undefined>(FRONT_ROOM));
      this.#head = FRONT_ROOM;
    }
    this.#head -= 1;
    this.#items[this.#head] = item;
  }

  popFront(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head > 4 * FRONT_ROOM && this.#head * 2 > this.#items.length) this.#compact();
    return item;
  }

  #compact(): void {
    this.#items.splice(0, this.#head - FRONT_ROOM);
    this.#head = FRONT_ROOM;
  }
}
