import * as z from 'zod/mini';
import { drainSeconds, type StreamBacklog } from './measure.ts';
import type { CacheReport } from './report.ts';

/**
 * The flow states in order of strictness: `normal` (writes are free), `paced` (limited to a rate), `refusing` (no
 * writes).
 */
export const FLOW_STATES = ['normal', 'paced', 'refusing'] as const;

/**
 * The rule for an owner's writers: `normal` (writes are free), `paced` (limited to a rate) or `refusing` (no writes).
 */
export type FlowState = (typeof FLOW_STATES)[number];

/** The settings of an owner's governor. */
export interface GovernSettings {
  /** The caches that may slow the owner, by name, each with the backlog at which writes are refused. */
  readonly maySlowOwner: Readonly<Record<string, { readonly highWater: number }>>;
  /** An older report counts as missing. */
  readonly reportLifeSeconds: number;
  /** An older decision counts as `normal`, so that a governor that doesn't run can't stop its owner. */
  readonly decisionLifeSeconds: number;
}

const state = z.enum(FLOW_STATES);
const flowDecision = z.object({
  state,
  /** Writes a second for all writers together; only while paced. */
  pacePerSecond: z.optional(z.number().check(z.gt(0))),
  /** The cache that lags most; not while normal. */
  cause: z.optional(z.object({ cache: z.string(), backlog: z.int(), drainSeconds: z.nullable(z.number()) })),
  /** Seconds after which a refused writer may try again: the time until the backlog is low enough for paced writes. */
  retryAfterSeconds: z.number().check(z.gte(0)),
  /** The level of each cache, on which its next level depends. */
  levels: z.record(z.string(), state),
  /** Caches that may slow the owner and whose report is missing or too old. */
  missing: z.array(z.string()),
  /** The backlog of each cache at which writes are refused; missing in decisions of earlier versions. */
  highWaters: z.optional(z.record(z.string(), z.number())),
  /** The highest consumption rate of each cache since its level left `normal`, in events a second. */
  capacities: z.optional(z.record(z.string(), z.number())),
  /** Since when no cache lags and the pace grows slowly, epoch milliseconds; only while paced. */
  settledSinceMs: z.optional(z.int()),
  /** See `Readership`. Missing in a decision of an earlier release. */
  listeningSinceMs: z.optional(z.int()),
  readsCompressed: z.optional(z.boolean()),
  /** Epoch milliseconds. */
  decidedAtMs: z.int(),
  /** When the decision expires and counts as `normal`, epoch milliseconds. */
  validUntilMs: z.int(),
});

/** The governor's decision, as writers read it. */
export type FlowDecision = z.infer<typeof flowDecision>;

