/** A count with separators between its thousands: 61,000. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** A count with its noun: `1 event`, `2,000 events`. */
export function plural(value: number, noun: string, nouns = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : nouns}`;
}

/** Events per second: 0/s, <0.1/s, 0.3/s, 12/s, 1,200/s; `?/s` if the rate isn't known. */
export function rate(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '?/s';
  if (value > 0 && value < 0.05) return '<0.1/s';
  return `${value > 0 && value < 9.95 ? value.toFixed(1) : count(value)}/s`;
}

/** A span of time in the unit that reads best: 42 ms, 1.4 s, 45 s, 4 min, 5 h, 3 d; `not known` for null. */
export function span(milliseconds: number | null): string {
  if (milliseconds === null) return 'not known';
  const ms = Math.max(0, milliseconds);
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${Number((ms / 1000).toFixed(1))} s`;
  if (ms < 59_500) return `${Math.round(ms / 1000)} s`;
  if (ms < 3_570_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 84_600_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${count(ms / 86_400_000)} d`;
}

/** A span of time in seconds, see `span`. */
export function seconds(value: number | null): string {
  return span(value === null ? null : value * 1000);
}

/** The backlog and rates of a queue. */
export interface Draining {
  readonly backlog: number;
  readonly productionRate: number | null;
  readonly consumptionRate: number | null;
  readonly drainSeconds: number | null;
}

/** The drain time of a queue in words: `drains in 4 min`. */
export function drainWords({ backlog, productionRate, consumptionRate, drainSeconds }: Draining): string {
  if (backlog === 0) return 'empty';
  if (drainSeconds !== null) return drainSeconds < 1 ? 'drains at once' : `drains in ${seconds(drainSeconds)}`;
  return productionRate === null || consumptionRate === null ? 'drain time not known' : "doesn't drain";
}

/** The staleness of a cache in words. It is an upper bound. */
export function stalenessWords(staleness: number | null): string {
  return staleness === null ? 'staleness not known' : `at most ${seconds(Math.ceil(staleness))} stale`;
}

/** How long ago a time was: `3 min ago`. Times of other clocks may be a little ahead. */
export function ago(iso: string, nowMs: number): string {
  return `${span(nowMs - Date.parse(iso))} ago`;
}

/** When something is due: `due in 4 min`, `overdue by 2 h`. */
export function dueWords(iso: string, nowMs: number): string {
  const leftMs = Date.parse(iso) - nowMs;
  return leftMs < 0 ? `overdue by ${span(-leftMs)}` : `due in ${span(leftMs)}`;
}

/** A time of day, with the date if it isn't of the same day. In the reader's time zone. */
export function clock(iso: string, nowMs: number): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const time = at.toLocaleTimeString('en-GB');
  return at.toDateString() === new Date(nowMs).toDateString() ? time : `${at.toLocaleDateString('en-CA')} ${time}`;
}

/** The size of a text in bytes as people read it: 812 bytes, 250 KB, 1.2 MB. */
export function size(bytes: number): string {
  if (bytes < 1_000) return plural(bytes, 'byte');
  if (bytes < 999_500) return `${Math.round(bytes / 1_000)} KB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** The meaning of a command's exit code (docs/commands.md). */
export function exitWords(exitCode: number): string {
  switch (exitCode) {
    case 0:
      return 'done';
    case 1:
      return 'failed, or the result needs your attention';
    case 2:
      return 'refused: nothing was written';
    case 3:
      return 'not found';
    case 75:
      return 'not admitted: a cache lags. Try again later';
    case 130:
      return 'interrupted';
    default:
      return `ended with exit code ${exitCode}`;
  }
}
