import * as z from 'zod/mini';
import { drainSeconds, type StreamBacklog } from './measure.ts';
import type { CacheReport } from './report.ts';

/** How an owner lets its writers write: freely, at a pace, or not at all. In order of strictness. */
export const FLOW_STATES = ['normal', 'paced', 'refusing'] as const;

/** See `FLOW_STATES`. */
export type FlowState = (typeof FLOW_STATES)[number];

/** How an owner governs its writers. */
export interface GovernSettings {
  /** The caches that may slow the owner, each with the backlog at which writes are refused. */
  readonly maySlowOwner: Readonly<Record<string, { readonly highWater: number }>>;
  /** A report that is older counts as missing. */
  readonly reportLifeSeconds: number;
  /** A decision that is older counts as normal: a governor that stands still must not stop its owner. */
  readonly decisionLifeSeconds: number;
}

const state = z.enum(FLOW_STATES);
const flowDecision = z.object({
  state,
  /** Writes a second, of all writers together; only while paced. */
  pacePerSecond: z.optional(z.number().check(z.gt(0))),
  /** The cache that lags most, unless normal. */
  cause: z.optional(z.object({ cache: z.string(), backlog: z.int(), drainSeconds: z.nullable(z.number()) })),
  /** When a refused writer may try again: the time until the backlog is down to where writes are paced. */
  retryAfterSeconds: z.number().check(z.gte(0)),
  /** Each cache's own state, which its next one depends on. */
  levels: z.record(z.string(), state),
  /** Caches that may slow the owner and whose report is missing or too old. */
  missing: z.array(z.string()),
  /** What each cache was seen to consume at most since it isn't normal, events a second. */
  capacities: z.optional(z.record(z.string(), z.number())),
  /** Since when no cache lags any more and the pace grew but slowly, epoch milliseconds; only while paced. */
  settledSinceMs: z.optional(z.int()),
  /** Epoch milliseconds. */
  decidedAtMs: z.int(),
  /** From then on it counts as normal, epoch milliseconds. */
  validUntilMs: z.int(),
});

/** What the governor decided, as writers read it. */
export type FlowDecision = z.infer<typeof flowDecision>;

