import { decide, type FlowDecision, type FlowState } from '../../core/govern/decide.ts';
import { drainSeconds, ratesOf, streamBacklog } from '../../core/govern/measure.ts';
import type { CacheReport } from '../../core/govern/report.ts';
import type { Random } from '../simulation/random.ts';
import type { PaceWatch } from './pace-watch.ts';
import type { Pipeline } from './pipeline.ts';
import type { createPredictions } from './predictions.ts';
import { INTERVAL_MS, INTERVAL_SECONDS, LIFE_SECONDS, type Scenario, STEP_MS } from './scenario.ts';
import type { Wrong } from './wrong.ts';

/** Name of the only cache. */
export const CACHE = 'shop';

/** A change of the flow state. */
export interface Change {
  readonly atMs: number;
  readonly from: FlowState;
  readonly to: FlowState;
}

/** The parts of a run that the reports and decisions use. */
interface Parts {
  readonly pipeline: Pipeline;
  readonly predictions: ReturnType<typeof createPredictions>;
  readonly paceWatch: PaceWatch;
  /** Decides which reports are lost. */
  readonly coin: Random;
}

/** The cache's reports and the owner's governor. */
export function createGovernor(scenario: Scenario, wrong: Wrong, { pipeline, predictions, paceWatch, coin }: Parts) {
  const { faults, highWater, metricDelayMs, relayDelayMs, reportDelayMs } = scenario;
  const settings = {
    maySlowOwner: { [CACHE]: { highWater } },
    reportLifeSeconds: LIFE_SECONDS,
    decisionLifeSeconds: LIFE_SECONDS,
    ...wrong.settings,
  };
  const decideBy = wrong.decide ?? decide;
  const drainBy = wrong.drainSeconds ?? drainSeconds;
  const changes: Change[] = [];
  const decisions: FlowDecision[] = [];
  const sent: { readonly atMs: number; readonly report: CacheReport }[] = [];
  let decision: FlowDecision | undefined;
  let stored: CacheReport | undefined;
  let before = { backlog: 0, atMs: 0 };
  let [lastReportMs, longestGapMs] = [0, INTERVAL_MS];

  /** The last interval whose metrics can be read. */
  const lastInterval = (nowMs: number): number => Math.floor((nowMs - metricDelayMs) / INTERVAL_MS) - 1;

  const decideNow = (nowMs: number): void => {
    if (!scenario.isGoverned || nowMs >= (faults.governorEndsAt ?? Number.POSITIVE_INFINITY) * 1000) return;
    const interval = lastInterval(nowMs);
    const rate = pipeline.published(interval) / INTERVAL_SECONDS;
    const progress = interval < 0 ? undefined : { delayMs: relayDelayMs, atMs: (interval + 1) * INTERVAL_MS, rate };
    const stream = streamBacklog(progress, nowMs, 2 * INTERVAL_MS);
    const from = decision?.state ?? 'normal';
    decision = decideBy(decision, stored === undefined ? [] : [stored], stream, settings, nowMs);
    decisions.push(decision);
    if (decision.state !== from) changes.push({ atMs: nowMs, from, to: decision.state });
    paceWatch.decided(nowMs, decision);
    predictions.decided(nowMs, decision, changes.at(-1)?.atMs ?? 0);
  };

  /** Measures the queue as `measureCache` does, and sends the report. */
  const report = (nowMs: number): void => {
    const { queue } = pipeline;
    const interval = lastInterval(nowMs);
    const seconds = (nowMs - before.atMs) / 1000;
    const consumed = (pipeline.consumed(interval) / INTERVAL_SECONDS) * seconds;
    const rates = ratesOf(consumed, [before.backlog, queue], seconds);
    const drains = drainBy(queue, rates);
    predictions.reported(nowMs, Math.min(before.atMs, interval * INTERVAL_MS), queue, drains);
    before = { backlog: queue, atMs: nowMs };
    if (coin.chance(faults.lostReports)) return;
    longestGapMs = Math.max(longestGapMs, nowMs - lastReportMs);
    lastReportMs = nowMs;
    sent.push({
      atMs: nowMs + reportDelayMs,
      report: {
        cache: CACHE,
        atMs: nowMs,
        backlog: queue,
        ...rates,
        oldestAgeSeconds: 0,
        share: 1,
        drainSeconds: Number.isFinite(drains) ? drains : null,
      },
    });
  };

  return {
    changes,
    decisions,
    get decision() {
      return decision;
    },
    get longestGapMs() {
      return longestGapMs;
    },
    /** Whether a decision is valid. */
    isValid: (nowMs: number): boolean => decision !== undefined && nowMs < decision.validUntilMs,
    /** Sends a report, delivers reports and decides, each if it is due in this step. */
    step(nowMs: number): void {
      const intoMs = nowMs % INTERVAL_MS;
      const isAt = (seconds: number): boolean => intoMs === Math.floor((seconds * 1000) / STEP_MS) * STEP_MS;
      const reporterEndsAt = faults.reporterEndsAt ?? Number.POSITIVE_INFINITY;
      if (isAt(scenario.reportAtSeconds) && nowMs / 1000 < reporterEndsAt) report(nowMs);
      for (let first = sent[0]; first !== undefined && first.atMs <= nowMs; first = sent[0]) {
        stored = first.report;
        sent.shift();
        decideNow(nowMs);
      }
      if (isAt(scenario.governAtSeconds)) decideNow(nowMs);
    },
  };
}
