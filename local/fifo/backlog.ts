import { type Arrivals, createArrivals } from './arrivals.ts';
import { createDeque, type Deque, firstOf, itemsOf, lengthOf, popFront, push, pushFront } from './deque.ts';
import type { Group, StoredMessage } from './stored-message.ts';
import { createTimers, type Timers } from './timers.ts';

/**
 * The messages of one queue by group. A group is locked while one of its messages is in flight. The unlocked groups
 * take turns, so that none starves (sqs/FIFO-queues-understanding-logic). Operations take constant time, with two
 * exceptions: operations on the heap of due times, and `sweep`, whose time grows with the number of groups.
 */
export interface Backlog {
  counts(): { readonly visible: number; readonly inFlight: number; readonly delayed: number };
  /** The number of groups with a message in flight. */
  groupsInFlight(): number;
  /** The arrival of the oldest message. */
  oldestArrivedAtMs(): number | undefined;
  /** When the next delayed or in-flight message becomes visible. */
  nextDueAtMs(): number | undefined;
  /** Whether a group became ready since the last call. */
  takeBecameReady(): boolean;
  /** Whether `nextDueAtMs` may have become earlier since the last call. */
  takeBecameEarlier(): boolean;
  group(key: string): Group;
  add(message: StoredMessage, delayMs: number): void;
  /** Adds a message that the journal has already. */
  restore(message: StoredMessage, delayMs: number): void;
  /** Makes every due message visible. */
  settle(nowMs: number): void;
  /**
   * Takes up to `max` messages: as many as possible from the group whose turn it is, then from the next groups.
   * @param admit returns false for a message that leaves the queue instead of being received
   */
  take(max: number, dueAtMs: number, admit: (message: StoredMessage) => boolean): StoredMessage[];
  /** The messages that can be received now and the messages behind them in the same groups, group by group. */
  visible(): StoredMessage[];
  /** Changes when a message in flight becomes visible again. */
  reschedule(message: StoredMessage, dueAtMs: number): void;
  /** Deletes a message that is in flight or first in its group. */
  remove(message: StoredMessage): void;
  /**
   * Drops, from the front of each group, the messages that were sent at or before `sentBeforeMs`.
   * @returns when the oldest remaining message was sent
   */
  sweep(sentBeforeMs: number, onDrop: (message: StoredMessage) => void): number;
  clear(): void;
}

interface State {
  groups: Map<string, Group>;
  /** Groups that can be received from, in the order of their turns. */
  ready: Deque<Group>;
  timers: Timers<StoredMessage>;
  arrivals: Arrivals;
  size: number;
  inFlight: number;
  delayed: number;
  groupsInFlight: number;
  becameReady: boolean;
  becameEarlier: boolean;
  readonly journal: BacklogJournal;
}

/** Is told which messages a queue holds. */
export interface BacklogJournal {
  added(message: StoredMessage, delayMs: number): void;
  gone(messageId: string): void;
  cleared(): void;
}

const NO_JOURNAL: BacklogJournal = { added() {}, gone() {}, cleared() {} };

/** @param journal is told each message that comes to the queue or leaves it. @default - nothing is told */
export function createBacklog(journal: BacklogJournal = NO_JOURNAL): Backlog {
  const state: State = { ...empty(), becameReady: false, becameEarlier: false, journal };
  return {
    counts() {
      const { size, inFlight, delayed } = state;
      return { visible: size - inFlight - delayed, inFlight, delayed };
    },
    groupsInFlight: () => state.groupsInFlight,
    oldestArrivedAtMs: () => state.arrivals.oldestAtMs(),
    nextDueAtMs: () => state.timers.nextAtMs(),
    takeBecameReady() {
      const became = state.becameReady;
      state.becameReady = false;
      return became;
    },
    takeBecameEarlier() {
      const became = state.becameEarlier;
      state.becameEarlier = false;
      return became;
    },
    group: (key) => groupOf(state, key),
    add(message, delayMs) {
      journal.added(message, delayMs);
      add(state, message, delayMs);
    },
    restore: (message, delayMs) => add(state, message, delayMs),
    settle: (nowMs) => settle(state, nowMs),
    take: (max, dueAtMs, admit) => take(state, max, dueAtMs, admit),
    visible: () => [...state.groups.values()].flatMap((group) => (group.inFlight > 0 ? [] : itemsOf(group.waiting))),
    reschedule(message, dueAtMs) {
      message.dueAtMs = dueAtMs;
      startTimer(state, message);
    },
    remove(message) {
      if (message.state === 'inFlight') leaveFlight(state, message.group);
      else popFront(message.group.waiting);
      forget(state, message);
      wake(state, message.group);
    },
    sweep: (sentBeforeMs, onDrop) => sweep(state, sentBeforeMs, onDrop),
    clear() {
      journal.cleared();
      Object.assign(state, empty());
    },
  };
}

