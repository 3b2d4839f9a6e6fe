import { SingleBar } from 'cli-progress';

/** How far long work has come. Shown on a terminal only, on standard error. */
export interface Progress {
  /** @param done of the total, in its unit @param count what is counted and shown with its rate @param more further figures */
  update(done: number, count: number, more?: string): void;
  /** Prints a line, on a terminal or not, without tearing the bar. */
  note(line: string): void;
  end(): void;
}

/** A bar with count, rate and time left. @param total undefined where it isn't known @param unit of what is counted: `rows` */
export function progressBar(total: number | undefined, unit: string): Progress {
  const terminal = process.stderr.isTTY === true;
  const bar = new SingleBar({
    format: `  {bar} {percentage}% | {count} ${unit} | {rate}/s | {eta_formatted} left{more}`,
    stream: process.stderr,
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
      process.stderr.write(`${terminal ? '\r\u001b[2K' : ''}${line}\n`);
    },
    end() {
      if (bar.isActive) bar.stop();
    },
  };
}
