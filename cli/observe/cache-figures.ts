import { newestWhole } from 'freshet-aws/internal/adapters/govern/metric-data';
import type { Rates } from 'freshet-aws/internal/core/govern/measure';
import type { Deployment } from '../deployment/deployment.ts';
import { LOCAL_WINDOW_MS, type RecentMetrics, type ReportedMetrics } from './cache-metrics.ts';
import { drainOf, type KnownRates, overall } from './figures.ts';
import { type Backlogs, liveRates, withSample } from './rates.ts';

/** What one look sees of a cache. The metrics are undefined if they couldn't be read. */
export interface SeenCache {
  /** Null if it couldn't be read. */
  readonly backlog: number | null;
  readonly recent: RecentMetrics | undefined;
  readonly reported: ReportedMetrics | undefined;
}

/** The figures of a cache. Null: not known yet. */
export interface CacheFigures extends KnownRates {
  readonly backlog: number | null;
  /** Time until the backlog is drained at these rates; null if it doesn't drain, or if the rates are null. */
  readonly drainSeconds: number | null;
  readonly leadTimeP50Ms: number | null;
  readonly leadTimeP99Ms: number | null;
  readonly stalenessSeconds: number | null;
}

/** Creates a function that makes figures of a cache. It remembers backlogs, because rates are differences of them. */
export function createCacheFigures({
  isLocal,
}: Pick<Deployment, 'isLocal'>): (seen: SeenCache, nowMs: number) => CacheFigures {
  let backlogs: Backlogs = [];
  return ({ backlog, recent, reported }, nowMs) => {
    if (backlog !== null) backlogs = withSample(backlogs, { backlog, atMs: nowMs }, isLocal ? LOCAL_WINDOW_MS : 60_000);
    const rates = isLocal
      ? recent && liveRates(backlogs, recent.settled, 1)
      : awsRates(backlogs, recent, reported, nowMs);
    const known = { productionRate: rates?.productionRate ?? null, consumptionRate: rates?.consumptionRate ?? null };
    return {
      backlog,
      ...known,
      drainSeconds: backlog === null ? null : drainOf(backlog, known),
      leadTimeP50Ms: recent === undefined ? null : overall(recent.p50, recent.samples),
      leadTimeP99Ms: recent === undefined ? null : overall(recent.p99, recent.samples),
      stalenessSeconds: reported?.staleness.at(-1)?.value ?? null,
    };
  };
}

/**
 * Returns the rates, calculated from the newest complete minute in CloudWatch and the change of the backlog. Until both
 * are known, returns the rates that the cache last reported.
 */
function awsRates(
  backlogs: Backlogs,
  recent: RecentMetrics | undefined,
  reported: ReportedMetrics | undefined,
  nowMs: number,
): Rates | undefined {
  const [first, last] = [backlogs[0], backlogs.at(-1)];
  const seconds = first === undefined || last === undefined ? 0 : (last.atMs - first.atMs) / 1000;
  if (recent !== undefined && first !== undefined && last !== undefined && seconds >= 30) {
    const newest = newestWhole(recent.settled, nowMs, 60);
    // A minute without events has no datapoint. If the newest datapoint is older than CloudWatch's delay, there are no
    // current events.
    const settled = newest !== undefined && nowMs - newest.atMs < 3 * 60_000 ? newest.value : 0;
    const consumptionRate = settled / 60;
    const change = (last.backlog - first.backlog) / seconds;
    return { consumptionRate, productionRate: Math.max(0, consumptionRate + change) };
  }
  const productionRate = reported?.productionRate.at(-1)?.value;
  const consumptionRate = reported?.consumptionRate.at(-1)?.value;
  return productionRate === undefined || consumptionRate === undefined
    ? undefined
    : { productionRate, consumptionRate };
}
