import { Arrivals } from './arrivals.ts';
import { Deque } from './deque.ts';
import type { Group, StoredMessage } from './stored-message.ts';
import { Timers } from './timers.ts';

/**
 * The messages of one queue by group. A group is locked while any of its messages is in flight, and the others wait in
 * a rotation, so that none starves (sqs/FIFO-queues-understanding-logic). Every operation is O(1) but for a heap of due
 * times and, in `sweep`, the number of groups.
 */
export class Backlog {
  #groups = new Map<string, Group>();
  #ready = new Deque<Group>();
  #timers = this.#newTimers();
  #arrivals = new Arrivals();
  #size = 0;
  #inFlight = 0;
  #delayed = 0;
  #groupsInFlight = 0;
  #becameReady = false;
  #becameEarlier = false;

  get counts(): { visible: number; inFlight: number; delayed: number } {
    return { visible: this.#size - this.#inFlight - this.#delayed, inFlight: this.#inFlight, delayed: this.#delayed };
  }

  /** Groups with a message in flight. */
  get groupsInFlight(): number {
    return this.#groupsInFlight;
  }

  /** When the message came that is here longest. */
  oldestArrivedAtMs(): number | undefined {
    return this.#arrivals.oldestAtMs();
  }

  /** Whether a group became ready since this was asked last. */
  takeBecameReady(): boolean {
    const became = this.#becameReady;
    this.#becameReady = false;
    return became;
  }

  /** Whether `nextDueAtMs` may have become earlier since this was asked last. */
  takeBecameEarlier(): boolean {
    const became = this.#becameEarlier;
    this.#becameEarlier = false;
    return became;
  }

  /** When the next delayed or in-flight message becomes visible. */
  nextDueAtMs(): number | undefined {
    return this.#timers.nextAtMs();
  }

  group(key: string): Group {
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { key, waiting: new Deque(), received: [], inFlight: 0, delayed: 0, lastDueAtMs: 0, isReady: false };
      this.#groups.set(key, group);
    }
    return group;
  }

  add(message: StoredMessage, delayMs: number): void {
    const { group } = message;
    this.#size += 1;
    this.#arrivals.add(message, this.#size);
    if (delayMs === 0 && group.delayed === 0) {
      group.waiting.push(message);
      this.#wake(group);
      return;
    }
    group.lastDueAtMs = Math.max(group.lastDueAtMs, message.sentAtMs + delayMs);
    message.state = 'delayed';
    message.dueAtMs = group.lastDueAtMs;
    group.delayed += 1;
    this.#delayed += 1;
    this.#time(message);
  }

  /** Lets what is due by now become visible. */
  settle(nowMs: number): void {
    for (let message = this.#timers.takeDue(nowMs); message !== undefined; message = this.#timers.takeDue(nowMs)) {
      if (message.state === 'delayed') {
        message.state = 'waiting';
        message.group.delayed -= 1;
        this.#delayed -= 1;
        message.group.waiting.push(message);
        this.#wake(message.group);
      } else this.#giveBack(message);
    }
  }

  /**
   * Takes up to `max` messages: as many as possible of the group whose turn it is, then of the next ones.
   * @param admit says no to a message that leaves the queue instead of being received
   */
  take(max: number, dueAtMs: number, admit: (message: StoredMessage) => boolean): StoredMessage[] {
    const taken: StoredMessage[] = [];
    while (taken.length < max) {
      const group = this.#ready.popFront();
      if (group === undefined) break;
      group.isReady = false;
      while (taken.length < max) {
        const message = group.waiting.popFront();
        if (message === undefined) break;
        if (admit(message)) {
          taken.push(message);
          this.#send(message, dueAtMs);
        } else this.#forget(message);
      }
      this.#wake(group);
    }
    return taken;
  }

  /** The messages that a receive could get, group by group, and those behind them. */
  visible(): StoredMessage[] {
    return [...this.#groups.values()].flatMap((group) => (group.inFlight > 0 ? [] : group.waiting.toArray()));
  }

  /** Changes when a message in flight becomes visible again. */
  reschedule(message: StoredMessage, dueAtMs: number): void {
    message.dueAtMs = dueAtMs;
    this.#time(message);
  }

  /** Deletes a message in flight, or the first that waits in its group. */
  remove(message: StoredMessage): void {
    if (message.state === 'inFlight') this.#leaveFlight(message.group);
    else message.group.waiting.popFront();
    this.#forget(message);
    this.#wake(message.group);
  }

  /** Drops what waits at the head of any group and was sent before; returns when the oldest that is left was sent. */
  sweep(sentBeforeMs: number, onDrop: (message: StoredMessage) => void): number {
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const { waiting } of this.#groups.values()) {
      let head = waiting.peek();
      for (; head !== undefined && head.sentAtMs <= sentBeforeMs; head = waiting.peek()) {
        waiting.popFront();
        this.#forget(head);
        onDrop(head);
      }
      if (head !== undefined) oldestMs = Math.min(oldestMs, head.sentAtMs);
    }
    return oldestMs;
  }

  clear(): void {
    this.#groups = new Map();
    this.#ready = new Deque();
    this.#timers = this.#newTimers();
    this.#arrivals = new Arrivals();
    this.#size = 0;
    this.#inFlight = 0;
    this.#delayed = 0;
    this.#groupsInFlight = 0;
  }

  #newTimers(): Timers<StoredMessage> {
    return new Timers((message, atMs) => {
      return (message.state === 'inFlight' || message.state === 'delayed') && message.dueAtMs === atMs;
    });
  }

  #time(message: StoredMessage): void {
    const isFirst = this.#timers.add(message.dueAtMs, message, this.#inFlight + this.#delayed);
    this.#becameEarlier ||= isFirst;
  }

  #send(message: StoredMessage, dueAtMs: number): void {
    message.state = 'inFlight';
    message.dueAtMs = dueAtMs;
    message.group.received.push(message);
    if (message.group.inFlight === 0) this.#groupsInFlight += 1;
    message.group.inFlight += 1;
    this.#inFlight += 1;
    this.#time(message);
  }

  #giveBack(message: StoredMessage): void {
    message.state = 'returned';
    this.#leaveFlight(message.group);
    this.#wake(message.group);
  }

  #leaveFlight(group: Group): void {
    group.inFlight -= 1;
    this.#inFlight -= 1;
    if (group.inFlight === 0) this.#groupsInFlight -= 1;
  }

  #forget(message: StoredMessage): void {
    message.state = 'gone';
    this.#size -= 1;
  }

  /** Unlocks a group with nothing in flight: what came back goes to its front, and the group to the end of the rotation. */
  #wake(group: Group): void {
    if (group.inFlight > 0) return;
    for (let message = group.received.pop(); message !== undefined; message = group.received.pop()) {
      if (message.state !== 'returned') continue;
      message.state = 'waiting';
      group.waiting.pushFront(message);
    }
    if (group.waiting.length > 0) {
      this.#becameReady ||= !group.isReady || group.waiting.length === 1;
      if (!group.isReady) this.#ready.push(group);
      group.isReady = true;
    } else if (!group.isReady && group.delayed === 0 && this.#groups.get(group.key) === group)
      this.#groups.delete(group.key);
  }
}
