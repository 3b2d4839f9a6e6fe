import { SingleBar } from 'cli-progress';
import type { CommandIo } from '../io.ts';

/** Shows the progress of long work on standard error. The bar is shown only on a terminal. */
export interface Progress {
  /**
   * @param done the part of the total that is done, in the same unit, such as bytes
   * @param count the number of things that are done; the bar shows it with its rate
   * @param more further figures
   */
  update(done: number, count: number, more?: string): void;
  /** Prints a line, with or without a terminal. On a terminal, the line replaces the bar until the next update. */
  note(line: string): void;
  end(): void;
}

/**
 * A bar with count, rate and remaining time.
 *
 * @param total undefined if it is unknown
 * @param unit what is counted, such as `rows`
 */
export function progressBar({ stderr }: Pick<CommandIo, 'stderr'>, total: number | undefined, unit: string): Progress {
  const terminal = stderr.isTTY === true;
  const bar = new SingleBar({
    format: `  {bar} {percentage}% | {count} ${unit} | {rate}/s | {eta_formatted} left{more}`,
    stream: stderr,
    hideCursor: true,
    clearOnComplete: true,
    noTTYOutput: false,
  });
  const begin = performance.now();
  if (terminal) bar.start(total ?? 0, 0, { count: 0, rate: 0, more: '' });
  return {
    update(done, count, more = '') {
      if (!terminal) return;
      const rate = Math.round((count * 1000) / Math.max(1, performance.now() - begin));
      bar.update(done, { count, rate, more: more && ` | ${more}` });
    },
    note(line) {
      stderr.write(`${terminal ? '\r\u001b[2K' : ''}${line}\n`);
    },
    end() {
      if (bar.isActive) bar.stop();
    },
  };
}
