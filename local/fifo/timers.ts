/** Something that is due at a time; `order` breaks ties, so that what was added first comes first. */
interface Timer<T> {
  readonly atMs: number;
  readonly order: number;
  readonly item: T;
}

/**
 * A binary heap of due times. A timer is never searched for: one that no longer counts (`isCurrent` says no) is
 * skipped when its turn comes, and all of those are swept out once they outnumber the others.
 */
export class Timers<T> {
  readonly #isCurrent: (item: T, atMs: number) => boolean;
  #heap: Timer<T>[] = [];
  #added = 0;

  constructor(isCurrent: (item: T, atMs: number) => boolean) {
    this.#isCurrent = isCurrent;
  }

  /**
   * @param live how many items may have a current timer, this one included
   * @returns whether it comes before all others
   */
  add(atMs: number, item: T, live: number): boolean {
    if (this.#heap.length > 2 * live + 64) this.#sweep();
    this.#added += 1;
    this.#heap.push({ atMs, order: this.#added, item });
    this.#up(this.#heap.length - 1);
    return this.#heap[0]?.order === this.#added;
  }

  /** The time of the next current timer. */
  nextAtMs(): number | undefined {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (this.#isCurrent(top.item, top.atMs)) return top.atMs;
      this.#pop();
    }
    return undefined;
  }

  /** Takes the next item that is due at `nowMs` or before. */
  takeDue(nowMs: number): T | undefined {
    for (let top = this.#heap[0]; top !== undefined && top.atMs <= nowMs; top = this.#heap[0]) {
      this.#pop();
      if (this.#isCurrent(top.item, top.atMs)) return top.item;
    }
    return undefined;
  }

  #sweep(): void {
    const current = this.#heap.filter((timer) => this.#isCurrent(timer.item, timer.atMs));
    this.#heap = current.sort((a, b) => (isBefore(a, b) ? -1 : 1));
  }

  #up(index: number): void {
    const heap = this.#heap;
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

  #pop(): void {
    const heap = this.#heap;
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
}

function isBefore<T>(a: Timer<T>, b: Timer<T>): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
