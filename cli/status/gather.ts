import { ATTRIBUTE } from 'freshet-aws/internal/adapters/aws/items';
import { countType } from 'freshet-aws/internal/adapters/aws/list';
import { type Datapoint, freshetMetric, metricData } from 'freshet-aws/internal/adapters/govern/metric-data';
import { queueBacklog } from 'freshet-aws/internal/adapters/govern/report';
import { readReadiness } from 'freshet-aws/internal/adapters/read/readiness';
import { drainSeconds } from 'freshet-aws/internal/core/govern/measure';
import {
  GOVERNOR_METRICS,
  OUTCOME_METRICS,
  PROJECTOR_METRICS,
  RELAY_DELAY_METRIC,
  RELAY_METRICS,
  REPORT_METRICS,
} from 'freshet-aws/internal/core/metrics';
import { readAlarms } from '../alarms.ts';
import { isStopped } from '../clients/function-state.ts';
import { countAside } from '../clients/parked-count.ts';
import { readFlowStatus } from '../flow-status.ts';
import { finestPeriod, type Watched, type WatchedCache, type WatchedOwner } from '../watched.ts';
import type { CacheStatus, OwnerStatus, StatusReport } from './document.ts';

/** What is gathered. */
export interface GatherOptions {
  /** The span that is counted, back from now. */
  readonly sinceMs: number;
  /** Whether to count each cache's entities, which reads whole tables. */
  readonly countEntities: boolean;
}

/** Reads the state of everything deployed: from CloudWatch what was counted, from queues and tables what is there now. */
export async function gatherStatus(watched: Watched, options: GatherOptions): Promise<StatusReport> {
  const nowMs = Date.now();
  const [owners, caches, alarms] = await Promise.all([
    Promise.all(watched.owners.map((owner) => ownerStatus(watched, owner, options, nowMs))),
    Promise.all(watched.caches.map((cache) => cacheStatus(watched, cache, options, nowMs))),
    readAlarms(watched),
  ]);
  const readAt = new Date(nowMs).toISOString();
  return { place: watched.place, readAt, sinceSeconds: options.sinceMs / 1000, owners, caches, alarms };
}

async function ownerStatus(
  watched: Watched,
  owner: WatchedOwner,
  { sinceMs }: GatherOptions,
  nowMs: number,
): Promise<OwnerStatus> {
  const { name, deployed } = owner;
  const { metrics, functions, tables } = watched.clients;
  const { published, conflated, diverted } = RELAY_METRICS;
  const [stopped, counted, gauges, flow, setAside] = await Promise.all([
    isStopped(functions, deployed.relay),
    metricData(metrics, sums(name, { published, conflated, diverted }), countedSpan(sinceMs, nowMs)),
    metricData(
      metrics,
      {
        relayDelay: freshetMetric(name, RELAY_DELAY_METRIC, 'Maximum'),
        streamUse: freshetMetric(name, GOVERNOR_METRICS.streamUse, 'Maximum'),
      },
      gaugeSpan(watched, nowMs),
    ),
    readFlowStatus(watched, owner, nowMs),
    countAside(tables, deployed.parkingTable),
  ]);
  return {
    owner: name,
    relay: stopped ? 'stopped' : 'running',
    published: total(counted.published),
    conflated: total(counted.conflated),
    diverted: total(counted.diverted),
    relayDelayMs: newest(gauges.relayDelay),
    streamUsePercent: newest(gauges.streamUse),
    flow,
    setAside,
  };
}

async function cacheStatus(
  watched: Watched,
  cache: WatchedCache,
  { sinceMs, countEntities }: GatherOptions,
  nowMs: number,
): Promise<CacheStatus> {
  const { name, deployed } = cache;
  const { metrics, tables, queues } = watched.clients;
  const [outcomes, lead, gauges, backlog, deadLetters, undelivered, setAside, readiness, entities] = await Promise.all([
    metricData(metrics, sums(name, OUTCOME_METRICS), countedSpan(sinceMs, nowMs)),
    metricData(metrics, leadTimes(name), countedSpan(sinceMs, nowMs)),
    metricData(metrics, reported(name), gaugeSpan(watched, nowMs)),
    queueBacklog(queues, deployed.queueUrl),
    queueBacklog(queues, deployed.deadLetterQueueUrl),
    queueBacklog(queues, deployed.subscriptionDeadLetterQueueUrl),
    countAside(tables, deployed.parkingTable),
    readinessOf(watched, cache),
    countEntities ? entitiesOf(watched, cache) : null,
  ]);
  const { productionRate, consumptionRate, utilisation, oldestAge, staleness } = gauges;
  const rates = { productionRate: newest(productionRate), consumptionRate: newest(consumptionRate) };
  return {
    cache: name,
    readiness,
    entities,
    ...totals(outcomes),
    leadTimeP50Ms: overall(lead.p50, lead.samples),
    leadTimeP99Ms: overall(lead.p99, lead.samples),
    backlog,
    ...rates,
    drainSeconds: drainOf(backlog, rates),
    utilisationPercent: newest(utilisation),
    oldestAgeSeconds: newest(oldestAge),
    stalenessSeconds: newest(staleness),
    deadLetters: deadLetters + undelivered,
    setAside,
  };
}

