import { quoted } from 'freshet-aws/internal/core/errors';
import { UsageError } from '../errors.ts';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Parses an option that is a duration, such as 90s, 10m, 1h or 2d, into milliseconds. */
export function durationOf(option: string): (given: string) => number {
  return (given) => {
    const [, count, unit = ''] = /^([0-9]{1,6})([smhd])$/.exec(given) ?? [];
    if (count !== undefined) return Number(count) * (UNIT_MS[unit] ?? 0);
    throw new UsageError(
      `${option}: not a duration: ${quoted(given)}. Allowed: a number with the unit s, m, h or d, such as 90s, 10m, ` +
        '1h, 2d.',
    );
  };
}

/** Parses an option that is an integer within a range. */
export function integerOf(option: string, min: number, max: number): (given: string) => number {
  return (given) => {
    const value = /^[0-9]{1,15}$/.test(given) ? Number(given) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new UsageError(`${option}: given: ${quoted(given)}. Allowed: an integer from ${min} to ${max}.`);
  };
}
