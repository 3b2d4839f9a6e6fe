/**
 * An item with its due time. Of two items that are due at the same time, the one with the lower `order` comes first.
 */
interface Timer<T> {
  readonly atMs: number;
  readonly order: number;
  readonly item: T;
}

/** Items ordered by their due times; items that are due at the same time keep the order in which they were added. */
export interface Timers<T> {
  /**
   * @param live upper bound of the number of items with a current timer, including this one
   * @returns whether the new timer comes before all others
   */
  add(atMs: number, item: T, live: number): boolean;
  /** The time of the next current timer. */
  nextAtMs(): number | undefined;
  /** Takes the next item that is due at `nowMs` or earlier. */
  takeDue(nowMs: number): T | undefined;
}

/**
 * A binary heap of due times. To move or cancel a timer, the caller makes `isCurrent` return false for it. The heap
 * skips such timers, and sweeps them out once they outnumber the current ones.
 */
export function createTimers<T>(isCurrent: (item: T, atMs: number) => boolean): Timers<T> {
  let heap: Timer<T>[] = [];
  let added = 0;

  function sweep(): void {
    heap = heap.filter((timer) => isCurrent(timer.item, timer.atMs)).sort((a, b) => (isBefore(a, b) ? -1 : 1));
  }

  return {
    add(atMs, item, live) {
      if (heap.length > 2 * live + 64) sweep();
      added += 1;
      heap.push({ atMs, order: added, item });
      moveUp(heap, heap.length - 1);
      return heap[0]?.order === added;
    },
    nextAtMs() {
      for (let top = heap[0]; top !== undefined; top = heap[0]) {
        if (isCurrent(top.item, top.atMs)) return top.atMs;
        removeTop(heap);
      }
      return undefined;
    },
    takeDue(nowMs) {
      for (let top = heap[0]; top !== undefined && top.atMs <= nowMs; top = heap[0]) {
        removeTop(heap);
        if (isCurrent(top.item, top.atMs)) return top.item;
      }
      return undefined;
    },
  };
}

function moveUp<T>(heap: Timer<T>[], index: number): void {
  const timer = heap[index] as Timer<T>;
  for (let at = index; ; ) {
    const parentAt = (at - 1) >> 1;
    const parent = heap[parentAt];
    if (at === 0 || parent === undefined || !isBefore(timer, parent)) {
      heap[at] = timer;
      return;
    }
    heap[at] = parent;
    at = parentAt;
  }
}

function removeTop<T>(heap: Timer<T>[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  for (let at = 0; ; ) {
    const left = heap[2 * at + 1];
    const right = heap[2 * at + 2];
    const child = right !== undefined && left !== undefined && isBefore(right, left) ? right : left;
    if (child === undefined || !isBefore(child, last)) {
      heap[at] = last;
      return;
    }
    heap[at] = child;
    at = child === left ? 2 * at + 1 : 2 * at + 2;
  }
}

function isBefore<T>(a: Timer<T>, b: Timer<T>): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
