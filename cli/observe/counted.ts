import { type Datapoint, freshetMetric, type MetricQuery } from 'freshet-aws/internal/adapters/govern/metric-data';
import {
  type Emitter,
  GOVERNOR_METRICS,
  OUTCOME_METRICS,
  PROJECTOR_METRICS,
  RELAY_DELAY_METRIC,
  RELAY_METRICS,
  REPORT_METRICS,
} from 'freshet-aws/internal/core/metrics';
import { countedSpan } from '../clients/counts.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { finestPeriod } from './figures.ts';
import { readMetrics } from './read-metrics.ts';

/** The metrics of emitters: key to metric and statistic. */
type Metrics = Readonly<Record<string, readonly [metric: string, statistic: string]>>;

function sums<K extends string>(metrics: Readonly<Record<K, string>>): Record<K, readonly [string, string]> {
  const entries = (Object.keys(metrics) as K[]).map((key) => [key, [metrics[key], 'Sum'] as const] as const);
  return Object.fromEntries(entries) as Record<K, readonly [string, string]>;
}

const { published, conflated, diverted } = RELAY_METRICS;
const { productionRate, consumptionRate, utilisation, oldestAge, staleness } = REPORT_METRICS;

/** What is counted over a span. */
const COUNTED = {
  caches: {
    ...sums(OUTCOME_METRICS),
    p50: [PROJECTOR_METRICS.leadTime, 'p50'],
    p99: [PROJECTOR_METRICS.leadTime, 'p99'],
    samples: [PROJECTOR_METRICS.leadTime, 'SampleCount'],
  },
  owners: sums({ published, conflated, diverted }),
} as const;

/** What functions write each minute: of a cache its report function, of an owner its relay and its governor. */
const GAUGES = {
  caches: {
    productionRate: [productionRate, 'Average'],
    consumptionRate: [consumptionRate, 'Average'],
    utilisation: [utilisation, 'Average'],
    oldestAge: [oldestAge, 'Average'],
    staleness: [staleness, 'Average'],
  },
  owners: {
    relayDelay: [RELAY_DELAY_METRIC, 'Maximum'],
    streamUse: [GOVERNOR_METRICS.streamUse, 'Maximum'],
  },
} as const;

/** How old the newest value of a gauge may be. A report is written each minute, and two may be missing. */
const GAUGE_LIFE_MS = 5 * 60_000;

type Series = readonly Datapoint[];

/** The series of all caches and owners, in their order. */
interface SeriesOf<C extends Metrics, O extends Metrics> {
  readonly caches: readonly Readonly<Record<keyof C, Series>>[];
  readonly owners: readonly Readonly<Record<keyof O, Series>>[];
}

type Observed = Pick<Deployment, 'clients' | 'isLocal' | 'caches' | 'owners'>;

/** Reads the outcomes and lead times of all caches, and the published versions of all owners, over a span. */
export function readCounted(deployment: Observed, sinceMs: number, nowMs: number, progress?: () => void) {
  return seriesOf(deployment, COUNTED, countedSpan(sinceMs, nowMs), progress);
}

/** Reads the gauges of all caches and owners. */
export function readGauges(deployment: Observed, nowMs: number, progress?: () => void) {
  const periodSeconds = finestPeriod(deployment);
  const span = { fromMs: nowMs - GAUGE_LIFE_MS, toMs: nowMs + periodSeconds * 1000, periodSeconds };
  return seriesOf(deployment, GAUGES, span, progress);
}

async function seriesOf<C extends Metrics, O extends Metrics>(
  deployment: Observed,
  metrics: { readonly caches: C; readonly owners: O },
  span: Parameters<typeof readMetrics>[2],
  progress?: () => void,
): Promise<SeriesOf<C, O>> {
  const emitters = (role: 'caches' | 'owners'): Emitter[] =>
    deployment[role].map(({ name, deployed: { stack } }) => ({ name, stack }));
  const queries = (['caches', 'owners'] as const).flatMap((role) =>
    emitters(role).flatMap((emitter, index) =>
      Object.entries(metrics[role]).map(([key, [metric, statistic]]): [string, MetricQuery] => [
        `${role}.${index}.${key}`,
        freshetMetric(emitter, metric, statistic),
      ]),
    ),
  );
  const found = await readMetrics(deployment, queries, span, progress);
  const of = <M extends Metrics>(role: 'caches' | 'owners', its: M) =>
    deployment[role].map(
      (_, index) =>
        Object.fromEntries(Object.keys(its).map((key) => [key, found.get(`${role}.${index}.${key}`) ?? []])) as Record<
          keyof M,
          Series
        >,
    );
  return { caches: of('caches', metrics.caches), owners: of('owners', metrics.owners) };
}
