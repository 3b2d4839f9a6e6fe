import { decide, type FlowDecision, type FlowState, PACED_FROM } from '../../core/govern/decide.ts';
import { drainSeconds, ratesOf, streamBacklog } from '../../core/govern/measure.ts';
import type { CacheReport } from '../../core/govern/report.ts';
import { random } from '../simulation/random.ts';
import type { Wrong } from './mutants.ts';
import { createPaceWatch, type PaceWindow } from './pace-watch.ts';
import { INTERVAL_SECONDS, LIFE_SECONDS, type Scenario } from './scenario.ts';
import { createWriters, LIFETIME_MS } from './writers.ts';

const STEP_MS = 200;
const INTERVAL_MS = INTERVAL_SECONDS * 1000;
export const CACHE = 'shop';

/** No run takes longer, in virtual time. */
const MAX_SECONDS = 8 * 3600;

/** Something that was foretold and what came true, seconds. */
export interface Foretold {
  readonly foretold: number;
  readonly truth: number;
}

/** What one run came to. */
export interface Run {
  readonly scenario: Scenario;
  /** Writes by what became of them; `waiting` and `backlog` are those that the end of the run left. */
  readonly wanted: number;
  readonly accepted: number;
  readonly refused: number;
  readonly waiting: number;
  readonly applied: number;
  readonly conflated: number;
  readonly backlog: number;
  /** The first step at which the counts didn't add up, milliseconds. */
  readonly imbalanceAtMs: number | undefined;
  /**
   * The largest true backlog, in-stream part included, and what it may be at most: the high-water mark and what comes in until the next report
   * was measured, arrived, was read by all writers, and the last of it left the stream. Inflow is the most that is wanted at a time, or admitted
   * in an interval: writers who waited and are let go at the same time count on top.
   */
  readonly worstBacklog: number;
  readonly bound: number;
  readonly changes: readonly { readonly atMs: number; readonly from: FlowState; readonly to: FlowState }[];
  readonly paces: readonly PaceWindow[];
  /** The most leases, and calls to the bucket, of any 10 seconds, by the second. */
  readonly leaseRate: number;
  readonly askRate: number;
  /** The longest time without a moment of hardly any backlog. */
  readonly longestBehindSeconds: number;
  /**
   * Without a governor: the drain time of the first report whose rates, of consumption as of production, were measured wholly after the peak had
   * left the stream, and the time from that report until hardly anything is left: 1 % of what it reported, or a second of the cache's work.
   */
  readonly drain: Foretold | undefined;
  /**
   * Retry-after of each decision that refuses by rates of the time that writes are refused in (from two and a half intervals on; 30 s at
   * least, below its upper bound), and the time until the true backlog was down to where writes are paced.
   */
  readonly retries: readonly Foretold[];
  /** Writes that were refused when no decision was valid any more that limits them. */
  readonly refusedWithout: number;
  readonly decisions: readonly FlowDecision[];
}

