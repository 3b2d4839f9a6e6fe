import { MAX_STATE_BYTES } from '../state.ts';

/**
 * Most bytes of JSON that a batch has as objects at the same time. As objects, JSON takes up to 20 times its size in
 * memory. Two of the largest states fit.
 */
export const MAX_OPEN_BYTES = 2 * MAX_STATE_BYTES;

/**
 * After this many bytes of JSON, other work of the process runs first, such as the timer that ends the batch. A batch
 * of small states never waits for it.
 */
export const PAUSE_AFTER_BYTES = 1024 * 1024;

/** Bounds how much JSON a batch has as objects at the same time. */
export interface OpenBytes {
  /**
   * Runs work that parses a state or a delta: at once if there is room for one of the largest size, otherwise in its
   * turn. The work must not call `within` itself.
   *
   * @param work calls `opened` with the bytes of JSON, once they are known. They are open until the work has ended
   */
  within<T>(work: (opened: (bytes: number) => void) => Promise<T>): Promise<T>;
}

/** Opens the bound of one batch. @param pause lets other work of the process run. Default: it doesn't */
export function openBytes(pause: () => Promise<void> = () => Promise.resolve()): OpenBytes {
  const waiting: (() => void)[] = [];
  let open = 0;
  let sincePause = 0;
  let isPausing = false;

  async function run<T>(work: (opened: (bytes: number) => void) => Promise<T>): Promise<T> {
    let own = MAX_STATE_BYTES;
    open += own;
    try {
      return await work((bytes) => {
        open += bytes - own;
        own = bytes;
        sincePause += bytes;
      });
    } finally {
      open -= own;
      startWaiting();
    }
  }

  const hasRoom = () => open + MAX_STATE_BYTES <= MAX_OPEN_BYTES || open === 0;

  function startWaiting(): void {
    while (waiting.length > 0 && hasRoom() && !isPausing) {
      if (sincePause >= PAUSE_AFTER_BYTES) {
        isPausing = true;
        void pause().finally(() => {
          [isPausing, sincePause] = [false, 0];
          startWaiting();
        });
      } else waiting.shift()?.();
    }
  }

  return {
    within(work) {
      if (waiting.length === 0 && hasRoom() && sincePause < PAUSE_AFTER_BYTES) return run(work);
      return new Promise((resolve, reject) => {
        waiting.push(() => run(work).then(resolve, reject));
        startWaiting();
      });
    },
  };
}