/** Reads a stored decision; undefined for anything else. */
export function parseFlowDecision(json: string): FlowDecision | undefined {
  try {
    return flowDecision.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}

/**
 * Water marks as parts of `highWater`, where writes are refused. They are paced from half of it, so that a slow rise meets the pace first; a
 * refusal ends where writes begin to be paced. The pace keeps what still presses at `HELD_AT`, well above where writes are free again: so one
 * burst brings one refusal at most, however long it is, and the cache has work all the time.
 */
export const PACED_FROM = 0.5;
export const HELD_AT = 0.25;
export const NORMAL_FROM = 0.1;

/** The pace is between these parts of what the cache consumes, as long as it has a backlog: less strangles its owner, more fills it up. */
export const PACE_RANGE = [0.5, 1.25] as const;

/** Writes a second that a paced owner takes at least: a cache that stands still fills up to `highWater` and is refused for then. */
export const MIN_PACE = 1;

/**
 * Writes press as long as at least this part of the pace comes: while they do they stay paced, or a long burst would be let in anew and
 * refused anew. What is measured may be two intervals old, in which a pace that grows has become nearly twice as much.
 */
export const PRESSED_FROM = 0.5;

/** A pace that rises by more than this, beyond how it grows by itself, is another. */
const MAX_JUMP = 1.25;

/** Bounds of retry-after, seconds. */
const MIN_RETRY_SECONDS = 1;
const MAX_RETRY_SECONDS = 900;

/**
 * Decides how writers may write, from what the caches last reported. The strictest cache counts. Pure: the same reports, decision before
 * and time give the same decision.
 *
 * @param previous undefined at the beginning
 * @param stream what is committed and not yet published: it will come to every cache
 */
export function decide(
  previous: FlowDecision | undefined,
  reports: readonly CacheReport[],
  stream: Pick<StreamBacklog, 'records' | 'rate'>,
  settings: GovernSettings,
  nowMs: number,
): FlowDecision {
  const levels: Record<string, FlowState> = {};
  const capacities: Record<string, number> = {};
  const missing: string[] = [];
  const slowing: { readonly level: FlowState; readonly report: CacheReport; readonly highWater: number }[] = [];
  for (const [cache, { highWater }] of Object.entries(settings.maySlowOwner)) {
    const report = reports.find((one) => one.cache === cache);
    if (report === undefined || nowMs - report.atMs > settings.reportLifeSeconds * 1000) {
      missing.push(cache);
      continue;
    }
    const whole = { ...report, backlog: report.backlog + stream.records };
    const capacity = Math.max(report.consumptionRate, own(previous?.capacities, cache) ?? 0);
    const level = levelOf(own(previous?.levels, cache) ?? 'normal', whole.backlog, highWater, () =>
      presses(previous, stream.rate, capacity, settings, nowMs),
    );
    if (level !== 'normal') capacities[cache] = capacity;
    levels[cache] = level;
    slowing.push({ level, report: whole, highWater });
  }
  const state = FLOW_STATES.findLast((one) => slowing.some(({ level }) => level === one)) ?? 'normal';
  const worst = slowing
    .filter(({ level }) => level === state)
    .sort((a, b) => b.report.backlog / b.highWater - a.report.backlog / a.highWater)[0];
  const validUntilMs = nowMs + settings.decisionLifeSeconds * 1000;
  const common = { state, levels, missing, capacities, decidedAtMs: nowMs, validUntilMs, retryAfterSeconds: 0 };
  if (state === 'normal' || worst === undefined) return common;
  const { cache, backlog, consumptionRate, productionRate } = worst.report;
  const drain = drainSeconds(backlog, { consumptionRate, productionRate: state === 'refusing' ? 0 : productionRate });
  const cause = { cache, backlog, drainSeconds: Number.isFinite(drain) ? drain : null };
  if (state === 'refusing') {
    return { ...common, cause, retryAfterSeconds: retryAfter(worst.report, worst.highWater, nowMs) };
  }
  const paced = slowing.filter(({ level }) => level === 'paced');
  const before = grown(previous, settings, nowMs);
  const pacePerSecond = Math.min(...paced.map((one) => pace(one.report, one.highWater, settings, before)));
  const isSettled =
    pacePerSecond <= MAX_JUMP * before && paced.every(({ report, highWater }) => isClear(report, highWater));
  const settledSinceMs = isSettled ? (previous?.settledSinceMs ?? nowMs) : nowMs;
  return { ...common, cause, pacePerSecond, settledSinceMs };
}

/** What a record holds itself: a cache may be called `constructor`. */
function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

function isClear({ backlog }: CacheReport, highWater: number): boolean {
  return backlog <= NORMAL_FROM * highWater;
}

function levelOf(previous: FlowState, backlog: number, highWater: number, doPress: () => boolean): FlowState {
  if (backlog >= highWater) return 'refusing';
  if (previous === 'normal') return backlog >= PACED_FROM * highWater ? 'paced' : 'normal';
  // Even from hardly any backlog: after a refusal nobody knows yet what still wants to come.
  if (previous === 'refusing') return backlog > PACED_FROM * highWater ? 'refusing' : 'paced';
  return backlog > NORMAL_FROM * highWater || doPress() ? 'paced' : 'normal';
}

/**
 * Whether as much is written as the pace lets in, or more than the cache was ever seen to consume, which conflation alone makes bearable. The
 * owner's stream tells it and not the queue, where conflation and other owners count. What was counted while a cache lagged or the pace was
 * another doesn't tell: then writes are taken to press.
 */
function presses(
  previous: FlowDecision | undefined,
  writeRate: number,
  capacity: number,
  { reportLifeSeconds }: GovernSettings,
  nowMs: number,
): boolean {
  // While another cache had writes refused, none came.
  if (previous?.pacePerSecond === undefined) return false;
  if (nowMs - (previous.settledSinceMs ?? nowMs) < reportLifeSeconds * 1000) return true;
  return writeRate >= PRESSED_FROM * previous.pacePerSecond || writeRate > capacity;
}

/** The pace before, after so long without need for it: it doubles in a report's life. */
function grown(previous: FlowDecision | undefined, { reportLifeSeconds }: GovernSettings, nowMs: number): number {
  if (previous?.pacePerSecond === undefined) return 0;
  return previous.pacePerSecond * 2 ** ((nowMs - previous.decidedAtMs) / (reportLifeSeconds * 1000));
}

/**
 * What the cache consumes, and so much less or more as brings its backlog to `HELD_AT` in a report's life. With hardly any backlog what it
 * consumes is no more than what it is sent, and says nothing of what it could: then the pace grows until it is found out.
 */
function pace(report: CacheReport, highWater: number, { reportLifeSeconds }: GovernSettings, grown: number): number {
  const { backlog, consumptionRate, share } = report;
  const wanted = consumptionRate + (HELD_AT * highWater - backlog) / reportLifeSeconds;
  const [least, most] = PACE_RANGE;
  const held = Math.min(most * consumptionRate, Math.max(least * consumptionRate, wanted)) * share;
  return Math.max(MIN_PACE, held, isClear(report, highWater) ? grown : 0);
}

/** From now; the report may be a while old. */
function retryAfter({ backlog, consumptionRate, atMs }: CacheReport, highWater: number, nowMs: number): number {
  if (consumptionRate <= 0) return MAX_RETRY_SECONDS;
  const seconds = (backlog - PACED_FROM * highWater) / consumptionRate - (nowMs - atMs) / 1000;
  return Math.min(MAX_RETRY_SECONDS, Math.max(MIN_RETRY_SECONDS, seconds));
}
