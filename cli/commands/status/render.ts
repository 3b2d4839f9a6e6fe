import { type FactQueueStatus, type SagaStatus, totals } from '../../observe/facts.ts';
import { drainTime } from '../../observe/figures.ts';
import { describeFlow } from '../../observe/flow-status.ts';
import { unreadLine } from '../../observe/stopped-functions.ts';
import type { DeploymentOptions } from '../../options/deployment-options.ts';
import { known, perSecond, shortDuration, shortMilliseconds, shortSeconds } from '../../output/numbers.ts';
import { type Column, fittingTables } from '../../output/tables.ts';
import { wrapped } from '../../output/width.ts';
import { type CacheStatus, type OwnerStatus, type StatusReport, troubles } from './document.ts';

/** The outcomes of the events, and their lead times. */
const OUTCOMES: readonly Column<CacheStatus>[] = [
  { head: 'backfill', of: ({ readiness }) => backfilled(readiness), align: 'left' },
  { head: 'entities', of: ({ entities }) => known(entities), optional: true },
  { head: 'applied', of: ({ applied }) => known(applied) },
  { head: 'superseded', of: ({ superseded }) => known(superseded) },
  { head: 'outdated', of: ({ outdated }) => known(outdated) },
  { head: 'duplicate', of: ({ duplicate }) => known(duplicate) },
  { head: 'gap', of: ({ gap }) => known(gap), optional: true },
  { head: 'discarded', of: ({ discarded }) => known(discarded), optional: true },
  { head: 'parked', of: ({ parked }) => known(parked) },
  { head: 'held', of: ({ held }) => known(held), optional: true },
  { head: 'lead p50', of: ({ leadTimeP50Ms }) => shortMilliseconds(leadTimeP50Ms) },
  { head: 'lead p99', of: ({ leadTimeP99Ms }) => shortMilliseconds(leadTimeP99Ms) },
];

/** How far each cache lags, and how many events a person must handle. */
const LAG: readonly Column<CacheStatus>[] = [
  { head: 'backlog', of: ({ backlog }) => known(backlog) },
  { head: 'in', of: ({ productionRate }) => perSecond(productionRate) },
  { head: 'out', of: ({ consumptionRate }) => perSecond(consumptionRate) },
  { head: 'utilisation', of: ({ utilisationPercent }) => percent(utilisationPercent), optional: true },
  { head: 'drain time', of: drainTime },
  { head: 'oldest', of: ({ oldestAgeSeconds }) => shortSeconds(oldestAgeSeconds), optional: true },
  { head: 'staleness', of: ({ stalenessSeconds }) => shortSeconds(stalenessSeconds) },
  { head: 'dead letters', of: ({ deadLetters }) => known(deadLetters), optional: true },
  { head: 'parked now', of: ({ setAside }) => known(setAside) },
];

const FACT_QUEUE: readonly Column<FactQueueStatus>[] = [
  { head: 'backlog', of: ({ backlog }) => known(backlog) },
  { head: 'delivery', of: ({ delivery }) => (delivery === 'live' ? '-' : delivery), optional: true, align: 'left' },
  { head: 'dead letters', of: ({ deadLetters }) => known(deadLetters), optional: true },
  { head: 'parked now', of: ({ parked }) => known(parked) },
];

const SAGA: readonly Column<SagaStatus>[] = [
  { head: 'waiting', of: ({ waiting }) => known(waiting) },
  { head: 'due', of: ({ due }) => known(due) },
  { head: 'decided', of: ({ decided }) => known(decided) },
  { head: 'cancelled', of: ({ cancelled }) => known(cancelled), optional: true },
  { head: 'backlog', of: ({ backlog }) => known(backlog) },
  { head: 'delivery', of: ({ delivery }) => (delivery === 'live' ? '-' : delivery), optional: true, align: 'left' },
  { head: 'dead letters', of: ({ deadLetters }) => known(deadLetters), optional: true },
  { head: 'facts parked', of: ({ parked }) => known(parked) },
  { head: 'effects to retry', of: ({ effectQueues }) => known(totals(effectQueues).backlog), optional: true },
  { head: 'effects failed', of: ({ effectFailures }) => known(effectFailures), optional: true },
  { head: 'effects parked', of: ({ effectQueues }) => known(totals(effectQueues).parked) },
];

/** The report as text. @param width the longest line, in characters */
export function renderStatus(report: StatusReport, width: number, on: DeploymentOptions = {}): string {
  const { owners, caches, factQueues, sagas, alarms, sinceSeconds } = report;
  const since = shortDuration(sinceSeconds * 1000);
  const ofCache = { head: 'cache', of: ({ cache }: CacheStatus) => cache };
  const ofQueue = { head: 'fact queue', of: ({ queue }: FactQueueStatus) => queue };
  const ofSaga = { head: 'saga', of: ({ saga }: SagaStatus) => saga };
  const line = (text: string) => wrapped(text, width);
  const part = (title: string, rows: readonly unknown[], tables: () => string) =>
    rows.length === 0 ? [] : [line(title), tables()];
  const parts = [
    ...owners.map((owner) => line(ownerLine(owner, since))),
    ...part(`outcomes and lead times of the last ${since}`, caches, () =>
      fittingTables(caches, ofCache, OUTCOMES, width),
    ),
    ...part('current lag', caches, () => fittingTables(caches, ofCache, LAG, width)),
    ...part('facts', factQueues, () => fittingTables(factQueues, ofQueue, FACT_QUEUE, width)),
    ...part('sagas', sagas, () => fittingTables(sagas, ofSaga, SAGA, width)),
    ...(alarms ?? []).map(({ name, boundary, description }) => line(`ALARM ${boundary}: ${name}: ${description}`)),
  ];
  // The alarms are above, with their descriptions.
  const others = troubles({ ...report, alarms: [] }, on);
  const unread = unreadLine(report.unknownFunctions);
  const missing = report.unread.map((what) => line(`could not be read: ${what}`));
  const needed = others.map((trouble) => line(`needs a person: ${trouble}`));
  return [...parts, ...unread.map(line), ...missing, ...needed].join('\n');
}

function ownerLine(status: OwnerStatus, since: string): string {
  const { owner, relay, published, conflated, diverted, relayDelayMs, streamUsePercent, flow } = status;
  const also = [
    ...((conflated ?? 0) > 0 ? [`${known(conflated)} as part of newer versions`] : []),
    ...((diverted ?? 0) > 0 ? [`${known(diverted)} diverted`] : []),
  ];
  return [
    `owner ${owner}: relay ${relay}`,
    `${known(published)} versions published in the last ${since}${also.length > 0 ? ` (${also.join(', ')})` : ''}`,
    `relay delay ${shortMilliseconds(relayDelayMs)}`,
    ...(streamUsePercent !== null && streamUsePercent >= 1 ? [`stream used ${percent(streamUsePercent)}`] : []),
    `flow ${describeFlow(flow)}`,
  ].join(', ');
}

/** The state that all types share, or the number of types that are ready. */
function backfilled(readiness: CacheStatus['readiness']): string {
  const states = Object.values(readiness);
  const [first = '-'] = states;
  if (states.every((state) => state === first)) return first === 'empty' ? 'none yet' : first;
  return `${states.filter((state) => state === 'ready').length} of ${states.length} ready`;
}

function percent(value: number | null): string {
  return value === null ? '-' : `${Math.round(value)}%`;
}
