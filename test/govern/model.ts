import type { FlowDecision } from '../../core/govern/decide.ts';
import { random } from '../simulation/random.ts';
import { type Change, createGovernor } from './governor.ts';
import { createPaceWatch, type PaceWindow } from './pace-watch.ts';
import { createCounter, createPipeline } from './pipeline.ts';
import { createPredictions, type Prediction } from './predictions.ts';
import { INTERVAL_SECONDS, type Scenario, STEP_MS } from './scenario.ts';
import { createWriters, LIFETIME_MS } from './writers.ts';
import type { Wrong } from './wrong.ts';

/** Maximum length of a run in virtual time. */
const MAX_SECONDS = 8 * 3600;

/** Number of seconds over which the rates of leases and calls are averaged. */
const RATE_SECONDS = 10;

/** The result of one run. */
export interface Run {
  readonly scenario: Scenario;
  /** Writes by result; `waiting` and `backlog` are those at the end of the run. */
  readonly wanted: number;
  readonly accepted: number;
  readonly refused: number;
  readonly waiting: number;
  readonly applied: number;
  readonly conflated: number;
  readonly backlog: number;
  /** The first step at which the counts don't add up, milliseconds. */
  readonly imbalanceAtMs: number | undefined;
  /**
   * The largest backlog, including the stream, and its bound: the high-water mark plus the inflow until the next report
   * was measured, arrived and was read by all writers, and the last of the inflow left the stream. The inflow rate is
   * the highest rate of wanted writes, or of writes admitted in an interval, because waiting writers are admitted at
   * the same time as new ones.
   */
  readonly worstBacklog: number;
  readonly bound: number;
  readonly changes: readonly Change[];
  readonly paces: readonly PaceWindow[];
  /** The highest rates of leases and of calls to the bucket over 10 seconds, a second. */
  readonly leaseRate: number;
  readonly askRate: number;
  /** The longest time in which the queue was never nearly empty. */
  readonly longestBehindSeconds: number;
  /**
   * Without a governor: the drain time of the first report whose rates were measured after the peak had left the
   * stream, and the time from that report until the queue is nearly empty, which is 1 % of the reported backlog or a
   * second of the cache's work.
   */
  readonly drain: Prediction | undefined;
  /**
   * Retry-after of each decision whose rates were measured while writes were refused, and the time until the backlog
   * was low enough for paced writes.
   */
  readonly retries: readonly Prediction[];
  /** Writes that were refused without a valid decision that limits writes. */
  readonly refusedWithout: number;
  readonly decisions: readonly FlowDecision[];
}

/** Runs a scenario in virtual time. */
export function run(scenario: Scenario, wrong: Wrong = {}): Run {
  const { seed, capacity, highWater, relayDelayMs } = scenario;
  const pipeline = createPipeline(scenario);
  const predictions = createPredictions(scenario);
  const paceWatch = createPaceWatch(scenario);
  const governor = createGovernor(scenario, wrong, { pipeline, predictions, paceWatch, coin: random(seed, 'faults') });
  const writers = createWriters(scenario, () => governor.decision, random(seed, 'writers'), wrong);
  const arrivals = createCounter(scenario.demandNoise, scenario.isPoisson, random(seed, 'arrivals'));
  const service = createCounter(scenario.consumptionNoise, false, random(seed, 'service'));
  const rates = createRates();
  const count = { wanted: 0, accepted: 0, refused: 0, refusedWithout: 0 };
  const worst = { backlog: 0, behindMs: 0 };
  let imbalanceAtMs: number | undefined;
  let limitedAtMs = 0;
  let drainedAtMs = 0;
  let isConflating = false;

  for (let nowMs = 0; nowMs <= MAX_SECONDS * 1000; nowMs += STEP_MS) {
    const second = nowMs / 1000;
    governor.step(nowMs);
    const isLimited = governor.isValid(nowMs) && governor.decision?.state !== 'normal';
    const rate = second < scenario.loadEndSeconds ? scenario.demandAt(second) : 0;
    predictions.demand(nowMs, rate);
    const wanted = arrivals(rate);
    const entered = scenario.isGoverned ? writers.step(nowMs, STEP_MS, wanted) : { accepted: wanted, refused: 0 };
    count.wanted += wanted;
    count.accepted += entered.accepted;
    count.refused += entered.refused;
    if (isLimited) limitedAtMs = nowMs;
    if (nowMs > limitedAtMs + LIFETIME_MS) count.refusedWithout += entered.refused;
    if (nowMs % LIFETIME_MS === 0) isConflating = isLimited;
    const committed = wrong.committed?.(entered) ?? entered.accepted;
    const work = service(capacity);
    pipeline.step(nowMs, { committed, isConflating, work: wrong.worked?.(work) ?? work });

    const { backlog, queue, applied, conflated } = pipeline;
    worst.backlog = Math.max(worst.backlog, backlog);
    const isBalanced =
      count.wanted === count.accepted + count.refused + writers.waiting &&
      count.accepted === backlog + applied + conflated;
    if (!isBalanced) imbalanceAtMs ??= nowMs;
    // Two seconds of work are in flight even if the cache keeps up.
    if (queue <= 2 * capacity) drainedAtMs = nowMs;
    worst.behindMs = Math.max(worst.behindMs, nowMs - drainedAtMs);
    predictions.observe(nowMs, queue, backlog);
    if (nowMs % 1000 === 0) {
      paceWatch.second(nowMs, { wantedRate: rate, accepted: count.accepted });
      rates.second(rate, { leases: writers.leases, asked: writers.asked, accepted: count.accepted });
    }
    const isOver = second > scenario.loadEndSeconds && backlog === 0 && writers.waiting === 0;
    if (isOver && !isLimited) break;
  }

  const delaySeconds = (governor.longestGapMs + scenario.reportDelayMs + LIFETIME_MS + relayDelayMs) / 1000;
  return {
    scenario,
    wanted: count.wanted,
    accepted: count.accepted,
    refused: count.refused,
    waiting: writers.waiting,
    applied: pipeline.applied,
    conflated: pipeline.conflated,
    backlog: pipeline.backlog,
    imbalanceAtMs,
    worstBacklog: worst.backlog,
    bound: highWater + rates.highest.inflow * delaySeconds,
    changes: governor.changes,
    paces: paceWatch.windows(),
    leaseRate: rates.highest.leases,
    askRate: rates.highest.asked,
    longestBehindSeconds: worst.behindMs / 1000,
    drain: predictions.drain,
    retries: predictions.retries,
    refusedWithout: count.refusedWithout,
    decisions: governor.decisions,
  };
}

/** Measures the highest rates of a run from its counts, once a second. */
function createRates() {
  const counts = { leases: [0], asked: [0], accepted: [0] };
  const highest = { leases: 0, asked: 0, inflow: 0 };
  /** Adds a count and returns its rate over the last seconds. */
  const rateOf = (all: number[], count: number, seconds: number): number => {
    all.push(count);
    return (count - (all.at(-1 - seconds) ?? 0)) / seconds;
  };
  return {
    highest,
    second(wantedRate: number, { leases, asked, accepted }: Record<keyof typeof counts, number>): void {
      highest.leases = Math.max(highest.leases, rateOf(counts.leases, leases, RATE_SECONDS));
      highest.asked = Math.max(highest.asked, rateOf(counts.asked, asked, RATE_SECONDS));
      const admitted = rateOf(counts.accepted, accepted, INTERVAL_SECONDS);
      highest.inflow = Math.max(highest.inflow, wantedRate, admitted);
    },
  };
}
