import { setMaxListeners } from 'node:events';

/** How `eachAtOnce` runs its work. */
export interface AtOnce {
  /** The number of things that are worked on at the same time. */
  readonly atOnce: number;
  /** Stops before the next thing. */
  readonly signal: AbortSignal;
}

/**
 * Works on things as they are read, several at once. The first failure of the work stops it and aborts the signal that
 * the work gets. If reading fails, what was read before is still worked on. It returns when the last work has ended,
 * with the first failure.
 */
export async function eachAtOnce<T>(
  things: AsyncIterable<T>,
  { atOnce, signal: stop }: AtOnce,
  work: (thing: T, signal: AbortSignal) => Promise<void>,
): Promise<{ readonly failure?: unknown }> {
  const failures: unknown[] = [];
  const failed = new AbortController();
  const signal = AbortSignal.any([stop, failed.signal]);
  // Each waiting writer listens to the signal, and Node by default warns about more than ten listeners.
  setMaxListeners(2 * atOnce, signal);
  const running = new Set<Promise<void>>();
  try {
    for await (const thing of things) {
      if (signal.aborted) break;
      const one = work(thing, signal)
        .catch((error: unknown) => {
          failures.push(error);
          failed.abort();
        })
        .finally(() => running.delete(one));
      running.add(one);
      if (running.size >= atOnce) await Promise.race(running);
    }
  } catch (error) {
    // Closing the input after the signal makes reading it fail.
    if (!stop.aborted) failures.push(error);
  }
  await Promise.all(running);
  return failures.length > 0 ? { failure: failures[0] } : {};
}
