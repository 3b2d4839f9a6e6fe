import { type Datapoint, freshetMetric } from 'freshet-aws/internal/adapters/govern/metric-data';
import { PROJECTOR_METRICS, REPORT_METRICS } from 'freshet-aws/internal/core/metrics';
import type { Deployment, FoundCache } from '../deployment/deployment.ts';
import { finestPeriod } from './figures.ts';
import { readMetrics } from './read-metrics.ts';

/** The span of local rates and lead times: short enough to show changes, long enough not to jump. */
export const LOCAL_WINDOW_MS = 5_000;

/** How far back to search for the newest minute on AWS, because CloudWatch shows a minute some minutes late. */
export const AWS_LOOK_BACK_MS = 5 * 60_000;

/** How old the last value of a report function may be. A report is written each minute, and two may be missing. */
const REPORTED_MS = 5 * 60_000;

const RECENT = {
  settled: [PROJECTOR_METRICS.settled, 'Sum'],
  p50: [PROJECTOR_METRICS.leadTime, 'p50'],
  p99: [PROJECTOR_METRICS.leadTime, 'p99'],
  samples: [PROJECTOR_METRICS.leadTime, 'SampleCount'],
} as const;

const REPORTED = {
  staleness: [REPORT_METRICS.staleness, 'Average'],
  productionRate: [REPORT_METRICS.productionRate, 'Average'],
  consumptionRate: [REPORT_METRICS.consumptionRate, 'Average'],
} as const;

/** What a projector did in the last seconds in the local cloud, or in the last minutes on AWS. */
export type RecentMetrics = Readonly<Record<keyof typeof RECENT, readonly Datapoint[]>>;

/** What a cache's report function wrote in the last minutes. */
export type ReportedMetrics = Readonly<Record<keyof typeof REPORTED, readonly Datapoint[]>>;

/** Reads what the projectors of caches did lately, in the order of the caches. */
export async function readRecent(
  deployment: Pick<Deployment, 'clients' | 'isLocal'>,
  caches: readonly FoundCache[],
  nowMs: number,
): Promise<RecentMetrics[]> {
  const { isLocal } = deployment;
  // The span begins earlier than the window, because the period in which the window begins counts in part.
  const backMs = isLocal ? 2 * LOCAL_WINDOW_MS : AWS_LOOK_BACK_MS;
  const found = await seriesOf(deployment, caches, RECENT, nowMs - backMs, nowMs);
  const lately = (series: readonly Datapoint[]) =>
    isLocal ? series.filter(({ atMs }) => atMs > nowMs - LOCAL_WINDOW_MS) : series.slice(-1);
  return found.map(({ settled, p50, p99, samples }) => ({
    settled,
    p50: lately(p50),
    p99: lately(p99),
    samples: lately(samples),
  }));
}

/** Reads what the report functions of caches last wrote, in the order of the caches. */
export function readReported(
  deployment: Pick<Deployment, 'clients' | 'isLocal'>,
  caches: readonly FoundCache[],
  nowMs: number,
): Promise<ReportedMetrics[]> {
  return seriesOf(deployment, caches, REPORTED, nowMs - REPORTED_MS, nowMs);
}

/** Reads metrics of all caches together. */
async function seriesOf<K extends string>(
  deployment: Pick<Deployment, 'clients' | 'isLocal'>,
  caches: readonly FoundCache[],
  metrics: Readonly<Record<K, readonly [metric: string, statistic: string]>>,
  fromMs: number,
  nowMs: number,
): Promise<Record<K, readonly Datapoint[]>[]> {
  const keys = Object.keys(metrics) as K[];
  const queries = caches.flatMap(({ name, deployed }, index) =>
    keys.map((key) => {
      const [metric, statistic] = metrics[key];
      return [`${index}.${key}`, freshetMetric({ name, stack: deployed.stack }, metric, statistic)] as const;
    }),
  );
  const periodSeconds = finestPeriod(deployment);
  const span = { fromMs, toMs: nowMs + periodSeconds * 1000, periodSeconds };
  const found = await readMetrics(deployment, queries, span);
  return caches.map(
    (_, index) =>
      Object.fromEntries(keys.map((key) => [key, found.get(`${index}.${key}`) ?? []])) as Record<
        K,
        readonly Datapoint[]
      >,
  );
}
