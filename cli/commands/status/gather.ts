import { ATTRIBUTE } from 'freshet-aws/internal/adapters/aws/items';
import { countType } from 'freshet-aws/internal/adapters/aws/list';
import { type Datapoint, freshetMetric, metricData } from 'freshet-aws/internal/adapters/govern/metric-data';
import { queueBacklog } from 'freshet-aws/internal/adapters/govern/report';
import { readCompleteness } from 'freshet-aws/internal/adapters/read/staleness';
import {
  type Emitter,
  GOVERNOR_METRICS,
  PROJECTOR_METRICS,
  RELAY_DELAY_METRIC,
  RELAY_METRICS,
  REPORT_METRICS,
} from 'freshet-aws/internal/core/metrics';
import { currentBackfill } from 'freshet-aws/internal/core/repair/backfill';
import { sideBySide } from 'freshet-aws/internal/core/side-by-side';
import { countedSpan, readCounts } from '../../clients/counts.ts';
import { isStopped } from '../../clients/functions.ts';
import { countParked } from '../../clients/parked-count.ts';
import type { Deployment, FoundCache, FoundOwner } from '../../deployment/deployment.ts';
import { readAlarms } from '../../observe/alarms.ts';
import { readFactQueues, readSagas } from '../../observe/facts.ts';
import { drainOf, finestPeriod, overall } from '../../observe/figures.ts';
import { readFlowStatus } from '../../observe/flow-status.ts';
import { readStoppedFunctions } from '../../observe/stopped-functions.ts';
import type { CacheStatus, OwnerStatus, StatusReport } from './document.ts';

/** What `gatherStatus` reads. */
export interface GatherOptions {
  /** How far back from now events are counted, in milliseconds. */
  readonly sinceMs: number;
  /** Whether to count the entities of each cache and the instances of each saga, which reads whole tables. */
  readonly countEntities: boolean;
}

/** Owners or caches that are read at the same time, each with about ten requests. */
const BOUNDARIES_AT_ONCE = 8;

/** Types of a cache that are read at the same time. */
const TYPES_AT_ONCE = 8;

/** Reads the state of a deployment: counts and gauges from CloudWatch, the current state from queues and tables. */
export async function gatherStatus(deployment: Deployment, options: GatherOptions): Promise<StatusReport> {
  const nowMs = Date.now();
  const [owners, caches, factQueues, sagas, alarms, functions] = await Promise.all([
    sideBySide(deployment.owners, BOUNDARIES_AT_ONCE, (owner) => ownerStatus(deployment, owner, options, nowMs)),
    sideBySide(deployment.caches, BOUNDARIES_AT_ONCE, (cache) => cacheStatus(deployment, cache, options, nowMs)),
    readFactQueues(deployment),
    readSagas(deployment, options.countEntities, nowMs),
    readAlarms(deployment),
    readStoppedFunctions(deployment),
  ]);
  const readAt = new Date(nowMs).toISOString();
  const sinceSeconds = options.sinceMs / 1000;
  const { place } = deployment;
  const stoppedFunctions = [...functions.stopped];
  const unknownFunctions = [...functions.unknown];
  return { place, readAt, sinceSeconds, owners, caches, factQueues, sagas, alarms, stoppedFunctions, unknownFunctions };
}

async function ownerStatus(
  deployment: Deployment,
  owner: FoundOwner,
  { sinceMs }: GatherOptions,
  nowMs: number,
): Promise<OwnerStatus> {
  const { name, deployed } = owner;
  const emitter = { name, stack: deployed.stack };
  const { metrics, functions, tables } = deployment.clients;
  const { published, conflated, diverted } = RELAY_METRICS;
  const [stopped, counts, gauges, flow, parked] = await Promise.all([
    isStopped(functions, deployed.relay),
    readCounts(metrics, emitter, { published, conflated, diverted }, sinceMs),
    metricData(
      metrics,
      {
        relayDelay: freshetMetric(emitter, RELAY_DELAY_METRIC, 'Maximum'),
        streamUse: freshetMetric(emitter, GOVERNOR_METRICS.streamUse, 'Maximum'),
      },
      gaugeSpan(deployment, nowMs),
    ),
    readFlowStatus(deployment, owner, nowMs),
    countParked(tables, deployed.parkingTable),
  ]);
  return {
    owner: name,
    relay: stopped === undefined ? 'unknown' : stopped ? 'stopped' : 'running',
    ...counts,
    relayDelayMs: newest(gauges.relayDelay),
    streamUsePercent: newest(gauges.streamUse),
    flow,
    setAside: parked,
  };
}

