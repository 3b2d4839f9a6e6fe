import { figure } from '../support/result.ts';
import { CONSUMERS } from './catalogue.ts';
import { READS_PER_CHANGE } from './charts.ts';
import { ABSENCE_NAMES, ABSENCES, type Absence } from './measure-absences.ts';
import type { Cost } from './measure-load.ts';
import { type MonthlyConsumers, monthlyDollars } from './monthly.ts';
import { OWNER_STATES, type TimedState, WAY_NAMES, WAYS } from './plan.ts';
import {
  type Comparison,
  dollarsPerMillion,
  loadOf,
  outcomeOf,
  readsOf,
  requestsPerChange,
  stalenessOf,
} from './result.ts';

/** A table of the page. */
export interface PageTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

const money = (dollars: number): string => dollars.toFixed(2);

/** Reads by the owner's state. */
export function readsTable(comparison: Comparison): PageTable {
  return {
    head: ['owner', 'way', 'answered', 'median ms', 'p99 ms', 'median by event-carried state'],
    rows: OWNER_STATES.flatMap((state) =>
      WAYS.map((way) => {
        const { asked, answered, p50Ms, p99Ms, byCarried } = readsOf(comparison, state, way);
        const times = `${figure(byCarried.median)} x (${figure(byCarried.min)}..${figure(byCarried.max)})`;
        return [
          state,
          WAY_NAMES[way],
          `${answered} of ${asked}`,
          figure(p50Ms),
          tail(p99Ms, asked),
          way === 'carry' ? '' : times,
        ];
      }),
    ),
  };
}

/** What lands on the owner, and what travels. */
export function loadTable(comparison: Comparison): PageTable {
  return {
    head: [
      'consumers',
      'way',
      'requests to the owner: by the change',
      'by reads',
      'bytes of messages',
      "bytes of the owner's answers",
    ],
    rows: CONSUMERS.flatMap((consumers) =>
      WAYS.map((way) => {
        const { ownerRequests, bytes } = loadOf(comparison, consumers, way);
        const counts = [ownerRequests.byChange, ownerRequests.byReads, bytes.messages, bytes.answers];
        return [consumers, WAY_NAMES[way], ...counts.map(figure)];
      }),
    ),
  };
}

/** How stale a consumer's data is. */
export function stalenessTable(comparison: Comparison): PageTable {
  const timed = (state: TimedState, way: 'notify' | 'carry') => {
    const { changes, p50Ms, p99Ms } = stalenessOf(comparison, state, way);
    return `${figure(p50Ms)} / ${tail(p99Ms, changes)} ms`;
  };
  const outage = (absence: Absence, way: 'notify' | 'carry') =>
    `as long as it lasts, and ${seconds(outcomeOf(comparison, absence, way).recoveryMs)} more`;
  const ways = ['notify', 'carry'] as const;
  return {
    head: ['owner', WAY_NAMES.call, `${WAY_NAMES.notify}, median / p99`, `${WAY_NAMES.carry}, median / p99`],
    rows: [
      ['up', '0', ...ways.map((way) => timed('up', way))],
      ['slow', '0, once it answers', ...ways.map((way) => timed('slow', way))],
      ['API down', 'no answer', outage('api', 'notify'), timed('no-api', 'carry')],
      ['down', 'no answer', ...ways.map((way) => outage('owner', way))],
      ['what a reader is told, on AWS', '-', 'nothing', 'up to 2 minutes; 3 to 5 where a queue is never empty'],
    ],
  };
}

/** A 99th percentile; of fewer than a hundred values it is the largest, and says so. */
function tail(p99Ms: number, values: number): string {
  return values < 100 ? `at most ${figure(p99Ms)}` : figure(p99Ms);
}

const seconds = (ms: number): string => `${figure(ms / 1000)} s`;

