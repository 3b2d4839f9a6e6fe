import Table from 'cli-table3';
import { drainTime } from '../../observe/figures.ts';
import { describeFlow } from '../../observe/flow-status.ts';
import { grouped, perSecond, shortDuration, shortMilliseconds, shortSeconds } from '../../output/numbers.ts';
import { type CacheStatus, type OwnerStatus, type StatusReport, troubles } from './document.ts';

interface Column {
  readonly head: string;
  readonly of: (cache: CacheStatus) => string;
  /** Left out if the value is zero or unknown for all caches. */
  readonly optional?: true;
}

const NOTHING = ['0', '-', '0%', '0s'];

/** The outcomes of the events, and their lead times. */
const OUTCOMES: readonly Column[] = [
  { head: 'backfill', of: ({ readiness }) => backfilled(readiness) },
  { head: 'entities', of: ({ entities }) => (entities === null ? '-' : grouped(entities)), optional: true },
  { head: 'applied', of: ({ applied }) => grouped(applied) },
  { head: 'superseded', of: ({ superseded }) => grouped(superseded) },
  { head: 'outdated', of: ({ outdated }) => grouped(outdated) },
  { head: 'duplicate', of: ({ duplicate }) => grouped(duplicate) },
  { head: 'gap', of: ({ gap }) => grouped(gap), optional: true },
  { head: 'discarded', of: ({ discarded }) => grouped(discarded), optional: true },
  { head: 'parked', of: ({ parked }) => grouped(parked) },
  { head: 'held', of: ({ held }) => grouped(held), optional: true },
  { head: 'lead p50', of: ({ leadTimeP50Ms }) => shortMilliseconds(leadTimeP50Ms) },
  { head: 'lead p99', of: ({ leadTimeP99Ms }) => shortMilliseconds(leadTimeP99Ms) },
];

/** How far each cache lags, and how many events a person must handle. */
const LAG: readonly Column[] = [
  { head: 'backlog', of: ({ backlog }) => grouped(backlog) },
  { head: 'in', of: ({ productionRate }) => perSecond(productionRate) },
  { head: 'out', of: ({ consumptionRate }) => perSecond(consumptionRate) },
  { head: 'utilisation', of: ({ utilisationPercent }) => percent(utilisationPercent), optional: true },
  { head: 'drain time', of: drainTime },
  { head: 'oldest', of: ({ oldestAgeSeconds }) => shortSeconds(oldestAgeSeconds), optional: true },
  { head: 'staleness', of: ({ stalenessSeconds }) => shortSeconds(stalenessSeconds) },
  { head: 'dead letters', of: ({ deadLetters }) => grouped(deadLetters), optional: true },
  { head: 'parked now', of: ({ setAside }) => grouped(setAside) },
];

/** The report as text for a terminal. */
export function renderStatus(report: StatusReport): string {
  const { owners, caches, alarms, sinceSeconds } = report;
  const since = shortDuration(sinceSeconds * 1000);
  const parts = [
    ...owners.map((owner) => ownerLine(owner, since)),
    ...(caches.length === 0 ? [] : [`outcomes and lead times of the last ${since}`, table(caches, OUTCOMES)]),
    ...(caches.length === 0 ? [] : ['current lag', table(caches, LAG)]),
    ...alarms.map(({ name, boundary, description }) => `ALARM ${boundary}: ${name}: ${description}`),
  ];
  // The alarms are above, with their descriptions.
  const others = troubles({ ...report, alarms: [] });
  return [...parts, ...others.map((trouble) => `needs a person: ${trouble}`)].join('\n');
}

function ownerLine(status: OwnerStatus, since: string): string {
  const { owner, relay, published, conflated, diverted, relayDelayMs, streamUsePercent, flow } = status;
  const also = [
    ...(conflated > 0 ? [`${grouped(conflated)} as part of newer versions`] : []),
    ...(diverted > 0 ? [`${grouped(diverted)} diverted`] : []),
  ];
  return [
    `owner ${owner}: relay ${relay}`,
    `${grouped(published)} versions published in the last ${since}${also.length > 0 ? ` (${also.join(', ')})` : ''}`,
    `relay delay ${shortMilliseconds(relayDelayMs)}`,
    ...(streamUsePercent !== null && streamUsePercent >= 1 ? [`stream used ${percent(streamUsePercent)}`] : []),
    `flow ${describeFlow(flow)}`,
  ].join(', ');
}

function table(caches: readonly CacheStatus[], columns: readonly Column[]): string {
  const shown = columns.filter(({ of, optional }) => !optional || caches.some((cache) => !NOTHING.includes(of(cache))));
  const drawn = new Table({
    head: ['cache', ...shown.map(({ head }) => head)],
    colAligns: ['left', ...shown.map(({ head }) => (head === 'backfill' ? ('left' as const) : ('right' as const)))],
    style: { head: [], border: [] },
  });
  for (const cache of caches) drawn.push([cache.cache, ...shown.map(({ of }) => of(cache))]);
  return drawn.toString();
}

/**
 * The state that all types share, or the number of types that are ready. `empty` is shown as `none`, because a cache
 * that existed before its owner's data needs no backfill.
 */
function backfilled(readiness: CacheStatus['readiness']): string {
  const states = Object.values(readiness);
  const [first = '-'] = states;
  if (states.every((state) => state === first)) return first === 'empty' ? 'none' : first;
  return `${states.filter((state) => state === 'ready').length} of ${states.length} ready`;
}

function percent(value: number | null): string {
  return value === null ? '-' : `${Math.round(value)}%`;
}
