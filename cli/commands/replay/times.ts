import { quoted } from 'freshet-aws/internal/core/errors';
import { UsageError } from '../../errors.ts';
import { durationOf } from '../../options/parse.ts';

/** A time with its zone, or a date, which is midnight in UTC. */
const ISO = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:?\d\d))?$/;

/** How far `--from` may be before the archive, because the clocks differ and the archive moves on. */
const TOLERANCE_MS = 60_000;

/** Parses an option that is a time, or a duration before now, into epoch milliseconds. */
export function timeOf(option: string, nowMs = Date.now()): (given: string) => number {
  return (given) => {
    if (/^[0-9]+[smhd]$/.test(given)) return nowMs - durationOf(option)(given);
    const ms = ISO.test(given) ? Date.parse(given) : Number.NaN;
    if (!Number.isNaN(ms)) return ms;
    throw new UsageError(
      `${option}: not a time: ${quoted(given)}. Allowed: a time with its zone, such as 2026-11-01T08:00:00Z, a date in ` +
        'UTC, such as 2026-11-01, or a duration before now, such as 2h or 30d.',
    );
  };
}

/** `--from`, which can also be the word `beginning`. */
export function fromOf(given: string): number | 'beginning' {
  return given === 'beginning' ? given : timeOf('--from')(given);
}

/** The topic of one of the queue's subscriptions, and when its archive begins. */
export interface ArchiveOf {
  /** The boundary that publishes to the topic. */
  readonly boundary: string;
  /** Undefined without an archive. */
  readonly beginningMs: number | undefined;
}

/** Throws a `UsageError` if the topics can't replay a span of time. The message says what is allowed. */
export function checkSpan(
  { from, to }: { readonly from: number | 'beginning'; readonly to?: number | undefined },
  archives: readonly ArchiveOf[],
  nowMs: number,
): void {
  for (const { boundary, beginningMs } of archives) {
    if (beginningMs === undefined) {
      throw new UsageError(
        `the topic of ${boundary} has no archive, so its facts can't be replayed. Set archiveDays on its FactTopic; ` +
          'from then on, facts are archived. To replay the facts of other boundaries only, pass --of.',
      );
    }
    if (from !== 'beginning' && from < beginningMs - TOLERANCE_MS) {
      throw new UsageError(
        `--from: ${isoOf(from)} is before the archive of ${boundary}. Allowed: ${isoOf(beginningMs)} or later, or ` +
          '"beginning".',
      );
    }
    if (to !== undefined && to < beginningMs) {
      throw new UsageError(
        `--to: ${isoOf(to)} is before the archive of ${boundary}. Allowed: a time after ${isoOf(beginningMs)}.`,
      );
    }
  }
  if (from !== 'beginning' && from > nowMs) {
    throw new UsageError(`--from: ${isoOf(from)} is in the future. Allowed: a time before now, ${isoOf(nowMs)}.`);
  }
  if (to !== undefined && to > nowMs) {
    throw new UsageError(
      `--to: ${isoOf(to)} is in the future. Allowed: a time before now, ${isoOf(nowMs)}. Without --to, facts follow as ` +
        'they are published.',
    );
  }
  if (to !== undefined && from !== 'beginning' && to <= from) {
    throw new UsageError(`--to: ${isoOf(to)} is not after --from, ${isoOf(from)}. Allowed: a time between it and now.`);
  }
}

export function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
