import { createTimers } from '../../local/fifo/timers.ts';

/** Virtual time: due callbacks run one after the other, without waiting for the real clock. */
export interface Scheduler {
  readonly nowMs: () => number;
  /** Number of callbacks that have run. */
  readonly steps: number;
  /** Calls back after a delay. Returns a function that cancels the callback. */
  after(delayMs: number, callback: () => void): () => void;
  sleep(ms: number): Promise<void>;
  /** Lets time pass until `isDone`. @throws when nothing is due any more, or after too many steps */
  run(isDone: () => boolean): Promise<void>;
}

interface Due {
  readonly callback: () => void;
  isCancelled: boolean;
}

/**
 * Turns of the event loop's microtasks between two callbacks that are close in time. A promise that needs more turns
 * continues during the next callback.
 */
const TURNS = 16;

/** Before a longer step of time than this, all promises settle. */
const CLOSE_MS = 10;

/** Most steps of a run. A longer run would never end. */
const MAX_STEPS = 500_000;

export function createScheduler(startMs: number): Scheduler {
  const due = createTimers<Due>(({ isCancelled }) => !isCancelled);
  let nowMs = startMs;
  let steps = 0;
  let live = 0;
  const after = (delayMs: number, callback: () => void) => {
    const one: Due = { callback, isCancelled: false };
    live += 1;
    due.add(nowMs + Math.max(0, delayMs), one, live);
    return () => {
      if (!one.isCancelled) live -= 1;
      one.isCancelled = true;
    };
  };
  return {
    nowMs: () => nowMs,
    get steps() {
      return steps;
    },
    after,
    sleep: (ms) => new Promise((resolve) => void after(ms, resolve)),
    async run(isDone) {
      for (;;) {
        for (let turn = 0; turn < TURNS; turn += 1) await undefined;
        if (isDone()) return;
        let atMs = due.nextAtMs();
        if (atMs === undefined || atMs - nowMs > CLOSE_MS) {
          await new Promise(setImmediate);
          if (isDone()) return;
          atMs = due.nextAtMs();
        }
        if (atMs === undefined) throw new Error('nothing is due any more, and it is not done');
        if (steps >= MAX_STEPS) throw new Error(`not done after ${MAX_STEPS} steps`);
        nowMs = Math.max(nowMs, atMs);
        const one = due.takeDue(nowMs);
        if (one === undefined) continue;
        one.isCancelled = true;
        live -= 1;
        steps += 1;
        one.callback();
      }
    },
  };
}
