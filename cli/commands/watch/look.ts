import {
  type Datapoint,
  freshetMetric,
  metricData,
  newestWhole,
} from 'freshet-aws/internal/adapters/govern/metric-data';
import { queueBacklog } from 'freshet-aws/internal/adapters/govern/report';
import type { Rates } from 'freshet-aws/internal/core/govern/measure';
import { PROJECTOR_METRICS, REPORT_METRICS } from 'freshet-aws/internal/core/metrics';
import { hottestGroupsRule } from 'freshet-aws/internal/core/monitoring-names';
import { sideBySide } from 'freshet-aws/internal/core/side-by-side';
import { topContributor } from '../../clients/insight-report.ts';
import { countDue, countInstances } from '../../clients/saga-counts.ts';
import type { Deployment, FactQueue, FoundCache } from '../../deployment/deployment.ts';
import { readAlarms } from '../../observe/alarms.ts';
import { effectQueuesOf, serviceQueues } from '../../observe/facts.ts';
import { drainOf, finestPeriod, overall } from '../../observe/figures.ts';
import { readFlowStatus } from '../../observe/flow-status.ts';
import { readStoppedFunctions } from '../../observe/stopped-functions.ts';
import type { CacheView, SagaView, WatchView } from './document.ts';
import { type Backlogs, liveRates, withSample } from './rates.ts';

/** The span of local rates and lead times: short enough to show changes, long enough not to jump. */
const LOCAL_WINDOW_MS = 5_000;

/** How far back to search for the newest minute on AWS, because CloudWatch shows a minute some minutes late. */
const AWS_LOOK_BACK_MS = 5 * 60_000;

/** How often CloudWatch is read on AWS. It has no newer data in between, and it bills each metric that is read. */
const AWS_METRICS_EVERY_MS = 30_000;

/** The span of the hottest group. */
const HOTTEST_MS = 5 * 60_000;

/** How old the last value of a report function may be. A report is written each minute, and two may be missing. */
const REPORTED_MS = 5 * 60_000;

/** Owners, caches, queues or sagas that are read at the same time. */
const BOUNDARIES_AT_ONCE = 8;

/**
 * Reads the figures of a deployment. It is called repeatedly, and remembers what it needs from earlier calls.
 */
export type Look = () => Promise<WatchView>;

/** Creates the look at a deployment. */
export function createLook(deployment: Deployment): Look {
  const caches = deployment.caches.map((cache) => createCacheLook(deployment, cache));
  const alarms = remembered(deployment, () => readAlarms(deployment));
  const stopped = remembered(deployment, () => readStoppedFunctions(deployment));
  const sagas = remembered(deployment, (nowMs) => lookAtSagas(deployment, nowMs));
  const queues = serviceQueues(deployment);
  return async () => {
    const nowMs = Date.now();
    const [seen, owners, backlogs, seenSagas, raised, functions] = await Promise.all([
      sideBySide(caches, BOUNDARIES_AT_ONCE, (look): Promise<CacheView> => look(nowMs)),
      sideBySide(deployment.owners, BOUNDARIES_AT_ONCE, async (owner) => ({
        owner: owner.name,
        flow: await readFlowStatus(deployment, owner, nowMs),
      })),
      sideBySide(queues, BOUNDARIES_AT_ONCE, (queue) => backlogOf(deployment, [queue])),
      sagas(nowMs),
      alarms(nowMs),
      stopped(nowMs),
    ]);
    const factQueues = queues.map(({ name }, index) => ({ queue: name, backlog: backlogs[index] ?? 0 }));
    const named = { stoppedFunctions: [...functions.stopped], unknownFunctions: [...functions.unknown] };
    const at = new Date(nowMs).toISOString();
    return { at, owners, caches: seen, factQueues, sagas: seenSagas, alarms: raised, ...named };
  };
}

function lookAtSagas(deployment: Deployment, nowMs: number): Promise<SagaView[]> {
  const { clients, isLocal, factQueues } = deployment;
  return sideBySide(deployment.sagas, BOUNDARIES_AT_ONCE, async ({ name, table }) => {
    const source = { client: clients.tables, tableName: table };
    const [counts, due, backlog, effectBacklog] = await Promise.all([
      isLocal ? countInstances(source, name) : undefined,
      countDue(source, nowMs),
      backlogOf(
        deployment,
        factQueues.filter((queue) => queue.name === name),
      ),
      backlogOf(deployment, effectQueuesOf(deployment, name)),
    ]);
    return { saga: name, waiting: counts?.waiting ?? null, due, backlog, effectBacklog };
  });
}

async function backlogOf({ clients }: Deployment, queues: readonly FactQueue[]): Promise<number> {
  const backlogs = await Promise.all(queues.map(({ deployed }) => queueBacklog(clients.queues, deployed.queueUrl)));
  return backlogs.reduce((sum, one) => sum + one, 0);
}