/** Runs one seed in virtual time. */
export function run(scenario: Scenario, wrong: Wrong = {}): Run {
  const { seed, capacity, highWater, relayDelayMs, faults } = scenario;
  const [arrivals, service, coin] = ['arrivals', 'service', 'faults'].map((name) => random(seed, name));
  if (arrivals === undefined || service === undefined || coin === undefined) throw new Error('no random numbers');
  const decideBy = wrong.decide ?? decide;
  const settings = {
    maySlowOwner: { [CACHE]: { highWater } },
    reportLifeSeconds: LIFE_SECONDS,
    decisionLifeSeconds: LIFE_SECONDS,
    ...wrong.settings,
  };

  let decision: FlowDecision | undefined;
  let stored: CacheReport | undefined;
  const underway: { readonly atMs: number; readonly report: CacheReport }[] = [];
  const writers = createWriters(scenario, () => decision, random(seed, 'writers'), wrong);
  const stream: number[] = new Array(Math.round(relayDelayMs / STEP_MS)).fill(0);
  const [published, consumed]: [number[], number[]] = [[], []];

  let [wanted, accepted, refused, applied, conflated, inStream, queue] = [0, 0, 0, 0, 0, 0, 0];
  let [demandCarry, workCarry, refusedWithout, worstBacklog] = [0, 0, 0, 0];
  let limitedAtMs = 0;
  let [longestBehindMs, drainedAtMs, lastReportMs, longestGapMs] = [0, 0, 0, INTERVAL_MS];
  let [leaseRate, askRate, maxInflow] = [0, 0, 0];
  let imbalanceAtMs: number | undefined;
  let before = { backlog: 0, atMs: 0 };
  let relayState: FlowState = 'normal';
  let maxDemand = 0;
  let peakEndMs: number | undefined;
  let prediction: { foretold: number; atMs: number; goneAt: number } | undefined;
  let drain: Foretold | undefined;
  let openRetries: { foretold: number; atMs: number }[] = [];
  const retries: Foretold[] = [];
  const changes: { atMs: number; from: FlowState; to: FlowState }[] = [];
  const decisions: FlowDecision[] = [];
  const paceWatch = createPaceWatch(scenario);
  const counts = { leases: [0], asked: [0], accepted: [0] };

  const decideNow = (nowMs: number): void => {
    if (!scenario.isGoverned || nowMs >= (faults.governorEndsAt ?? Infinity) * 1000) return;
    const bucket = Math.floor((nowMs - scenario.metricDelayMs) / INTERVAL_MS);
    const rate = (published[bucket - 1] ?? 0) / INTERVAL_SECONDS;
    const progress = bucket < 1 ? undefined : { delayMs: relayDelayMs, atMs: bucket * INTERVAL_MS, rate };
    const inStreamNow = streamBacklog(progress, nowMs, 2 * INTERVAL_MS);
    const from = decision?.state ?? 'normal';
    decision = decideBy(decision, stored === undefined ? [] : [stored], inStreamNow, settings, nowMs);
    decisions.push(decision);
    if (decision.state !== from) changes.push({ atMs: nowMs, from, to: decision.state });
    paceWatch.decided(nowMs, decision);
    // Told by rates of the time before the refusal, it would tell of them.
    const since = changes.at(-1)?.atMs ?? 0;
    const told = decision.retryAfterSeconds;
    if (decision.state === 'refusing' && nowMs - since > 2.5 * INTERVAL_MS && told >= 30 && told < 900) {
      openRetries.push({ foretold: told, atMs: nowMs });
    }
  };

  const measure = (nowMs: number): void => {
    // As `measureCache` does, with the newest whole interval that can be read.
    const newest = Math.floor((nowMs - scenario.metricDelayMs) / INTERVAL_MS) - 1;
    const seconds = (nowMs - before.atMs) / 1000;
    const consumptionRate = (consumed[newest] ?? 0) / INTERVAL_SECONDS;
    const rates = ratesOf(consumptionRate * seconds, [before.backlog, queue], seconds);
    const drains = (wrong.drainSeconds ?? drainSeconds)(queue, rates);
    const isAfterPeak =
      !scenario.isGoverned &&
      peakEndMs !== undefined &&
      Math.min(before.atMs, newest * INTERVAL_MS) >= peakEndMs + relayDelayMs &&
      prediction === undefined;
    if (isAfterPeak && Number.isFinite(drains) && drains > INTERVAL_SECONDS) {
      prediction = { foretold: drains, atMs: nowMs, goneAt: Math.max(0.01 * queue, capacity) };
    }
    before = { backlog: queue, atMs: nowMs };
    const report = {
      ...{ cache: CACHE, atMs: nowMs, backlog: queue, ...rates, oldestAgeSeconds: 0, share: 1 },
      drainSeconds: Number.isFinite(drains) ? drains : null,
    };
    if (coin.chance(faults.lostReports)) return;
    longestGapMs = Math.max(longestGapMs, nowMs - lastReportMs);
    lastReportMs = nowMs;
    underway.push({ atMs: nowMs + scenario.reportDelayMs, report });
  };

  /** Events of one step at a rate, so that a mean of it comes of many steps. */
  const countOf = (rate: number, noise: number, carry: number, isPoisson: boolean, next: () => number) => {
    const mean = (rate * STEP_MS * (1 + noise * (2 * next() - 1))) / 1000;
    const spread = isPoisson ? Math.sqrt(mean) * 2 * (next() + next() + next() - 1.5) : 0;
    const exact = Math.max(0, mean + spread + carry);
    return { count: Math.floor(exact), carry: exact - Math.floor(exact) };
  };

  let nowMs = 0;
  for (let step = 0; nowMs < MAX_SECONDS * 1000; step += 1) {
    nowMs = step * STEP_MS;
    const intoMs = nowMs % INTERVAL_MS;
    const isAt = (seconds: number): boolean => intoMs === Math.floor((seconds * 1000) / STEP_MS) * STEP_MS;
    const second = nowMs / 1000;
    if (isAt(scenario.reportAtSeconds) && second < (faults.reporterEndsAt ?? Infinity)) measure(nowMs);
    for (let first = underway[0]; first !== undefined && first.atMs <= nowMs; first = underway[0]) {
      stored = first.report;
      underway.shift();
      decideNow(nowMs);
    }
    if (isAt(scenario.governAtSeconds)) decideNow(nowMs);

    const rate = second < scenario.loadEndSeconds ? scenario.demandAt(second) : 0;
    maxDemand = Math.max(maxDemand, rate);
    if (peakEndMs === undefined && maxDemand > capacity && rate < capacity) peakEndMs = nowMs;
    const come = countOf(rate, scenario.demandNoise, demandCarry, scenario.isPoisson, arrivals.next);
    demandCarry = rate === 0 ? 0 : come.carry;
    const comes = rate === 0 ? 0 : come.count;
    wanted += comes;
    const entered = scenario.isGoverned ? writers.step(nowMs, STEP_MS, comes) : { accepted: comes, refused: 0 };
    accepted += entered.accepted;
    refused += entered.refused;
    if (decision !== undefined && decision.state !== 'normal' && nowMs < decision.validUntilMs) limitedAtMs = nowMs;
    if (nowMs > limitedAtMs + LIFETIME_MS) refusedWithout += entered.refused;
    const committed = wrong.committed?.(entered) ?? entered.accepted;
    inStream += committed;

    if (nowMs % LIFETIME_MS === 0)
      relayState = decision !== undefined && nowMs < decision.validUntilMs ? decision.state : 'normal';
    const at = step % stream.length;
    const leaves = stream[at] ?? 0;
    stream[at] = committed;
    inStream -= leaves;
    const merged = relayState === 'normal' ? 0 : Math.floor(leaves * scenario.conflation);
    const minute = Math.floor(nowMs / INTERVAL_MS);
    published[minute] = (published[minute] ?? 0) + leaves;
    conflated += merged;
    queue += leaves - merged;

    const work = countOf(capacity, scenario.consumptionNoise, workCarry, false, service.next);
    workCarry = work.carry;
    const done = Math.min(queue, wrong.worked?.(work.count) ?? work.count);
    queue -= done;
    applied += done;
    consumed[minute] = (consumed[minute] ?? 0) + done;

    const backlog = inStream + queue;
    worstBacklog = Math.max(worstBacklog, backlog);
    if (wanted !== accepted + refused + writers.waiting || accepted !== backlog + applied + conflated)
      imbalanceAtMs ??= nowMs;
    // What is on its way, and what comes in two seconds.
    if (queue <= 2 * capacity) drainedAtMs = nowMs;
    longestBehindMs = Math.max(longestBehindMs, nowMs - drainedAtMs);
    if (prediction !== undefined && drain === undefined && queue <= prediction.goneAt) {
      drain = { foretold: prediction.foretold, truth: (nowMs - prediction.atMs) / 1000 };
    }
    if (openRetries.length > 0 && backlog <= PACED_FROM * highWater) {
      retries.push(...openRetries.map(({ foretold, atMs }) => ({ foretold, truth: (nowMs - atMs) / 1000 })));
      openRetries = [];
    }
    if (nowMs % 1000 === 0) {
      paceWatch.second(nowMs, { wantedRate: rate, accepted });
      const perSecond = (all: number[], count: number) => {
        all.push(count);
        return (count - (all.at(-11) ?? 0)) / 10;
      };
      leaseRate = Math.max(leaseRate, perSecond(counts.leases, writers.leases));
      askRate = Math.max(askRate, perSecond(counts.asked, writers.asked));
      counts.accepted.push(accepted);
      maxInflow = Math.max(
        maxInflow,
        rate,
        (accepted - (counts.accepted.at(-1 - INTERVAL_SECONDS) ?? 0)) / INTERVAL_SECONDS,
      );
    }
    const isOver = second > scenario.loadEndSeconds && backlog === 0 && writers.waiting === 0;
    if (isOver && (decision === undefined || decision.state === 'normal' || nowMs >= decision.validUntilMs)) break;
  }

  const delaySeconds = (longestGapMs + scenario.reportDelayMs + LIFETIME_MS + relayDelayMs) / 1000;
  return {
    ...{ scenario, wanted, accepted, refused, waiting: writers.waiting, applied, conflated, backlog: inStream + queue },
    ...{ imbalanceAtMs, worstBacklog, bound: highWater + maxInflow * delaySeconds, changes },
    ...{ paces: paceWatch.windows(), leaseRate, askRate, longestBehindSeconds: longestBehindMs / 1000 },
    ...{ drain, retries, refusedWithout, decisions },
  };
}
