import { SingleBar } from 'cli-progress';
import type { CommandIo } from '../io.ts';
import { grouped, perSecond, shortDuration } from './numbers.ts';

/** Shows the progress of long work on standard error. The progress is shown only on a terminal. */
export interface Progress {
  /**
   * @param done the part of the total that is done, in the same unit, such as bytes
   * @param count the number of things that are done; the line shows it with its rate
   * @param more further figures
   */
  update(done: number, count: number, more?: string): void;
  /** Prints a line, with or without a terminal. On a terminal, the line replaces the bar until the next update. */
  note(line: string): void;
  end(): void;
}

/** The rate is that of so many milliseconds, or of the whole work if it is younger. */
const WINDOW_MS = 10_000;

/** Time between two samples of the count, in milliseconds. */
const SAMPLE_MS = 500;

/** Work that is younger than this, in milliseconds, says nothing about the time left. */
const FIRST_ESTIMATE_MS = 2_000;

/**
 * A bar with count, rate and remaining time. If the total is unknown, it is a line with count and rate.
 *
 * @param total undefined if it is unknown
 * @param unit what is counted, such as `rows`
 * @param now the time in milliseconds
 */
export function progressBar(
  { stderr }: Pick<CommandIo, 'stderr'>,
  total: number | undefined,
  unit: string,
  now: () => number = () => performance.now(),
): Progress {
  const terminal = stderr.isTTY === true;
  const bar = new SingleBar({
    format: total === undefined ? '  {figures}' : '  {bar} {percentage}% | {figures}',
    stream: stderr,
    hideCursor: true,
    clearOnComplete: true,
    noTTYOutput: false,
  });
  const figures = figuresOf(unit, total, now);
  if (terminal) bar.start(total ?? 1, 0, { figures: figures(0, 0, '') });
  return {
    update(done, count, more = '') {
      if (terminal) bar.update(Math.min(done, total ?? 0), { figures: figures(done, count, more) });
    },
    note(line) {
      stderr.write(`${terminal ? '\r\u001b[2K' : ''}${line}\n`);
    },
    end() {
      if (bar.isActive) bar.stop();
    },
  };
}

/** The figures of a progress as text: `1,200 rows | 300/s | about 2m left`. What isn't known yet is left out. */
export function figuresOf(unit: string, total: number | undefined, now: () => number) {
  const begin = now();
  let samples = [{ at: begin, done: 0, count: 0 }];
  return (done: number, count: number, more: string): string => {
    const at = now();
    if (at - (samples.at(-1)?.at ?? begin) >= SAMPLE_MS) {
      samples.push({ at, done, count });
      // The last sample before the window stays, so that the rate is always that of a whole window.
      const first = samples.findIndex((sample) => at - sample.at <= WINDOW_MS);
      if (first > 1) samples = samples.slice(first - 1);
    }
    const [oldest = { at: begin, done: 0, count: 0 }] = samples;
    const seconds = (at - oldest.at) / 1000;
    const rate = seconds > 0 ? Math.max(0, count - oldest.count) / seconds : null;
    const speed = seconds > 0 ? (done - oldest.done) / seconds : 0;
    const isKnown = total !== undefined && speed > 0 && done < total && at - begin >= FIRST_ESTIMATE_MS;
    const left = isKnown ? `about ${shortDuration(((total - done) / speed) * 1000)} left` : '';
    return [`${grouped(count)} ${unit}`, rate === null ? '' : perSecond(rate), left, more].filter(Boolean).join(' | ');
  };
}
