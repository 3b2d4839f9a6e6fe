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
    head: ['owner', 'way', 'answered', 'median ms', 'p99 ms', 'ratio to event-carried state'],
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

/** Requests to the owner, and bytes of messages and answers. */
export function loadTable(comparison: Comparison): PageTable {
  return {
    head: [
      'consumers',
      'way',
      'requests to the owner for the change',
      'requests to the owner for reads',
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

/** How stale a consumer's data is, by the owner's state. */
export function stalenessTable(comparison: Comparison): PageTable {
  const timed = (state: TimedState, way: 'notify' | 'carry') => {
    const { changes, p50Ms, p99Ms } = stalenessOf(comparison, state, way);
    return `${figure(p50Ms)} / ${tail(p99Ms, changes)} ms`;
  };
  const outage = (absence: Absence, way: 'notify' | 'carry') =>
    `the outage + ${seconds(outcomeOf(comparison, absence, way).recoveryMs)}`;
  const ways = ['notify', 'carry'] as const;
  return {
    head: ['owner', WAY_NAMES.call, `${WAY_NAMES.notify}, median / p99`, `${WAY_NAMES.carry}, median / p99`],
    rows: [
      ['up', '0', ...ways.map((way) => timed('up', way))],
      ['slow', '0, once the owner answers', ...ways.map((way) => timed('slow', way))],
      ['API down', 'no answer', outage('api', 'notify'), timed('no-api', 'carry')],
      ['down', 'no answer', ...ways.map((way) => outage('owner', way))],
      [
        'staleness that a read returns, on AWS',
        '-',
        'none',
        'up to 2 minutes; 4 to 8 minutes if a queue is never empty',
      ],
    ],
  };
}

/** A 99th percentile. For fewer than a hundred values it is the largest value, so it reads `at most`. */
function tail(p99Ms: number, values: number): string {
  return values < 100 ? `at most ${figure(p99Ms)}` : figure(p99Ms);
}

const seconds = (ms: number): string => `${figure(ms / 1000)} s`;

/** How each way handles the changes made during an absence. */
export function absencesTable(comparison: Comparison): PageTable {
  return {
    head: [
      'away',
      'way',
      'reads answered while away',
      'newest version read while away',
      'time to the newest versions',
      'newest version read afterwards',
      'states received, of changes',
      'messages that need an operator',
    ],
    rows: ABSENCES.flatMap((absence) =>
      WAYS.map((way) => {
        const outcome = outcomeOf(comparison, absence, way);
        const { products, changes, whileAway, newestAfter, received, recoveryMs, stranded } = outcome;
        const of = (count: number | undefined) => (count === undefined ? '-' : `${count} of ${products}`);
        return [
          ABSENCE_NAMES[absence],
          WAY_NAMES[way],
          of(whileAway?.answered),
          of(whileAway?.newest),
          seconds(recoveryMs),
          of(newestAfter),
          received === undefined ? '-' : `${received} of ${changes}`,
          stranded,
        ];
      }),
    ),
  };
}

/** Requests and dollars, by how often consumers read. */
export function costTable(comparison: Comparison): PageTable {
  return {
    head: [
      'consumers',
      'way',
      'requests per change, without reads',
      'requests per read',
      ...READS_PER_CHANGE.map((reads) => `$ at ${reads.toLocaleString('en-US')} ${reads === 1 ? 'read' : 'reads'}`),
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

/** Dollars by service, with three consumers. */
export function servicesTable(comparison: Comparison): PageTable {
  const row = (name: string, { byService, perMillion }: Cost) => [
    name,
    ...SERVICES.map((service) => money(byService[service] ?? 0)),
    money(perMillion),
  ];
  return {
    head: ['for a million', ...SERVICES, 'total'],
    rows: WAYS.flatMap((way) => {
      const { change, read } = loadOf(comparison, 3, way);
      return [row(`changes: ${WAY_NAMES[way]}`, change), row(`reads: ${WAY_NAMES[way]}`, read)];
    }),
  };
}

/**
 * How many reads by each consumer after a change make a copy cost less than calls; infinite if it never does.
 *
 * @param changesPerMonth the changes that the monthly cost is spread over
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

/** The numbers of changes a month for which the break-even is calculated. */
export const VOLUMES = [10_000, 1_000_000, 100_000_000] as const;

/** The break-even of each copy, monthly costs included. */
export function breakEvenTable(comparison: Comparison): PageTable {
  return {
    head: [
      'consumers',
      'copy',
      '$ a month',
      ...VOLUMES.map((volume) => `reads at ${volume.toLocaleString('en-US')} changes a month`),
    ],
    rows: ([1, 3, 10] as const).flatMap((consumers) =>
      (['notify', 'carry'] as const).map((way) => [
        consumers,
        WAY_NAMES[way],
        money(monthlyDollars(way, consumers)),
        ...VOLUMES.map((volume) => Math.ceil(breakEven(comparison, consumers, way, volume)).toLocaleString('en-US')),
      ]),
    ),
  };
}

/** All tables, in the order of the page. */
export function comparisonTables(comparison: Comparison): PageTable[] {
  return [readsTable, loadTable, stalenessTable, absencesTable, costTable, breakEvenTable, servicesTable].map((table) =>
    table(comparison),
  );
}
