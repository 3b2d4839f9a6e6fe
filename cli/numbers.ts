import { quoted } from 'freshet-aws/internal/core/errors';
import { UsageError } from './errors.ts';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Parses an option that is a span of time, such as 90s, 10m, 1h, 2d, into milliseconds. */
export function durationOf(option: string): (given: string) => number {
  return (given) => {
    const [, count, unit = ''] = /^([0-9]{1,6})([smhd])$/.exec(given) ?? [];
    if (count !== undefined) return Number(count) * (UNIT_MS[unit] ?? 0);
    throw new UsageError(`${option}: not a span of time: ${quoted(given)}. Allowed: such as 90s, 10m, 1h, 2d.`);
  };
}

/** Parses an option that is a whole number within a range. */
export function integerOf(option: string, min: number, max: number): (given: string) => number {
  return (given) => {
    const value = /^[0-9]{1,15}$/.test(given) ? Number(given) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new UsageError(`${option}: not such a number: ${quoted(given)}. Allowed: an integer from ${min} to ${max}.`);
  };
}

/** How long something took or lies back, in the largest unit that fits: 45s, 12m, 5h, 3d. */
export function shortDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3_600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

/** A count with its thousands set apart: 61,000. */
export function grouped(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** A rate in events a second, `-` where it isn't known: 0, 0.3, 12, 1,200. */
export function perSecond(rate: number | null): string {
  if (rate === null) return '-';
  return `${rate > 0 && rate < 10 ? rate.toFixed(1) : grouped(rate)}/s`;
}

/** A span in milliseconds, seconds from ten thousand on, `-` where it isn't known. */
export function shortMilliseconds(milliseconds: number | null): string {
  if (milliseconds === null) return '-';
  return milliseconds < 10_000 ? `${Math.round(milliseconds)} ms` : shortDuration(milliseconds);
}

/** A span in seconds as `shortDuration` has it, `-` where it isn't known. */
export function shortSeconds(seconds: number | null): string {
  return seconds === null ? '-' : shortDuration(seconds * 1000);
}