function createCacheLook(deployment: Deployment, cache: FoundCache): (nowMs: number) => Promise<CacheView> {
  const { queues } = deployment.clients;
  const metrics = remembered(deployment, (nowMs) => readMetrics(deployment, cache, nowMs));
  const hottest = remembered(deployment, (nowMs) => readHottestGroup(deployment, cache, nowMs));
  let backlogs: Backlogs = [];
  return async (nowMs) => {
    const [backlog, seen, hottestGroup] = await Promise.all([
      queueBacklog(queues, cache.deployed.queueUrl),
      metrics(nowMs),
      hottest(nowMs),
    ]);
    backlogs = withSample(backlogs, { backlog, atMs: nowMs }, deployment.isLocal ? LOCAL_WINDOW_MS : 60_000);
    const rates = deployment.isLocal ? liveRates(backlogs, seen.settled, 1) : awsRates(backlogs, seen, nowMs);
    const known = { productionRate: rates?.productionRate ?? null, consumptionRate: rates?.consumptionRate ?? null };
    return {
      cache: cache.name,
      backlog,
      ...known,
      drainSeconds: drainOf(backlog, known),
      leadTimeP50Ms: overall(seen.p50, seen.samples),
      leadTimeP99Ms: overall(seen.p99, seen.samples),
      stalenessSeconds: seen.staleness.at(-1)?.value ?? null,
      hottestGroup,
    };
  };
}

type CacheMetrics = Awaited<ReturnType<typeof readMetrics>>;

async function readMetrics(deployment: Deployment, { name, deployed }: FoundCache, nowMs: number) {
  const emitter = { name, stack: deployed.stack };
  const periodSeconds = finestPeriod(deployment);
  const client = deployment.clients.metrics;
  const toMs = nowMs + periodSeconds * 1000;
  const ofProjector = (metric: string, statistic: string) => freshetMetric(emitter, metric, statistic);
  const ofReport = (metric: string) => freshetMetric(emitter, metric, 'Average');
  const [recent, reported] = await Promise.all([
    metricData(
      client,
      {
        settled: ofProjector(PROJECTOR_METRICS.settled, 'Sum'),
        p50: ofProjector(PROJECTOR_METRICS.leadTime, 'p50'),
        p99: ofProjector(PROJECTOR_METRICS.leadTime, 'p99'),
        samples: ofProjector(PROJECTOR_METRICS.leadTime, 'SampleCount'),
      },
      // The span begins earlier than the window, because the period in which the window begins counts in part.
      { fromMs: nowMs - (deployment.isLocal ? 2 * LOCAL_WINDOW_MS : AWS_LOOK_BACK_MS), toMs, periodSeconds },
    ),
    metricData(
      client,
      {
        staleness: ofReport(REPORT_METRICS.staleness),
        productionRate: ofReport(REPORT_METRICS.productionRate),
        consumptionRate: ofReport(REPORT_METRICS.consumptionRate),
      },
      { fromMs: nowMs - REPORTED_MS, toMs, periodSeconds },
    ),
  ]);
  const { settled, p50, p99, samples } = recent;
  const lately = (series: readonly Datapoint[]) =>
    deployment.isLocal ? series.filter(({ atMs }) => atMs > nowMs - LOCAL_WINDOW_MS) : series.slice(-1);
  return { settled, p50: lately(p50), p99: lately(p99), samples: lately(samples), ...reported };
}

/**
 * Returns the rates, calculated from the newest complete minute in CloudWatch and the change of the backlog. Until both
 * are known, returns the rates that the cache last reported.
 */
function awsRates(backlogs: Backlogs, seen: CacheMetrics, nowMs: number): Rates | undefined {
  const [first, last] = [backlogs[0], backlogs.at(-1)];
  const newest = newestWhole(seen.settled, nowMs, 60);
  // A minute without events has no datapoint. If the newest datapoint is older than CloudWatch's delay, there are no
  // current events.
  const settled = newest !== undefined && nowMs - newest.atMs < 3 * 60_000 ? newest.value : 0;
  const seconds = first === undefined || last === undefined ? 0 : (last.atMs - first.atMs) / 1000;
  if (first !== undefined && last !== undefined && seconds >= 30) {
    const consumptionRate = settled / 60;
    const change = (last.backlog - first.backlog) / seconds;
    return { consumptionRate, productionRate: Math.max(0, consumptionRate + change) };
  }
  const productionRate = seen.productionRate.at(-1)?.value;
  const consumptionRate = seen.consumptionRate.at(-1)?.value;
  return productionRate === undefined || consumptionRate === undefined
    ? undefined
    : { productionRate, consumptionRate };
}

/**
 * The group with the most events in the last minutes; null if there were no events, or if no Contributor Insights rule
 * counts them.
 */
async function readHottestGroup(
  { clients }: Deployment,
  { deployed }: FoundCache,
  nowMs: number,
): Promise<CacheView['hottestGroup']> {
  const span = { fromMs: nowMs - HOTTEST_MS, toMs: nowMs, periodSeconds: 60 };
  const top = await topContributor(clients.metrics, hottestGroupsRule(deployed.projector), span);
  return top === undefined ? null : { group: top.key, events: top.value };
}

/** Asks each time in the local cloud. On AWS, returns an answer that is at most some seconds old. */
function remembered<T>({ isLocal }: Deployment, ask: (nowMs: number) => Promise<T>): (nowMs: number) => Promise<T> {
  let last: { readonly answer: T; readonly atMs: number } | undefined;
  return async (nowMs) => {
    if (isLocal || last === undefined || nowMs - last.atMs >= AWS_METRICS_EVERY_MS) {
      last = { answer: await ask(nowMs), atMs: nowMs };
    }
    return last.answer;
  };
}