function empty(): Omit<State, 'becameReady' | 'becameEarlier' | 'journal'> {
  return {
    groups: new Map(),
    ready: createDeque(),
    timers: createTimers(
      (message, atMs) => (message.state === 'inFlight' || message.state === 'delayed') && message.dueAtMs === atMs,
    ),
    arrivals: createArrivals(),
    size: 0,
    inFlight: 0,
    delayed: 0,
    groupsInFlight: 0,
  };
}

function groupOf({ groups }: State, key: string): Group {
  let group = groups.get(key);
  if (group === undefined) {
    group = { key, waiting: createDeque(), received: [], inFlight: 0, delayed: 0, lastDueAtMs: 0, isReady: false };
    groups.set(key, group);
  }
  return group;
}

function add(state: State, message: StoredMessage, delayMs: number): void {
  const { group } = message;
  state.size += 1;
  state.arrivals.add(message, state.size);
  if (delayMs === 0 && group.delayed === 0) {
    push(group.waiting, message);
    wake(state, group);
    return;
  }
  group.lastDueAtMs = Math.max(group.lastDueAtMs, message.sentAtMs + delayMs);
  message.state = 'delayed';
  message.dueAtMs = group.lastDueAtMs;
  group.delayed += 1;
  state.delayed += 1;
  startTimer(state, message);
}

function settle(state: State, nowMs: number): void {
  const { timers } = state;
  for (let message = timers.takeDue(nowMs); message !== undefined; message = timers.takeDue(nowMs)) {
    const { group } = message;
    if (message.state === 'delayed') {
      message.state = 'waiting';
      group.delayed -= 1;
      state.delayed -= 1;
      push(group.waiting, message);
    } else {
      message.state = 'returned';
      leaveFlight(state, group);
    }
    wake(state, group);
  }
}

function take(state: State, max: number, dueAtMs: number, admit: (message: StoredMessage) => boolean): StoredMessage[] {
  const taken: StoredMessage[] = [];
  while (taken.length < max) {
    const group = popFront(state.ready);
    if (group === undefined) break;
    group.isReady = false;
    while (taken.length < max) {
      const message = popFront(group.waiting);
      if (message === undefined) break;
      if (admit(message)) {
        taken.push(message);
        startFlight(state, message, dueAtMs);
      } else forget(state, message);
    }
    wake(state, group);
  }
  return taken;
}

function sweep(state: State, sentBeforeMs: number, onDrop: (message: StoredMessage) => void): number {
  let oldestMs = Number.POSITIVE_INFINITY;
  for (const { waiting } of state.groups.values()) {
    let head = firstOf(waiting);
    for (; head !== undefined && head.sentAtMs <= sentBeforeMs; head = firstOf(waiting)) {
      popFront(waiting);
      forget(state, head);
      onDrop(head);
    }
    if (head !== undefined) oldestMs = Math.min(oldestMs, head.sentAtMs);
  }
  return oldestMs;
}

function startTimer(state: State, message: StoredMessage): void {
  const isFirst = state.timers.add(message.dueAtMs, message, state.inFlight + state.delayed);
  state.becameEarlier ||= isFirst;
}

function startFlight(state: State, message: StoredMessage, dueAtMs: number): void {
  const { group } = message;
  message.state = 'inFlight';
  message.dueAtMs = dueAtMs;
  group.received.push(message);
  if (group.inFlight === 0) state.groupsInFlight += 1;
  group.inFlight += 1;
  state.inFlight += 1;
  startTimer(state, message);
}

function leaveFlight(state: State, group: Group): void {
  group.inFlight -= 1;
  state.inFlight -= 1;
  if (group.inFlight === 0) state.groupsInFlight -= 1;
}

function forget(state: State, message: StoredMessage): void {
  message.state = 'gone';
  state.size -= 1;
  state.journal.gone(message.messageId);
}

/**
 * Unlocks a group that has nothing in flight: returned messages go back to the front of the group, and the group waits
 * for its next turn.
 */
function wake(state: State, group: Group): void {
  if (group.inFlight > 0) return;
  for (let message = group.received.pop(); message !== undefined; message = group.received.pop()) {
    if (message.state !== 'returned') continue;
    message.state = 'waiting';
    pushFront(group.waiting, message);
  }
  if (lengthOf(group.waiting) > 0) {
    state.becameReady ||= !group.isReady || lengthOf(group.waiting) === 1;
    if (!group.isReady) push(state.ready, group);
    group.isReady = true;
  } else if (!group.isReady && group.delayed === 0 && state.groups.get(group.key) === group)
    state.groups.delete(group.key);
}
