import { leaseTokens } from '../../core/govern/admit.ts';
import { CACHE, type Foretold, type Run } from './model.ts';
import { INTERVAL_SECONDS, LIFE_SECONDS } from './scenario.ts';

/** What is checked of a run. */
export const CHECKS = {
  counts: 'every accepted write is applied in the end, and at every moment each write is somewhere',
  bound: 'the backlog is at most the high-water mark and what comes in until the next decision takes effect',
  'one-refusal': 'a burst brings one refusing spell at most',
  'few-changes': 'a burst brings four changes of the flow state at most',
  'stays-normal': 'what the cache can work off in the valleys never leaves normal',
  'drains-in-valleys': 'the backlog of each peak is gone before the next',
  foretold: 'the drain time after the peak is within 20 % of the truth',
  'retry-after': 'retry-after is within 20 % of the time until writes are paced',
  pace: 'paced writers get the pace together: no more, and 70 % of it at least',
  bucket: "the token bucket's item is called far less often than one partition of a table bears",
  unlimited: 'nobody is refused without a valid decision',
  missing: 'a report that is missing or too old counts as normal, and is named',
} as const;

export type Check = keyof typeof CHECKS;

/** A property that doesn't hold. */
export interface Violation {
  readonly check: Check;
  readonly message: string;
}

const NEAR = 0.2;
const LEAST_PACE_SHARE = 0.7;

/** Calls a second; a partition of a table takes 1,000 (ddb/ServiceQuotas). */
const MAX_CALLS_PER_SECOND = 300;

/** By how much something foretold differs from the truth, as a part of the truth. */
export function errorOf({ foretold, truth }: Foretold): number {
  return Math.abs(foretold - truth) / truth;
}

/** What each burst brought: how often writes came to be refused, and how often the flow state changed. Before the first burst counts to it. */
export function perBurst({ changes, scenario: { burstsAt } }: Run): readonly { refusals: number; changes: number }[] {
  return burstsAt.map((_, index) => {
    const fromMs = index === 0 ? 0 : (burstsAt[index] ?? 0) * 1000;
    const toMs = (burstsAt[index + 1] ?? Number.POSITIVE_INFINITY) * 1000;
    const during = changes.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
    // A new burst may begin before the one before it has ended for the governor.
    const own = index > 0 && during[0]?.to === 'normal' ? during.slice(1) : during;
    return { refusals: own.filter(({ to }) => to === 'refusing').length, changes: own.length };
  });
}

/** Whether reports, and decisions, come all the time. */
const isFaultless = ({ scenario: { faults } }: Run): boolean =>
  faults.lostReports === 0 && faults.reporterEndsAt === undefined && faults.governorEndsAt === undefined;

/** Holds a run against all that concerns its shape. */
export function violationsOf(run: Run): Violation[] {
  const found: Violation[] = [];
  const expect = (check: Check, holds: boolean, message: string): void => {
    if (!holds) found.push({ check, message });
  };
  const { scenario, changes, accepted, applied, conflated, wanted, refused } = run;
  const { shape, isGoverned, writers } = scenario;
  expect('counts', run.imbalanceAtMs === undefined, `doesn't add up at ${run.imbalanceAtMs} ms`);
  expect(
    'counts',
    accepted === applied + conflated && wanted === accepted + refused,
    `${wanted} wanted, ${refused} refused, ${accepted} accepted, ${applied} applied, ${conflated} conflated`,
  );
  if (run.drain !== undefined) {
    const { foretold, truth } = run.drain;
    expect('foretold', errorOf(run.drain) <= NEAR, `${foretold.toFixed()} s foretold, ${truth.toFixed()} s in truth`);
  }
  if (!isGoverned) return found;

  expect('unlimited', run.refusedWithout === 0, `${run.refusedWithout} refused without a valid decision`);
  expect('bucket', run.askRate <= MAX_CALLS_PER_SECOND, `${run.askRate} calls a second`);
  // What was foretold from reports that then stop coming can't be held against anything.
  for (const retry of isFaultless(run) ? run.retries : []) {
    const { foretold, truth } = retry;
    expect('retry-after', errorOf(retry) <= NEAR, `${foretold.toFixed()} s foretold, ${truth.toFixed()} s in truth`);
  }
  for (const { seconds, admitted, least, most } of run.paces) {
    const lease = writers * leaseTokens(most, most / seconds);
    expect(
      'pace',
      admitted <= most + lease && admitted >= LEAST_PACE_SHARE * least,
      `${admitted} admitted in ${seconds} s, where the pace lets in ${least.toFixed()} to ${most.toFixed()}`,
    );
  }
  expect('missing', wronglyHeard(run) === 0, `${wronglyHeard(run)} decisions on what is missing or too old`);
  const { governorEndsAt, reporterEndsAt } = scenario.faults;
  if (governorEndsAt !== undefined || reporterEndsAt !== undefined) return found;
  expect('bound', run.worstBacklog <= run.bound, `${run.worstBacklog} waited, at most ${run.bound.toFixed()} may`);
  if (!isFaultless(run)) return found;
  if (shape === 'steady' || shape === 'peaks') {
    expect('stays-normal', changes.length === 0 && refused === 0, `became ${changes[0]?.to} at ${changes[0]?.atMs} ms`);
  } else {
    for (const [index, burst] of perBurst(run).entries()) {
      expect('one-refusal', burst.refusals <= 1, `${burst.refusals} refusing spells in burst ${index + 1}`);
      expect('few-changes', burst.changes <= 4, `${burst.changes} changes in burst ${index + 1}`);
    }
  }
  const { periodSeconds = Number.POSITIVE_INFINITY } = scenario;
  const behind = run.longestBehindSeconds;
  expect('drains-in-valleys', behind <= periodSeconds, `${behind} s behind, with a peak each ${periodSeconds} s`);
  return found;
}

/** Decisions that a cache's report has a say in which is missing or too old, or doesn't have a say in though it is there. */
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
