import { EXIT } from './errors.ts';
import type { CommandIo } from './io.ts';

/** What `watchProcess` needs of a process. */
export type WatchedProcess = Pick<NodeJS.Process, 'on' | 'off' | 'exit'> & {
  readonly stdout: Pick<NodeJS.WritableStream, 'on'>;
  readonly stderr: Pick<NodeJS.WritableStream, 'on'>;
};

/** The interruptions of a command, and the exit code that the process ends with. */
export interface Watched extends Pick<CommandIo, 'onSignal'> {
  exitCodeOf(code: number): number;
}

/**
 * Listens to what interrupts a command: a signal, or a reader such as `head` that closes standard output. A reader that
 * closes standard error interrupts nothing, because the command may be in the middle of its work.
 */
export function watchProcess(process: WatchedProcess): Watched {
  const listeners = new Set<() => void>();
  let isClosed = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    // Each further write fails too.
    if (isClosed) return;
    isClosed = true;
    for (const listener of listeners) listener();
  });
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return {
    onSignal(signals, listener) {
      let isInterrupted = false;
      const onEach = () => {
        if (isInterrupted) process.exit(EXIT.interrupted);
        isInterrupted = true;
        listener();
      };
      for (const signal of signals) process.on(signal, onEach);
      listeners.add(listener);
      if (isClosed) listener();
      return () => {
        listeners.delete(listener);
        for (const signal of signals) process.off(signal, onEach);
      };
    },
    exitCodeOf: (code) => (isClosed && code === EXIT.interrupted ? EXIT.ok : code),
  };
}
