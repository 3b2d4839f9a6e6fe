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
import { type AlarmStatus, readAlarms } from '../alarms.ts';
import { topContributor } from '../clients/insight-report.ts';
import { readFlowStatus } from '../flow-status.ts';
import { drainOf, overall } from '../status/gather.ts';
import { finestPeriod, type Watched, type WatchedCache } from '../watched.ts';
import type { CacheView, WatchView } from './document.ts';
import { type Backlogs, liveRates, withSample } from './rates.ts';

/** Local rates and lead times are of this long: short enough to be seen changing, long enough not to jump. */
const LOCAL_WINDOW_MS = 5_000;

/** On AWS they are of the minute that CloudWatch has, which it shows up to some minutes late. */
const AWS_LOOK_BACK_MS = 5 * 60_000;

/** How often CloudWatch is asked on AWS: it has nothing new in between, and bills each metric. */
const AWS_METRICS_EVERY_MS = 30_000;

/** The hottest group is of this long. */
const HOTTEST_MS = 5 * 60_000;

/** What the report function last said counts for so long: it comes each minute, and two may be missed. */
const REPORTED_MS = 5 * 60_000;

/** Looks at a deployment again and again; remembers what it needs of the looks before. */
export type Look = () => Promise<WatchView>;

/** Opens the view of a deployment. */
export function createLook(watched: Watched): Look {
  const caches = watched.caches.map((cache) => createCacheLook(watched, cache));
  const alarms = remembered(watched, () => readAlarms(watched));
  return async () => {
    const nowMs = Date.now();
    const [seen, owners, raised]: [CacheView[], WatchView['owners'], AlarmStatus[]] = await Promise.all([
      Promise.all(caches.map((look) => look(nowMs))),
      Promise.all(
        watched.owners.map(async (owner) => ({
          owner: owner.name,
          flow: await readFlowStatus(watched, owner, nowMs),
        })),
      ),
      alarms(nowMs),
    ]);
    return { at: new Date(nowMs).toISOString(), owners, caches: seen, alarms: raised };
  };
}

function createCacheLook(watched: Watched, cache: WatchedCache): (nowMs: number) => Promise<CacheView> {
  const { queues } = watched.clients;
  const metrics = remembered(watched, (nowMs) => readMetrics(watched, cache.name, nowMs));
  const hottest = remembered(watched, (nowMs) => readHottestGroup(watched, cache, nowMs));
  let backlogs: Backlogs = [];
  return async (nowMs) => {
    const [backlog, seen, hottestGroup] = await Promise.all([
      queueBacklog(queues, cache.deployed.queueUrl),
      metrics(nowMs),
      hottest(nowMs),
    ]);
    backlogs = withSample(backlogs, { backlog, atMs: nowMs }, watched.isLocal ? LOCAL_WINDOW_MS : 60_000);
    const rates = watched.isLocal ? liveRates(backlogs, seen.settled, 1) : awsRates(backlogs, seen, nowMs);
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

async function readMetrics(watched: Watched, name: string, nowMs: number) {
  const periodSeconds = finestPeriod(watched);
  const client = watched.clients.metrics;
  const toMs = nowMs + periodSeconds * 1000;
  const ofProjector = (metric: string, statistic: string) => freshetMetric(name, metric, statistic);
  const ofReport = (metric: string) => freshetMetric(name, metric, 'Average');
  const [recent, reported] = await Promise.all([
    metricData(
      client,
      {
        settled: ofProjector(PROJECTOR_METRICS.settled, 'Sum'),
        p50: ofProjector(PROJECTOR_METRICS.leadTime, 'p50'),
        p99: ofProjector(PROJECTOR_METRICS.leadTime, 'p99'),
        samples: ofProjector(PROJECTOR_METRICS.leadTime, 'SampleCount'),
      },
      // A span that the window begins in counts in part.
      { fromMs: nowMs - (watched.isLocal ? 2 * LOCAL_WINDOW_MS : AWS_LOOK_BACK_MS), toMs, periodSeconds },
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
    watched.isLocal ? series.filter(({ atMs }) => atMs > nowMs - LOCAL_WINDOW_MS) : series.slice(-1);
  return { settled, p50: lately(p50), p99: lately(p99), samples: lately(samples), ...reported };
}

/** By the newest minute that CloudWatch has whole and the change of the backlog since; until that is known, as the cache reported. */
function awsRates(backlogs: Backlogs, seen: CacheMetrics, nowMs: number): Rates | undefined {
  const [first, last] = [backlogs[0], backlogs.at(-1)];
  const newest = newestWhole(seen.settled, nowMs, 60);
  // A minute with nothing has no datapoint: what lies further back than metrics are late says nothing of now.
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

/** The group that most events of the last minutes were of; null where no rule counts them, or there were none. */
async function readHottestGroup(
  { clients }: Watched,
  { deployed }: WatchedCache,
  nowMs: number,
): Promise<CacheView['hottestGroup']> {
  const span = { fromMs: nowMs - HOTTEST_MS, toMs: nowMs, periodSeconds: 60 };
  const top = await topContributor(clients.metrics, hottestGroupsRule(deployed.projector), span);
  return top === undefined ? null : { group: top.key, events: top.value };
}

/** In the local cloud asks each time; on AWS answers with what it asked some seconds ago. */
function remembered<T>({ isLocal }: Watched, ask: (nowMs: number) => Promise<T>): (nowMs: number) => Promise<T> {
  let last: { readonly answer: T; readonly atMs: number } | undefined;
  return async (nowMs) => {
    if (isLocal || last === undefined || nowMs - last.atMs >= AWS_METRICS_EVERY_MS) {
      last = { answer: await ask(nowMs), atMs: nowMs };
    }
    return last.answer;
  };
}
