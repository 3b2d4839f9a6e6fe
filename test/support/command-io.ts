import { Readable } from 'node:stream';
import { sink } from '../../cli/captured.ts';
import { type CommandIo, interruptedBy } from '../../cli/io.ts';

/** The surroundings of a command that a test runs in its own process, and what the command has printed so far. */
export interface TestIo extends CommandIo {
  out(): string;
  err(): string;
  /** Presses Ctrl-C. */
  interrupt(): void;
}

/** @param given defaults: this process's folder and environment, and an empty standard input */
export function commandIo(given: Partial<Pick<CommandIo, 'cwd' | 'env' | 'stdin'>> = {}): TestIo {
  const [stdout, stderr] = [sink(), sink()];
  const stop = new AbortController();
  return {
    cwd: process.cwd(),
    env: process.env,
    stdin: Readable.from([]),
    ...given,
    stdout: stdout.stream,
    stderr: stderr.stream,
    onSignal: interruptedBy(stop.signal),
    importModule: (url) => import(url),
    run: (args) => Promise.reject(new Error(`this test runs no other command: ${args.join(' ')}`)),
    exitCode: 0,
    out: stdout.text,
    err: stderr.text,
    interrupt: () => stop.abort(),
  };
}
