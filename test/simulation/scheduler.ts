import { createTimers } from '../../local/fifo/timers.ts';

/** Virtual time: due callbacks run one after the other, without waiting for the real clock. */
export interface Scheduler {
  /** Whole milliseconds, as a real clock shows. Callbacks are due at fractions of them. */
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

/** After so many steps, the event loop turns once, so that a test's time-out or an interrupt can end the run. */
const STEPS_PER_TURN = 1_000;

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
    nowMs: () => Math.floor(nowMs),
    get steps() {
      return steps;
    },
    after,
    sleep: (ms) => new Promise((resolve) => void after(ms, resolve)),
    async run(isDone) {
      for (;;) {
        // A tick runs once no promise can continue, as before each callback of an event loop.
        await new Promise<void>(steps % STEPS_PER_TURN === 0 ? setImmediate : process.nextTick);
        if (isDone()) return;
        const atMs = due.nextAtMs();
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