/** Until a backlog is worked off at known rates; null: infinite or unknown. */
export function drainOf(
  backlog: number,
  { productionRate, consumptionRate }: Pick<CacheStatus, 'productionRate' | 'consumptionRate'>,
): number | null {
  if (productionRate === null || consumptionRate === null) return null;
  const seconds = drainSeconds(backlog, { productionRate, consumptionRate });
  return Number.isFinite(seconds) ? seconds : null;
}

function sums<K extends string>(boundary: string, metrics: Readonly<Record<K, string>>) {
  const entries = Object.entries<string>(metrics).map(([key, metric]) => [key, freshetMetric(boundary, metric, 'Sum')]);
  return Object.fromEntries(entries) as Record<K, ReturnType<typeof freshetMetric>>;
}

function leadTimes(cache: string) {
  return {
    p50: freshetMetric(cache, PROJECTOR_METRICS.leadTime, 'p50'),
    p99: freshetMetric(cache, PROJECTOR_METRICS.leadTime, 'p99'),
    samples: freshetMetric(cache, PROJECTOR_METRICS.leadTime, 'SampleCount'),
  };
}

/** What a cache's report function says each minute. */
function reported(cache: string) {
  const { productionRate, consumptionRate, utilisation, oldestAge, staleness } = REPORT_METRICS;
  const gauge = (metric: string) => freshetMetric(cache, metric, 'Average');
  return {
    productionRate: gauge(productionRate),
    consumptionRate: gauge(consumptionRate),
    utilisation: gauge(utilisation),
    oldestAge: gauge(oldestAge),
    staleness: gauge(staleness),
  };
}

const DAY_MS = 24 * 3_600_000;

/** CloudWatch keeps minutes for 15 days (cw/Working_with_metrics, 2026-11-25). */
export const MAX_SINCE_MS = 15 * DAY_MS;

/** By the minute, of more than a day by five, with the one that isn't over: an answer holds 100,800 values (cloudwatch/API_GetMetricData). */
function countedSpan(sinceMs: number, nowMs: number) {
  const periodSeconds = sinceMs <= DAY_MS ? 60 : 300;
  return { fromMs: nowMs - sinceMs, toMs: nowMs + periodSeconds * 1000, periodSeconds };
}

/** What was reported longer ago than this says nothing of now: a report comes each minute, and two may be missed. */
const GAUGE_LIFE_MS = 5 * 60_000;

function gaugeSpan(watched: Watched, nowMs: number) {
  const periodSeconds = finestPeriod(watched);
  return { fromMs: nowMs - GAUGE_LIFE_MS, toMs: nowMs + periodSeconds * 1000, periodSeconds };
}

function total(series: readonly Datapoint[]): number {
  return Math.round(series.reduce((sum, { value }) => sum + value, 0));
}

function totals<K extends string>(series: Readonly<Record<K, readonly Datapoint[]>>): Record<K, number> {
  const entries = Object.entries<readonly Datapoint[]>(series).map(([key, one]) => [key, total(one)]);
  return Object.fromEntries(entries) as Record<K, number>;
}

function newest(series: readonly Datapoint[]): number | null {
  return series.at(-1)?.value ?? null;
}

/**
 * A percentile over all minutes: those of the minutes, weighted by how many values each had. Not exact, but the span may begin and end
 * anywhere, where CloudWatch's own long periods begin when they do.
 */
export function overall(percentiles: readonly Datapoint[], samples: readonly Datapoint[]): number | null {
  const weights = new Map(samples.map(({ atMs, value }) => [atMs, value]));
  let weight = 0;
  let sum = 0;
  for (const { atMs, value } of percentiles) {
    const count = weights.get(atMs) ?? 0;
    weight += count;
    sum += count * value;
  }
  return weight === 0 ? null : sum / weight;
}

async function readinessOf({ clients }: Watched, { deployed, types = [] }: WatchedCache) {
  const source = { client: clients.tables, tableName: deployed.table };
  const entries = types.map(async (type) => [type, (await readReadiness(source, type)).status] as const);
  return Object.fromEntries(await Promise.all(entries));
}

async function entitiesOf({ clients }: Watched, { deployed, types = [] }: WatchedCache): Promise<number> {
  const source = { client: clients.tables, tableName: deployed.table };
  const counts = await Promise.all(types.map((type) => countType(source, type, ATTRIBUTE.data)));
  return counts.reduce((sum, one) => sum + one, 0);
}