async function cacheStatus(
  deployment: Deployment,
  cache: FoundCache,
  { sinceMs, countEntities }: GatherOptions,
  nowMs: number,
): Promise<CacheStatus> {
  const { name, deployed } = cache;
  const emitter = { name, stack: deployed.stack };
  const { metrics, tables, queues } = deployment.clients;
  const [outcomes, lead, gauges, backlog, deadLetters, undelivered, parked, readiness, entities] = await Promise.all([
    cache.outcomes(sinceMs),
    metricData(metrics, leadTimes(emitter), countedSpan(sinceMs, nowMs)),
    metricData(metrics, reported(emitter), gaugeSpan(deployment, nowMs)),
    queueBacklog(queues, deployed.queueUrl),
    queueBacklog(queues, deployed.deadLetterQueueUrl),
    queueBacklog(queues, deployed.subscriptionDeadLetterQueueUrl),
    countParked(tables, deployed.parkingTable),
    readinessOf(deployment, cache),
    countEntities ? entitiesOf(deployment, cache) : null,
  ]);
  const { productionRate, consumptionRate, utilisation, oldestAge, staleness } = gauges;
  const rates = { productionRate: newest(productionRate), consumptionRate: newest(consumptionRate) };
  return {
    cache: name,
    readiness,
    entities,
    ...outcomes,
    leadTimeP50Ms: overall(lead.p50, lead.samples),
    leadTimeP99Ms: overall(lead.p99, lead.samples),
    backlog,
    ...rates,
    drainSeconds: drainOf(backlog, rates),
    utilisationPercent: newest(utilisation),
    oldestAgeSeconds: newest(oldestAge),
    stalenessSeconds: newest(staleness),
    deadLetters: deadLetters + undelivered,
    setAside: parked,
  };
}

function leadTimes(cache: Emitter) {
  return {
    p50: freshetMetric(cache, PROJECTOR_METRICS.leadTime, 'p50'),
    p99: freshetMetric(cache, PROJECTOR_METRICS.leadTime, 'p99'),
    samples: freshetMetric(cache, PROJECTOR_METRICS.leadTime, 'SampleCount'),
  };
}

/** The metrics that a cache's report function writes each minute. */
function reported(cache: Emitter) {
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

/** How old the newest value of a gauge may be. A report is written each minute, and two may be missing. */
const GAUGE_LIFE_MS = 5 * 60_000;

function gaugeSpan(deployment: Deployment, nowMs: number) {
  const periodSeconds = finestPeriod(deployment);
  return { fromMs: nowMs - GAUGE_LIFE_MS, toMs: nowMs + periodSeconds * 1000, periodSeconds };
}

function newest(series: readonly Datapoint[]): number | null {
  return series.at(-1)?.value ?? null;
}

/** The readiness of each type. The completeness of the cache is read once for all of them. */
export async function readinessOf(
  { clients }: Pick<Deployment, 'clients'>,
  { deployed, types, notes }: Pick<FoundCache, 'deployed' | 'types' | 'notes'>,
) {
  const known = await readCompleteness({ client: clients.tables, tableName: deployed.table });
  const entries = await sideBySide((await types()) ?? [], TYPES_AT_ONCE, async (type) => {
    const note = currentBackfill(await notes.backfill(type), known, { type, cached: undefined });
    return [type, note?.status ?? 'empty'] as const;
  });
  return Object.fromEntries(entries);
}

async function entitiesOf({ clients }: Deployment, { deployed, types }: FoundCache): Promise<number> {
  const source = { client: clients.tables, tableName: deployed.table };
  const counts = await sideBySide((await types()) ?? [], TYPES_AT_ONCE, (type) =>
    countType(source, type, ATTRIBUTE.data),
  );
  return counts.reduce((sum, one) => sum + one, 0);
}
