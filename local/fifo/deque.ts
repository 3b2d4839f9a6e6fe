/**
 * A double-ended queue: an array and the index of its first item. Every operation takes constant time on average. A
 * deque is plain data without methods to keep it small, because a standard queue has one deque for each message.
 */
export interface Deque<T> {
  readonly items: (T | undefined)[];
  /** The index of the first item. */
  head: number;
}

/** Free slots that are kept before the first item, so that items can be put back in front without moving the rest. */
const FRONT_ROOM = 16;

export function createDeque<T>(): Deque<T> {
  return { items: [], head: 0 };
}

export function lengthOf({ items, head }: Deque<unknown>): number {
  return items.length - head;
}

/** The first item, which stays in the deque. */
export function firstOf<T>({ items, head }: Deque<T>): T | undefined {
  return items[head];
}

/** All items, first to last. */
export function itemsOf<T>({ items, head }: Deque<T>): T[] {
  return items.slice(head) as T[];
}

export function push<T>(deque: Deque<T>, item: T): void {
  deque.items.push(item);
}

export function pushFront<T>(deque: Deque<T>, item: T): void {
  if (deque.head === 0) {
    deque.items.unshift(...new Array<undefined>(FRONT_ROOM));
    deque.head = FRONT_ROOM;
  }
  deque.head -= 1;
  deque.items[deque.head] = item;
}

export function popFront<T>(deque: Deque<T>): T | undefined {
  const { items, head } = deque;
  if (items.length === head) return undefined;
  const item = items[head];
  items[head] = undefined;
  deque.head += 1;
  if (deque.head > 4 * FRONT_ROOM && deque.head * 2 > items.length) {
    items.splice(0, deque.head - FRONT_ROOM);
    deque.head = FRONT_ROOM;
  }
  return item;
}