/** What becomes of changes while somebody is away. */
export function absencesTable(comparison: Comparison): PageTable {
  return {
    head: [
      'away',
      'way',
      'reads answered meanwhile',
      'with the newest',
      'newest, after the return',
      'newest afterwards',
      'states received, of changes',
      'waiting for an operator',
    ],
    rows: ABSENCES.flatMap((absence) =>
      WAYS.map((way) => {
        const outcome = outcomeOf(comparison, absence, way);
        const { products, changes, whileAway, newestAfter, received, recoveryMs, stranded } = outcome;
        const of = (count: number | undefined) => (count === undefined ? '-' : `${count} of ${products}`);
        return [
          ...[ABSENCE_NAMES[absence], WAY_NAMES[way], of(whileAway?.answered), of(whileAway?.newest)],
          ...[seconds(recoveryMs), of(newestAfter), received === undefined ? '-' : `${received} of ${changes}`],
          stranded,
        ];
      }),
    ),
  };
}

/** Requests and dollars by reads. */
export function costTable(comparison: Comparison): PageTable {
  return {
    head: [
      'consumers',
      'way',
      'requests a change, without reads',
      'a read',
      ...READS_PER_CHANGE.map((reads) => `$, ${reads.toLocaleString('en-US')} reads`),
    ],
    rows: CONSUMERS.flatMap((consumers) =>
      WAYS.map((way) => {
        const load = loadOf(comparison, consumers, way);
        const dollars = READS_PER_CHANGE.map((reads) => money(dollarsPerMillion(load, reads)));
        return [consumers, WAY_NAMES[way], figure(requestsPerChange(load, 0)), figure(load.read.requests), ...dollars];
      }),
    ),
  };
}

const SERVICES = [
  'DynamoDB',
  'SQS',
  'SNS',
  'Lambda',
  'CloudWatch',
] as const satisfies readonly (keyof Cost['byService'])[];

/** Where the dollars go, with three consumers. */
export function servicesTable(comparison: Comparison): PageTable {
  const row = (name: string, { byService, perMillion }: Cost) => [
    name,
    ...SERVICES.map((service) => money(byService[service] ?? 0)),
    money(perMillion),
  ];
  return {
    head: ['for a million', ...SERVICES, 'together'],
    rows: WAYS.flatMap((way) => {
      const { change, read } = loadOf(comparison, 3, way);
      return [row(`changes: ${WAY_NAMES[way]}`, change), row(`reads: ${WAY_NAMES[way]}`, read)];
    }),
  };
}

/**
 * Reads by each consumer after a change from which a copy costs less than calls, by way; infinite if it never does.
 *
 * @param changesPerMonth what the monthly part is spread over
 */
export function breakEven(
  comparison: Comparison,
  consumers: MonthlyConsumers,
  way: 'notify' | 'carry',
  changesPerMonth: number,
): number {
  const [call, copy] = [loadOf(comparison, consumers, 'call'), loadOf(comparison, consumers, way)];
  const saved = consumers * (call.read.perMillion - copy.read.perMillion);
  const fixed = (monthlyDollars(way, consumers) * 1_000_000) / changesPerMonth;
  return saved <= 0 ? Number.POSITIVE_INFINITY : (copy.change.perMillion - call.change.perMillion + fixed) / saved;
}

/** Changes a month at which the break-even is given. */
export const VOLUMES = [10_000, 1_000_000, 100_000_000] as const;

/** From how many reads a copy costs less, with what it costs by the month. */
export function breakEvenTable(comparison: Comparison): PageTable {
  return {
    head: [
      'consumers',
      'copy by',
      '$ a month',
      ...VOLUMES.map((volume) => `${volume.toLocaleString('en-US')} changes a month`),
    ],
    rows: ([1, 3, 10] as const).flatMap((consumers) =>
      (['notify', 'carry'] as const).map((way) => [
        ...[consumers, WAY_NAMES[way], money(monthlyDollars(way, consumers))],
        ...VOLUMES.map((volume) => Math.ceil(breakEven(comparison, consumers, way, volume)).toLocaleString('en-US')),
      ]),
    ),
  };
}

/** All tables of the page, in its order. */
export function comparisonTables(comparison: Comparison): PageTable[] {
  return [readsTable, loadTable, stalenessTable, absencesTable, costTable, breakEvenTable, servicesTable].map((table) =>
    table(comparison),
  );
}