/** Reads a stored decision. Returns undefined for any other text. */
export function parseFlowDecision(json: string): FlowDecision | undefined {
  try {
    return flowDecision.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}

/**
 * Backlogs as fractions of `highWater`, the backlog at which writes are refused. Writes are paced from `PACED_FROM`, so
 * that a slow rise is paced before it is refused; a refusal ends at the same backlog. The pace holds the backlog at
 * `HELD_AT`, well above `NORMAL_FROM` where writes are free again. One burst thus causes at most one refusal, however
 * long it lasts, and the cache always has work.
 */
export const PACED_FROM = 0.5;
export const HELD_AT = 0.25;
export const NORMAL_FROM = 0.1;

/**
 * The pace stays between these fractions of the cache's consumption rate while the cache has a backlog. A lower pace
 * would block the owner, and a higher one would fill the queue.
 */
export const PACE_RANGE = [0.5, 1.25] as const;

/**
 * Minimum pace in writes a second. A cache that consumes nothing fills up to `highWater`, and writes are refused then.
 */
export const MIN_PACE = 1;

/**
 * Writes press on the pace while their rate is at least this fraction of it. While they do, they stay paced, because
 * otherwise a long burst would be admitted and refused again and again. The measured rate may be two intervals old, in
 * which a growing pace has nearly doubled.
 */
export const PRESSED_FROM = 0.5;

/** A pace that rises by more than this factor, beyond its regular growth, has changed. */
const MAX_JUMP = 1.25;

/** Bounds of retry-after, in seconds. */
export const MIN_RETRY_SECONDS = 1;
const MAX_RETRY_SECONDS = 900;

/** A cache with a current report. */
interface CacheLevel {
  readonly level: FlowState;
  /** The cache's report; its backlog includes the records in the owner's stream. */
  readonly report: CacheReport;
  readonly highWater: number;
  /** The highest consumption rate that was measured since the cache's level left `normal`, in events a second. */
  readonly capacity: number;
}

/**
 * Decides how writers may write, from the last reports of the caches. The strictest level of all caches is the flow
 * state. Pure: the same arguments give the same decision.
 *
 * @param previous the previous decision; undefined for the first one
 * @param stream records that are committed but not yet published; they will reach every cache
 */
export function decide(
  previous: FlowDecision | undefined,
  reports: readonly CacheReport[],
  stream: Pick<StreamBacklog, 'records' | 'rate' | 'isUnmeasured'>,
  settings: GovernSettings,
  nowMs: number,
): FlowDecision {
  const { caches, missing } = levelsOf(previous, reports, stream, settings, nowMs);
  const state = FLOW_STATES.findLast((one) => caches.some(({ level }) => level === one)) ?? 'normal';
  const lagging = caches.filter(({ level }) => level !== 'normal');
  const common = {
    state,
    levels: Object.fromEntries(caches.map(({ level, report }) => [report.cache, level])),
    missing,
    highWaters: Object.fromEntries(
      Object.entries(settings.maySlowOwner).map(([cache, { highWater }]) => [cache, highWater]),
    ),
    capacities: Object.fromEntries(lagging.map(({ capacity, report }) => [report.cache, capacity])),
    decidedAtMs: nowMs,
    validUntilMs: nowMs + settings.decisionLifeSeconds * 1000,
    retryAfterSeconds: 0,
  };
  const [worst] = lagging
    .filter(({ level }) => level === state)
    .sort((a, b) => b.report.backlog / b.highWater - a.report.backlog / a.highWater);
  if (worst === undefined) return common;
  const cause = causeOf(worst);
  return state === 'refusing'
    ? { ...common, cause, retryAfterSeconds: retryAfter(worst.report, worst.highWater, nowMs) }
    : { ...common, cause, ...nextPace(previous, lagging, settings, nowMs) };
}

/** Returns the level of each cache that may slow the owner, and the names of the caches without a current report. */
function levelsOf(
  previous: FlowDecision | undefined,
  reports: readonly CacheReport[],
  stream: Pick<StreamBacklog, 'records' | 'rate' | 'isUnmeasured'>,
  settings: GovernSettings,
  nowMs: number,
): { readonly caches: readonly CacheLevel[]; readonly missing: string[] } {
  const caches: CacheLevel[] = [];
  const missing: string[] = [];
  for (const [cache, { highWater }] of Object.entries(settings.maySlowOwner)) {
    const report = reports.find((one) => one.cache === cache);
    if (report === undefined || nowMs - report.atMs > settings.reportLifeSeconds * 1000) {
      missing.push(cache);
      continue;
    }
    const backlog = report.backlog + stream.records;
    const capacity = Math.max(report.consumptionRate, own(previous?.capacities, cache) ?? 0);
    // A limit isn't ended because a metric is missing.
    const isUnmeasured = report.isUnmeasured === true || stream.isUnmeasured === true;
    const level = levelOf(
      own(previous?.levels, cache) ?? 'normal',
      backlog,
      highWater,
      () => isUnmeasured || presses(previous, stream.rate, capacity, settings, nowMs),
    );
    caches.push({ level, report: { ...report, backlog }, highWater, capacity });
  }
  return { caches, missing };
}

/** Returns the cause of a decision. While writes are refused, nothing is produced for the cache. */
function causeOf({ level, report }: CacheLevel): FlowDecision['cause'] {
  const { cache, backlog, consumptionRate } = report;
  const productionRate = level === 'refusing' ? 0 : report.productionRate;
  const drain = drainSeconds(backlog, { consumptionRate, productionRate });
  return { cache, backlog, drainSeconds: Number.isFinite(drain) ? drain : null };
}

/** Returns the pace, which the slowest of the paced caches determines, and since when it is settled. */
function nextPace(
  previous: FlowDecision | undefined,
  paced: readonly CacheLevel[],
  settings: GovernSettings,
  nowMs: number,
): Pick<FlowDecision, 'pacePerSecond' | 'settledSinceMs'> {
  const before = grown(previous, settings, nowMs);
  // Rates that aren't known don't change the pace.
  const kept = previous?.pacePerSecond ?? 0;
  const pacePerSecond = Math.min(
    ...paced.map(({ report, highWater }) =>
      Math.max(report.isUnmeasured ? kept : 0, pace(report, highWater, settings, before)),
    ),
  );
  const isSettled =
    pacePerSecond <= MAX_JUMP * before && paced.every(({ report, highWater }) => isClear(report, highWater));
  return { pacePerSecond, settledSinceMs: isSettled ? (previous?.settledSinceMs ?? nowMs) : nowMs };
}

/** Returns an own property of a record. A cache may be named like an inherited one, such as `constructor`. */
function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Whether a cache's backlog is low enough for free writes. */
function isClear({ backlog }: CacheReport, highWater: number): boolean {
  return backlog <= NORMAL_FROM * highWater;
}

/** Returns a cache's next level. `doPress` tells whether writes press on the pace. */
function levelOf(previous: FlowState, backlog: number, highWater: number, doPress: () => boolean): FlowState {
  if (backlog >= highWater) return 'refusing';
  if (previous === 'normal') return backlog >= PACED_FROM * highWater ? 'paced' : 'normal';
  // A refusal is followed by the pace even without backlog, because the demand isn't known yet.
  if (previous === 'refusing') return backlog > PACED_FROM * highWater ? 'refusing' : 'paced';
  return backlog > NORMAL_FROM * highWater || doPress() ? 'paced' : 'normal';
}

/**
 * Whether writes press on the pace: their rate is near the pace, or above the highest consumption rate of the cache,
 * which only conflation makes bearable. The write rate comes from the owner's stream, because conflation and other
 * owners change the rate of the queue. While the pace isn't settled for a report's life, the measured rate says nothing
 * and writes count as pressing.
 */
function presses(
  previous: FlowDecision | undefined,
  writeRate: number,
  capacity: number,
  { reportLifeSeconds }: GovernSettings,
  nowMs: number,
): boolean {
  // Without a previous pace, another cache had writes refused and there were none.
  if (previous?.pacePerSecond === undefined) return false;
  if (nowMs - (previous.settledSinceMs ?? nowMs) < reportLifeSeconds * 1000) return true;
  return writeRate >= PRESSED_FROM * previous.pacePerSecond || writeRate > capacity;
}

/** Returns the previous pace after its regular growth: it doubles in a report's life. 0 if there was none. */
function grown(previous: FlowDecision | undefined, { reportLifeSeconds }: GovernSettings, nowMs: number): number {
  if (previous?.pacePerSecond === undefined) return 0;
  return previous.pacePerSecond * 2 ** ((nowMs - previous.decidedAtMs) / (reportLifeSeconds * 1000));
}

/**
 * Returns the pace for a cache: its consumption rate, corrected so that its backlog reaches `HELD_AT` in a report's
 * life. Without a backlog the cache consumes all that it is sent, and its rate doesn't show its capacity. The pace then
 * keeps growing.
 */
function pace(report: CacheReport, highWater: number, { reportLifeSeconds }: GovernSettings, grown: number): number {
  const { backlog, consumptionRate, share } = report;
  const wanted = consumptionRate + (HELD_AT * highWater - backlog) / reportLifeSeconds;
  const [least, most] = PACE_RANGE;
  const held = Math.min(most * consumptionRate, Math.max(least * consumptionRate, wanted)) * share;
  return Math.max(MIN_PACE, held, isClear(report, highWater) ? grown : 0);
}

/** Returns the seconds from now until writes are paced again. The report may be a while old. */
function retryAfter({ backlog, consumptionRate, atMs }: CacheReport, highWater: number, nowMs: number): number {
  if (consumptionRate <= 0) return MAX_RETRY_SECONDS;
  const seconds = (backlog - PACED_FROM * highWater) / consumptionRate - (nowMs - atMs) / 1000;
  return Math.min(MAX_RETRY_SECONDS, Math.max(MIN_RETRY_SECONDS, seconds));
}
