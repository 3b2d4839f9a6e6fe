import { quoted } from '../core/errors.ts';
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
    const value = /^[0-9]{1,9}$/.test(given) ? Number(given) : Number.NaN;
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
