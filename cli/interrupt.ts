import { setTimeout as timeout } from 'node:timers/promises';
import { EXIT } from './errors.ts';
import type { CommandIo } from './io.ts';

/**
 * Runs work that Ctrl-C can stop. Ctrl-C aborts the signal; the work then finishes its current step and reports its
 * progress.
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

/** Prints that the command was interrupted and can be run again. @returns the exit code */
export function interrupted({ stderr }: Pick<CommandIo, 'stderr'>): number {
  stderr.write('interrupted; run the command again to continue\n');
  return EXIT.interrupted;
}
