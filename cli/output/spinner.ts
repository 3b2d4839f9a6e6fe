import type { EventEmitter } from 'node:events';
import type { CommandIo, Output } from '../io.ts';
import { DEFAULT_WIDTH, shortened } from './width.ts';

/** Shows that a command is at work. */
export interface Spinner {
  /** Clears the line. Calling it again has no effect. */
  stop(): void;
}

export interface SpinnerOptions {
  /** Whether the command prints JSON; then there is no spinner. */
  readonly json?: boolean | undefined;
  /** Whether the spinner appears again after a line and a silent second. @default - the first line ends it */
  readonly again?: boolean;
  /** What a test replaces. @default - the signals of this process */
  readonly process?: { readonly signals: EventEmitter; kill(signal: NodeJS.Signals): void };
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
/** The silence after which the spinner appears. Most commands end earlier. */
const SILENCE_MS = 700;
const CLEAR_LINE = '\r\u001b[2K';
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const THIS_PROCESS = { signals: process, kill: (signal: NodeJS.Signals) => void process.kill(process.pid, signal) };

/**
 * Shows on a terminal what a command does and for how long, while the command prints nothing: `⠙ reading the
 * deployment… 3 s`. It isn't shown on a pipe, with `--json` or in CI. It never hides the cursor, so Ctrl-C only has to
 * clear the line.
 */
export function startSpinner(
  { stdout, stderr, env }: Pick<CommandIo, 'stdout' | 'stderr' | 'env'>,
  text: string,
  options: SpinnerOptions = {},
): Spinner {
  const { json = false, again = false, process: { signals, kill } = THIS_PROCESS } = options;
  const isShown = stdout.isTTY && stderr.isTTY && !json && !env.CI && env.TERM !== 'dumb';
  if (!isShown) return { stop() {} };
  const begin = Date.now();
  let silentSince = begin;
  let frame = 0;
  let isDrawn = false;
  let isLineEnded = true;
  const write = stderr.write.bind(stderr);

  const clear = () => {
    if (isDrawn) write(CLEAR_LINE);
    isDrawn = false;
  };
  const draw = () => {
    if (!isLineEnded || Date.now() - silentSince < SILENCE_MS) return;
    frame += 1;
    const seconds = `… ${Math.floor((Date.now() - begin) / 1000)} s`;
    const room = (stderr.columns || DEFAULT_WIDTH) - seconds.length - 3;
    write(`${CLEAR_LINE}${FRAMES[frame % FRAMES.length]} ${shortened(text, room)}${seconds}`);
    isDrawn = true;
  };
  const timer = setInterval(draw, FRAME_MS);
  timer.unref();
  const unhook = [stdout, stderr].map((stream) =>
    onWrite(stream, (chunk) => {
      clear();
      if (!again) return stop();
      silentSince = Date.now();
      isLineEnded = chunk.endsWith('\n');
    }),
  );
  const onSignal = (signal: NodeJS.Signals) => {
    const isAlone = signals.listenerCount(signal) === 1;
    stop();
    // Node no longer ends the process by itself, because this listener was there.
    if (isAlone) kill(signal);
  };
  for (const signal of SIGNALS) signals.on(signal, onSignal);
  function stop(): void {
    clearInterval(timer);
    clear();
    for (const end of unhook) end();
    for (const signal of SIGNALS) signals.off(signal, onSignal);
  }
  return { stop };
}

/** Shows a spinner while work runs. */
export async function busy<T>(
  io: Pick<CommandIo, 'stdout' | 'stderr' | 'env'>,
  text: string,
  options: SpinnerOptions,
  work: () => Promise<T>,
): Promise<T> {
  const spinner = startSpinner(io, text, options);
  try {
    return await work();
  } finally {
    spinner.stop();
  }
}

/** Calls a listener before each write to a stream. @returns a function that ends that */
function onWrite(stream: Output, listener: (chunk: string) => void): () => void {
  const original = stream.write;
  const hooked = ((...given: Parameters<Output['write']>) => {
    listener(String(given[0]));
    return original.apply(stream, given);
  }) as Output['write'];
  stream.write = hooked;
  return () => {
    // Another hook may have been set on top of this one; then the write stays as it is.
    if (stream.write === hooked) stream.write = original;
  };
}
