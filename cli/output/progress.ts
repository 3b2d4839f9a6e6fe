import { SingleBar } from 'cli-progress';
import type { CommandIo } from '../io.ts';

/** Shows on standard error how far long work has come. The bar is shown on a terminal only. */
export interface Progress {
  /**
   * @param done how much of the total is done, in the unit of the total
   * @param count how many things are done; the bar shows the count and its rate
   * @param more further figures
   */
  update(done: number, count: number, more?: string): void;
  /** Prints a line, also where there is no terminal. On a terminal the line doesn't mix with the bar. */
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
