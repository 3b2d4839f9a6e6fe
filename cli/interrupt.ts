import { setTimeout as timeout } from 'node:timers/promises';
import { EXIT } from './errors.ts';
import type { CommandIo } from './io.ts';

/**
 * Does work that Ctrl-C ends: the signal is aborted, and the work finishes what it has begun and reports how far it
 * came.
 */
export async function interruptible<T>(io: CommandIo, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const off = io.onSignal(['SIGINT'], () => stop.abort());
  try {
    return await work(stop.signal);
  } finally {
    off();
  }
}

/** Waits for a time, or until the signal is aborted. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await timeout(milliseconds, undefined, { signal }).catch(() => undefined);
}

/** Prints that the command can be run again, and returns the exit code. */
export function interrupted({ stderr }: Pick<CommandIo, 'stderr'>): number {
  stderr.write('interrupted; run it again to continue\n');
  return EXIT.interrupted;
}
