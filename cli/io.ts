import type { Readable } from 'node:stream';

/** A stream that a command reads. */
export type Input = Readable & { readonly isTTY?: boolean };

/** A stream that a command prints on. `columns` is the width of a terminal. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/**
 * What a command gets from its process: the folder, the streams and the signals. A test passes its own, to run a
 * command inside the test's process.
 */
export interface CommandIo {
  /** The folder in which the command runs, as an absolute path. */
  readonly cwd: string;
  /** The environment of the processes that the command starts. The AWS SDK reads the environment of this process. */
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  /**
   * Calls a listener at the first of these signals. The second signal ends the process. While nothing listens, the
   * first signal ends the process.
   *
   * @returns a function that stops listening
   */
  onSignal(signals: readonly ('SIGINT' | 'SIGTERM')[], listener: () => void): () => void;
  /** Imports a module of the app, such as contracts or a story, which may be TypeScript. @param url a `file:` URL */
  importModule(url: string): Promise<unknown>;
  /** Runs another command to its end, in the folder and with the modules of this one. It has no terminal. */
  run(args: readonly string[], given?: RunGiven): Promise<CapturedRun>;
  /** The exit code of the command, which the command sets. */
  exitCode: number;
}

/** What a command gets that another command runs. */
export interface RunGiven {
  /** The text on standard input. @default - standard input is empty */
  readonly stdin?: string | undefined;
  /** Its abort is Ctrl-C. @default - the command receives no signals */
  readonly signal?: AbortSignal | undefined;
  /** @default - the environment of the command that runs it */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** @default - that of the command that runs it */
  readonly importModule?: CommandIo['importModule'] | undefined;
}

/** How a command has ended that another command ran. */
export interface CapturedRun {
  readonly exitCode: number;
  /** What it printed. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Returns an `onSignal` for which the abort of a signal is Ctrl-C. */
export function interruptedBy(signal: AbortSignal): CommandIo['onSignal'] {
  return (_, listener) => {
    signal.addEventListener('abort', listener, { once: true });
    return () => signal.removeEventListener('abort', listener);
  };
}
