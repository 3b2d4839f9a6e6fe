import { leaseTokens } from '../../core/govern/admit.ts';
import { CACHE } from './governor.ts';
import type { Run } from './model.ts';
import type { Prediction } from './predictions.ts';
import { INTERVAL_SECONDS, LIFE_SECONDS } from './scenario.ts';

/** The checks of a run. */
export const CHECKS = {
  counts: 'every accepted write is applied in the end, and every write is counted once at any time',
  bound: 'the backlog is at most the high-water mark plus the inflow until the next decision takes effect',
  'one-refusal': 'a burst causes at most one period of refused writes',
  'few-changes': 'a burst causes at most four changes of the flow state',
  'stays-normal': 'a load that the cache can work off in the valleys stays in the state normal',
  'drains-in-valleys': 'the backlog of each peak is empty before the next peak',
  'drain-time': 'the predicted drain time after the peak is within 20 % of the actual one',
  'retry-after': 'retry-after is within 20 % of the time until writes are paced',
  pace: 'all paced writers together get at most the pace and at least 70 % of it',
  bucket: "the token bucket's item gets far fewer calls than a table partition allows",
  unlimited: 'no write is refused without a valid decision',
  missing: 'a cache whose report is missing or too old counts as normal and is named',
} as const;

export type Check = keyof typeof CHECKS;

/** A check that failed. */
export interface Violation {
  readonly check: Check;
  readonly message: string;
}

/** Maximum error of a prediction. */
const MAX_ERROR = 0.2;
/** Minimum fraction of the pace that paced writers get. */
const LEAST_PACE_SHARE = 0.7;
/** Maximum number of flow state changes per burst. */
const MAX_CHANGES = 4;

/** Maximum number of calls a second; a table partition allows 1,000 (ddb/ServiceQuotas). */
const MAX_CALLS_PER_SECOND = 300;

/** Returns the error of a prediction as a fraction of the actual value. */
export function errorOf({ predicted, actual }: Prediction): number {
  return Math.abs(predicted - actual) / actual;
}

/**
 * Returns for each burst how often writes became refused and how often the flow state changed. Earlier changes count
 * for the first burst.
 */
export function perBurst({ changes, scenario: { burstsAt } }: Run): readonly { refusals: number; changes: number }[] {
  return burstsAt.map((_, index) => {
    const fromMs = index === 0 ? 0 : (burstsAt[index] ?? 0) * 1000;
    const toMs = (burstsAt[index + 1] ?? Number.POSITIVE_INFINITY) * 1000;
    const during = changes.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
    // A burst may begin before the governor has returned to normal after the previous one.
    const own = index > 0 && during[0]?.to === 'normal' ? during.slice(1) : during;
    return { refusals: own.filter(({ to }) => to === 'refusing').length, changes: own.length };
  });
}

/** Whether all reports arrive and decisions are made all the time. */
const isFaultless = ({ scenario: { faults } }: Run): boolean =>
  faults.lostReports === 0 && faults.reporterEndsAt === undefined && faults.governorEndsAt === undefined;

/** Returns the failed checks of a run. Which checks apply depends on its shape and faults. */
export function violationsOf(run: Run): Violation[] {
  const found: Violation[] = [];
  const expect = (check: Check, holds: boolean, message: string): void => {
    if (!holds) found.push({ check, message });
  };
  const { scenario, changes, accepted, applied, conflated, wanted, refused } = run;
  const { shape, isGoverned, writers } = scenario;
  expect('counts', run.imbalanceAtMs === undefined, `the counts don't add up at ${run.imbalanceAtMs} ms`);
  expect(
    'counts',
    accepted === applied + conflated && wanted === accepted + refused,
    `${wanted} wanted, ${refused} refused, ${accepted} accepted, ${applied} applied, ${conflated} conflated`,
  );
  if (run.drain !== undefined) {
    const { predicted, actual } = run.drain;
    expect(
      'drain-time',
      errorOf(run.drain) <= MAX_ERROR,
      `${predicted.toFixed()} s predicted, ${actual.toFixed()} s actual`,
    );
  }
  if (!isGoverned) return found;

  expect('unlimited', run.refusedWithout === 0, `${run.refusedWithout} refused without a valid decision`);
  expect('bucket', run.askRate <= MAX_CALLS_PER_SECOND, `${run.askRate} calls a second`);
  // A prediction isn't checked if the reports that it relies on then stop.
  for (const retry of isFaultless(run) ? run.retries : []) {
    const { predicted, actual } = retry;
    expect(
      'retry-after',
      errorOf(retry) <= MAX_ERROR,
      `${predicted.toFixed()} s predicted, ${actual.toFixed()} s actual`,
    );
  }
  for (const { seconds, admitted, least, most } of run.paces) {
    const lease = writers * leaseTokens(most, most / seconds);
    expect(
      'pace',
      admitted <= most + lease && admitted >= LEAST_PACE_SHARE * least,
      `${admitted} admitted in ${seconds} s, but the pace allows ${least.toFixed()} to ${most.toFixed()}`,
    );
  }
  const wrong = wronglyHeard(run);
  expect('missing', wrong === 0, `${wrong} decisions with wrong use of a missing, old or current report`);
  const { governorEndsAt, reporterEndsAt } = scenario.faults;
  if (governorEndsAt !== undefined || reporterEndsAt !== undefined) return found;
  expect('bound', run.worstBacklog <= run.bound, `backlog ${run.worstBacklog}, bound ${run.bound.toFixed()}`);
  if (!isFaultless(run)) return found;
  if (shape === 'steady' || shape === 'peaks') {
    expect(
      'stays-normal',
      changes.length === 0 && refused === 0,
      `changed to ${changes[0]?.to} at ${changes[0]?.atMs} ms`,
    );
  } else {
    for (const [index, burst] of perBurst(run).entries()) {
      expect('one-refusal', burst.refusals <= 1, `${burst.refusals} periods of refused writes in burst ${index + 1}`);
      expect('few-changes', burst.changes <= MAX_CHANGES, `${burst.changes} changes in burst ${index + 1}`);
    }
  }
  const { periodSeconds = Number.POSITIVE_INFINITY } = scenario;
  const behind = run.longestBehindSeconds;
  expect('drains-in-valleys', behind <= periodSeconds, `${behind} s behind, with a peak each ${periodSeconds} s`);
  return found;
}

/** Returns the number of decisions that used a missing or too old report, or didn't use a current one. */
function wronglyHeard({ scenario, decisions }: Run): number {
  const { reporterEndsAt = Number.POSITIVE_INFINITY, lostReports } = scenario.faults;
  if (lostReports > 0) return 0;
  // The last report is up to an interval older than the end.
  const isSurelyOld = (atMs: number): boolean => atMs >= (reporterEndsAt + LIFE_SECONDS + 5) * 1000;
  const isSurelyThere = (atMs: number): boolean =>
    atMs >= (INTERVAL_SECONDS + 5) * 1000 && atMs < (reporterEndsAt + LIFE_SECONDS - INTERVAL_SECONDS - 5) * 1000;
  return decisions.filter(({ decidedAtMs, missing, state }) => {
    if (isSurelyOld(decidedAtMs)) return state !== 'normal' || missing[0] !== CACHE;
    return isSurelyThere(decidedAtMs) && missing.length > 0;
  }).length;
}
