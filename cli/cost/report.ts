import type { LedgerEntry } from 'freshet-local/internal/ledger/ledger';
import {
  type Counted,
  callsPerEvent,
  type Line,
  linesOf,
  MINUTES_A_MONTH,
  monthlyOf,
  monthlyPolls,
  monthlyPrice,
  POLLING,
  perMillion,
  type RoleOf,
  savings,
  total,
} from './estimate.ts';
import type { Fixed } from './fixed.ts';
import { MONTHLY_PRICES, type MonthlyUnit, PRICE_LIST } from './prices.ts';
import { CHANGES_PER_ENTITY, type EventSample, type SampleSize } from './sample.ts';

/** What was asked. */
export interface Question {
  readonly events: number;
  readonly caches: number;
  /** Of one entity's state as JSON. */
  readonly bytes: number;
}

/** What was measured. */
export interface Measured extends EventSample {
  /** What a minute without a change took. */
  readonly minute: readonly LedgerEntry[];
  /** Metrics that the functions wrote, each under its dimensions. */
  readonly customMetrics: number;
  readonly fixed: Fixed;
  readonly roleOf: RoleOf;
}

/** One way in which changes arrive. */
export interface Way {
  readonly name: string;
  /** Of the sample. */
  readonly changes: number;
  readonly callsPerChange: number;
  /** US dollars. */
  readonly perMillionChanges: number;
  /** Against one at a time, 0 to 1. */
  readonly saved: number;
  readonly lines: readonly Line[];
}

/** What is paid by the month, however many events there are. */
export interface Monthly {
  readonly what: string;
  /** How many, where it is counted. */
  readonly amount?: number;
  /** US dollars. */
  readonly perMonth: number;
  /** Only for those who have it. */
  readonly optional?: true;
}

/** The answer, as `--json` prints it. */
export interface CostReport extends Question {
  readonly prices: typeof PRICE_LIST;
  readonly sample: SampleSize;
  /** US dollars for the events that were asked for, one at a time. */
  readonly total: number;
  /** One at a time first. */
  readonly ways: readonly Way[];
  readonly monthly: readonly Monthly[];
  /** What the figures can't tell. */
  readonly notes: readonly string[];
}

/** Puts prices on what was measured. */
export function costReport(question: Question, measured: Measured): CostReport {
  const { single, batched, conflated, roleOf } = measured;
  const named: readonly (readonly [string, Counted])[] = [
    ['one at a time, each alone in its batches', single],
    ['together, different entities, 10 in a batch', batched],
    [`while paced, ${CHANGES_PER_ENTITY} of one entity become one event`, conflated],
  ];
  const lines = named.map(([, counted]) => linesOf(counted, roleOf));
  const saving = savings(lines.map(perMillion));
  const ways = named.map(([name, counted], index) => ({
    ...{ name, changes: counted.events, callsPerChange: callsPerEvent(counted) },
    ...(saving[index] ?? { perMillionChanges: 0, saved: 0 }),
    lines: lines[index] ?? [],
  }));
  return {
    ...question,
    prices: PRICE_LIST,
    sample: { changes: batched.events, single: single.events },
    total: ((saving[0]?.perMillionChanges ?? 0) / 1_000_000) * question.events,
    ways,
    monthly: monthlyCosts(measured),
    notes: NOTES,
  };
}

function monthlyCosts({ minute, customMetrics, fixed: { monthly, polled } }: Measured): Monthly[] {
  const parts = [...new Set(minute.map(partOf))].sort();
  const priced = (unit: MonthlyUnit, amount: number) => ({
    what: MONTHLY_PRICES[unit].unit,
    amount,
    perMonth: monthlyPrice(unit, amount),
  });
  const monitoring = (Object.entries(monthly) as [keyof Fixed['monthly'], number][]).map(([unit, amount]) => ({
    ...priced(unit, amount),
    optional: true as const,
  }));
  return [
    ...parts.map((part) => ({
      what: `heartbeats and reports each minute: ${part}`,
      perMonth: monthlyOf(minute.filter((entry) => partOf(entry) === part)),
    })),
    priced('customMetrics', customMetrics),
    {
      what: 'polls of empty queues, at most (assumed)',
      amount: polled.fifo + polled.standard,
      perMonth: monthlyPolls(polled),
    },
    ...monitoring,
  ];
}

/** The service; of CloudWatch also for what, since reading metrics costs most of all. */
function partOf({ service, operation }: LedgerEntry): string {
  if (service !== 'CloudWatch') return service;
  return operation === 'GetMetricData' ? 'CloudWatch, metrics read' : 'CloudWatch, logs';
}

/** Dollars a month of all, or of what everybody has. */
export function monthlyTotal(monthly: readonly Monthly[], withOptional: boolean): number {
  return total(monthly.filter(({ optional }) => withOptional || !optional).map(({ perMonth }) => perMonth));
}

const NOTES: readonly string[] = [
  `Prices: ${PRICE_LIST.region}, looked up ${PRICE_LIST.lookedUp} from ${PRICE_LIST.source}. No free tier, no discount.`,
  'Requests, units and bytes are counted in a real run; GB-seconds are durations of this machine, without cold starts. A Lambda takes longer or shorter.',
  'Write units go by the item: the state and about 150 bytes of key, version, digest and times. Caches without indexes; each index adds writes of its size.',
  "A message that SNS sends to a queue is counted as an SQS request as well: AWS's pages don't say plainly that it is free.",
  "Lambda's own START, END and REPORT lines aren't written here: their size is a typical one.",
  `Polls of empty queues: ${POLLING.pollers} pollers a queue, ${POLLING.pollsAMinute} long polls a minute each; AWS documents the wait, not the pollers. Events on the way make them fewer.`,
  'Not counted, and it can be most of it: X-Ray records every invocation while there is less than one a second of a function, 5% of those above, and takes ' +
    '$5 for a million; 100,000 a month are free. A sampling rule of your own makes it less.',
  `A month has ${MINUTES_A_MONTH.toLocaleString('en-US')} minutes. A custom metric is taken to be written in every hour of it.`,
  "Not counted: storage of tables, backups and logs, retries and repairs, writers' reads of flow control (half a read unit each 5 seconds and writer), what " +
    'readers read of a cache, Contributor Insights by event ($0.02 for a million batches), data transfer (none within a region). Schedules and stream reads are free.',
];
