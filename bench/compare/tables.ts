import { figure } from '../support/result.ts';
import { CONSUMERS } from './catalogue.ts';
import { READS_PER_CHANGE } from './charts.ts';
import { ABSENCES, type Absence } from './measure-absences.ts';
import type { Cost } from './measure-load.ts';
import { OWNER_STATES, WAY_NAMES, WAYS } from './plan.ts';
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
          figure(p99Ms),
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
  const cells = (state: 'up' | 'slow') =>
    (['notify', 'carry'] as const).map((way) => {
      const { p50Ms, p99Ms } = stalenessOf(comparison, state, way);
      return `${figure(p50Ms)} / ${figure(p99Ms)} ms`;
    });
  return {
    head: ['owner', WAY_NAMES.call, `${WAY_NAMES.notify}, median / p99`, `${WAY_NAMES.carry}, median / p99`],
    rows: [
      ['up', '0', ...cells('up')],
      ['slow', '0, once it answers', ...cells('slow')],
      ['API down', 'no answer', 'until the API is back, or an operator comes', 'as while it is up'],
      ['down', 'no answer', 'as long as it lasts', 'as long as it lasts'],
    ],
  };
}

const ABSENCE_NAMES: Readonly<Record<Absence, string>> = {
  consumer: 'the consumer',
  owner: 'the owner',
  api: "the owner's API alone",
};

/** What becomes of changes while somebody is away. */
export function absencesTable(comparison: Comparison): PageTable {
  return {
    head: [
      'away',
      'way',
      'reads answered meanwhile',
      'with the newest',
      'newest afterwards',
      'states received, of changes',
      'waiting for an operator',
    ],
    rows: ABSENCES.flatMap((absence) =>
      WAYS.map((way) => {
        const { products, changes, whileAway, newestAfter, received, stranded } = outcomeOf(comparison, absence, way);
        const of = (count: number | undefined) => (count === undefined ? '-' : `${count} of ${products}`);
        return [
          ...[ABSENCE_NAMES[absence], WAY_NAMES[way], of(whileAway?.answered), of(whileAway?.newest), of(newestAfter)],
          received === undefined ? '-' : `${received} of ${changes}`,
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

/** Reads by each consumer after a change from which a copy costs less than calls, by way; infinite if it never does. */
export function breakEven(comparison: Comparison, consumers: number, way: 'notify' | 'carry'): number {
  const [call, copy] = [loadOf(comparison, consumers, 'call'), loadOf(comparison, consumers, way)];
  const saved = consumers * (call.read.perMillion - copy.read.perMillion);
  return saved <= 0 ? Number.POSITIVE_INFINITY : (copy.change.perMillion - call.change.perMillion) / saved;
}

/** All tables of the page, in its order. */
export function comparisonTables(comparison: Comparison): PageTable[] {
  return [readsTable, loadTable, stalenessTable, absencesTable, costTable, servicesTable].map((table) =>
    table(comparison),
  );
}
