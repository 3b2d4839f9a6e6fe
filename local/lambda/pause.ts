import { setTimeout as wait } from 'node:timers/promises';

/** Waits. Resolves or rejects early when the signal is aborted. */
export type Delay = (ms: number, signal: AbortSignal) => Promise<unknown>;

/** A wait that can be interrupted. */
export interface Pause {
  /** Resolves after `ms` or when woken. */
  sleep(ms: number): Promise<void>;
  /** Ends the current sleep. If there is none, the next sleep ends at once, so that no wake is lost. */
  wake(): void;
}

/** @param delay the timer, which tests replace */
export function createPause(delay: Delay = (ms, signal) => wait(ms, undefined, { signal })): Pause {
  let current: AbortController | undefined;
  let woken = false;
  return {
    async sleep(ms) {
      if (!woken) {
        current = new AbortController();
        await delay(ms, current.signal).catch(() => {});
        current = undefined;
      }
      woken = false;
    },
    wake() {
      woken = true;
      current?.abort();
    },
  };
}
