import sparkly from 'sparkly';
import { drainTime } from '../../observe/figures.ts';
import { describeFlow } from '../../observe/flow-status.ts';
import { unreadLine } from '../../observe/stopped-functions.ts';
import { grouped, known, perSecond, shortMilliseconds, shortSeconds } from '../../output/numbers.ts';
import { shortened, wrapped } from '../../output/width.ts';
import type { CacheView, WatchView } from './document.ts';

/** The most looks that a sparkline shows. Each look takes one column. */
export const MAX_SPARK = 60;

/** Columns to the left of a sparkline. */
const LABEL = 26;

/** One refresh as text: the time, and a line for each thing that is shown. @param width the longest line */
export function renderLines(view: WatchView, width: number): string {
  const { at, owners, caches, alarms } = view;
  const parts = [
    ...owners.map(({ owner, flow }) => `${owner}: flow ${describeFlow(flow)}`),
    ...caches.map((cache) => `${cache.cache}: ${figures(cache, width)}`),
    ...factLines(view),
    ...(alarms ?? []).map(({ name, boundary }) => `ALARM ${boundary}: ${name}`),
    ...functionLines(view),
  ];
  return [at, ...parts.map((part) => wrapped(part, width, '  '))].join('\n');
}

function functionLines({ stoppedFunctions, unknownFunctions, unread }: WatchView): string[] {
  const missing = unread.map((what) => `could not be read: ${what}`);
  return [...stoppedFunctions.map((name) => `STOPPED ${name}`), ...unreadLine(unknownFunctions), ...missing];
}

/** The queues of facts and the sagas. */
function factLines({ factQueues, sagas }: WatchView): string[] {
  return [
    ...factQueues.map(({ queue, backlog }) => `fact queue ${queue}: backlog ${known(backlog)}`),
    ...sagas.map(({ saga, waiting, due, backlog, effectBacklog }) =>
      [
        `saga ${saga}: ${waiting === null ? '' : `${grouped(waiting)} waiting, `}${known(due)} due`,
        `backlog ${known(backlog)}`,
        `effects to retry ${known(effectBacklog)}`,
      ].join(', '),
    ),
  ];
}

function figures(cache: CacheView, width: number): string {
  const { backlog, productionRate, consumptionRate, leadTimeP50Ms, leadTimeP99Ms, stalenessSeconds } = cache;
  return [
    `backlog ${known(backlog)}`,
    `in ${perSecond(productionRate)}`,
    `out ${perSecond(consumptionRate)}`,
    `drain ${drainTime(cache)}`,
    `lead p50 ${shortMilliseconds(leadTimeP50Ms)}`,
    `lead p99 ${shortMilliseconds(leadTimeP99Ms)}`,
    `staleness ${shortSeconds(stalenessSeconds)}`,
    `hottest ${hottest(cache, width)}`,
  ].join(', ');
}

/** The middle of a long group is left out, so that it and its number of events fit into a line. */
function hottest({ hottestGroup }: CacheView, width: number): string {
  if (hottestGroup === null) return '-';
  return `${shortened(hottestGroup.group, Math.floor(width / 2))} (${grouped(hottestGroup.events)} events)`;
}

/** One curve: its label, its newest value as text, and its value at a look. */
interface Curve {
  readonly label: string;
  readonly text: (cache: CacheView) => string;
  readonly value: (cache: CacheView) => number | null;
}

const CURVES: readonly Curve[] = [
  {
    label: 'in',
    text: ({ productionRate }) => perSecond(productionRate),
    value: ({ productionRate }) => productionRate,
  },
  {
    label: 'out',
    text: ({ consumptionRate }) => perSecond(consumptionRate),
    value: ({ consumptionRate }) => consumptionRate,
  },
  { label: 'backlog', text: ({ backlog }) => known(backlog), value: ({ backlog }) => backlog },
  {
    label: 'lead p50',
    text: ({ leadTimeP50Ms }) => shortMilliseconds(leadTimeP50Ms),
    value: ({ leadTimeP50Ms }) => leadTimeP50Ms,
  },
  {
    label: 'lead p99',
    text: ({ leadTimeP99Ms }) => shortMilliseconds(leadTimeP99Ms),
    value: ({ leadTimeP99Ms }) => leadTimeP99Ms,
  },
];

/**
 * Draws the looks as a page for a terminal.
 *
 * @param views oldest first, at least one
 * @param columns the terminal's width
 */
export function renderPage(views: readonly WatchView[], place: string, columns: number): string {
  const view = views.at(-1);
  if (view === undefined) return '';
  const width = Math.max(1, Math.min(MAX_SPARK, columns - LABEL));
  const shown = views.slice(-width);
  const owners = view.owners.map(({ owner, flow }) => `${owner}: flow ${describeFlow(flow)}`);
  const alarms = view.alarms?.map(({ name, boundary, description }) => `ALARM ${boundary}: ${name}: ${description}`);
  const blocks = view.caches.map((cache) => block(cache, shown, columns));
  const facts = factLines(view);
  const lines = [
    `${place}, ${view.at.slice(11, 19)} UTC. Press Ctrl-C to end.`,
    ...blocks.flatMap((one) => [...one, '']),
    ...(facts.length > 0 ? [...facts, ''] : []),
    ...owners,
    // Last, because a terminal with too few rows shows the end of the page.
    ...(alarms === undefined ? [] : alarms.length > 0 ? alarms : ['no alarm']),
    ...functionLines(view),
  ];
  // A line that the terminal wraps would break the page.
  return lines.map((line) => (line.length > columns ? wrapped(line, columns) : line)).join('\n');
}

function block(cache: CacheView, views: readonly WatchView[], columns: number): string[] {
  const past = views.map(({ caches }) => caches.find((one) => one.cache === cache.cache));
  const curves = CURVES.map(({ label, text, value }) => {
    const values = past.map((one) => (one && value(one)) ?? '');
    return `  ${label.padEnd(9)}${text(cache).padStart(LABEL - 13)}  ${sparkly(values, { minimum: 0 })}`;
  });
  const { stalenessSeconds } = cache;
  return [
    `${cache.cache}: drain time ${drainTime(cache)}, staleness ${shortSeconds(stalenessSeconds)}, hottest group ` +
      `${hottest(cache, columns)}`,
    ...curves,
  ];
}
