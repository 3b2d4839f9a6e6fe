/** A duration or an age, in the largest unit that fits: 45s, 12m, 5h, 3d. */
export function shortDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3_600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

/** The units of a bound, from the smallest, each with its length in milliseconds. */
const UNITS = [
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
] as const;

/** An upper bound of a span of time, rounded up: `at most 250 ms`, or `at most 2m` for 61 seconds. */
export function atMost(milliseconds: number): string {
  if (milliseconds < 10_000) return `at most ${Math.ceil(milliseconds)} ms`;
  const unit = UNITS.findLast(([, length]) => milliseconds >= length) ?? UNITS[0];
  return `at most ${Math.ceil(milliseconds / unit[1])}${unit[0]}`;
}

/** A duration in whole seconds, in the largest unit that holds it exactly: 90s, 10m, 1h, 2d. */
export function exactDuration(milliseconds: number): string {
  const [unit, length] = UNITS.findLast(([, one]) => milliseconds > 0 && milliseconds % one === 0) ?? UNITS[0];
  return `${milliseconds / length}${unit}`;
}

/** A count with separators between its thousands: 61,000. */
export function grouped(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** A count as `grouped` writes it; `-` if it is unknown. */
export function known(count: number | null): string {
  return count === null ? '-' : grouped(count);
}

/** A rate in events per second, `-` if it is unknown: 0/s, <0.1/s, 0.3/s, 12/s, 1,200/s. */
export function perSecond(rate: number | null): string {
  if (rate === null || !Number.isFinite(rate)) return '-';
  if (rate > 0 && rate < 0.05) return '<0.1/s';
  return `${rate > 0 && rate < 10 ? rate.toFixed(1) : grouped(rate)}/s`;
}

/** A span of time in milliseconds, from ten seconds on as `shortDuration` writes it; `-` if it is unknown. */
export function shortMilliseconds(milliseconds: number | null): string {
  if (milliseconds === null || !Number.isFinite(milliseconds)) return '-';
  return milliseconds < 10_000 ? `${Math.round(milliseconds)} ms` : shortDuration(milliseconds);
}

/** A span of time in seconds as `shortDuration` writes it; `-` if it is unknown. */
export function shortSeconds(seconds: number | null): string {
  return seconds === null || !Number.isFinite(seconds) ? '-' : shortDuration(seconds * 1000);
}
