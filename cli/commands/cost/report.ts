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
import type { SelfRepairSample } from './self-repair.ts';

/** What the report is about. */
export interface Question {
  readonly events: number;
  readonly caches: number;
  /** The size of an entity's state as JSON. */
  readonly bytes: number;
}

/** What a measurement counted. */
export interface Measured extends EventSample {
  /** The requests of a minute without a change. */
  readonly minute: readonly LedgerEntry[];
  /** The number of metrics that the functions wrote, each with its dimensions. */
  readonly customMetrics: number;
  readonly fixed: Fixed;
  readonly selfRepair: SelfRepairSample;
  readonly roleOf: RoleOf;
}

/** One way in which changes arrive. */
export interface Way {
  readonly name: string;
  /** The changes of the sample. */
  readonly changes: number;
  readonly callsPerChange: number;
  /** US dollars. */
  readonly perMillionChanges: number;
  /** The share that is saved compared with one change at a time, 0 to 1. */
  readonly saved: number;
  readonly lines: readonly Line[];
}

/** A cost by the month, independent of the number of events. */
export interface Monthly {
  readonly what: string;
  /** How many, if it is counted. */
  readonly amount?: number;
  /** US dollars. */
  readonly perMonth: number;
  /** Billed only if the app has it. */
  readonly optional?: true;
}

/** What one cache costs that fills and checks itself. */
export interface SelfRepairCost {
  /** The number of entities in the sample. */
  readonly measured: number;
  /** The lines' events are the entities. */
  readonly ways: readonly { readonly name: 'backfill' | 'inventory'; readonly lines: readonly Line[] }[];
  /** US dollars, for several numbers of entities: the sample's costs in proportion to the entities. */
  readonly sizes: readonly {
    readonly entities: number;
    readonly backfill: number;
    readonly inventory: number;
    /** One inventory a day. */
    readonly inventoriesPerMonth: number;
  }[];
}

/** The report, as `--json` prints it. */
export interface CostReport extends Question {
  readonly prices: typeof PRICE_LIST;
  readonly sample: SampleSize;
  /** US dollars for all events of the question, one at a time. */
  readonly total: number;
  /** The first way is one change at a time. */
  readonly ways: readonly Way[];
  readonly monthly: readonly Monthly[];
  readonly selfRepair: SelfRepairCost;
  /** What the figures leave out. */
  readonly notes: readonly string[];
}

/** Calculates the prices of a measurement. */
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
    name,
    changes: counted.events,
    callsPerChange: callsPerEvent(counted),
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
    selfRepair: selfRepairCost(measured),
    notes: NOTES,
  };
}

/** The numbers of entities for which filling and checking are priced. */
const SIZES = [1_000, 100_000, 1_000_000];

/** With the default `checkEvery`, a day. */
const INVENTORIES_A_MONTH = MINUTES_A_MONTH / (24 * 60);

function selfRepairCost({ selfRepair: { backfill, inventory }, roleOf }: Measured): SelfRepairCost {
  const [ofBackfill, ofInventory] = [linesOf(backfill, roleOf), linesOf(inventory, roleOf)];
  const perEntity = (lines: readonly Line[]) => perMillion(lines) / 1_000_000;
  return {
    measured: inventory.events,
    ways: [
      { name: 'backfill', lines: ofBackfill },
      { name: 'inventory', lines: ofInventory },
    ],
    sizes: SIZES.map((entities) => ({
      entities,
      backfill: perEntity(ofBackfill) * entities,
      inventory: perEntity(ofInventory) * entities,
      inventoriesPerMonth: perEntity(ofInventory) * entities * INVENTORIES_A_MONTH,
    })),
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

/** The service. CloudWatch is split into two parts, because reading metrics costs the most. */
function partOf({ service, operation }: LedgerEntry): string {
  if (service !== 'CloudWatch') return service;
  return operation === 'GetMetricData' ? 'CloudWatch, metrics read' : 'CloudWatch, logs';
}

/** US dollars per month, with or without the optional costs. */
export function monthlyTotal(monthly: readonly Monthly[], withOptional: boolean): number {
  return total(monthly.filter(({ optional }) => withOptional || !optional).map(({ perMonth }) => perMonth));
}

const NOTES: readonly string[] = [
  `Prices: ${PRICE_LIST.region}, looked up ${PRICE_LIST.lookedUp} from ${PRICE_LIST.source}. No free tier, no ` +
    'discount.',
  'Requests, units and bytes are counted in a real run. GB-seconds come from the durations of this machine, without ' +
    'cold starts; on AWS, a function may take more or less time.',
  'Write units depend on the size of an item: the state plus about 150 bytes for key, version, digest and times, and ' +
    'about 30 more in a cache, for a checksum. The caches in the sample have no indexes; each index would add writes of its size.',
  "A message that SNS sends to a queue is also counted as an SQS request, because AWS's pages don't clearly say " +
    'that the request is free.',
  "A typical size is assumed for Lambda's own START, END and REPORT log lines, which the local cloud doesn't write.",
  `Polls of empty queues: ${POLLING.pollers} pollers per queue, each with ${POLLING.pollsAMinute} long polls a ` +
    'minute, are assumed. AWS documents how long a poll waits, but not the number of pollers. A queue with messages ' +
    'needs fewer polls.',
  'Not counted, although it can be the largest part: X-Ray records the first invocation of a function in each ' +
    'second and 5% of the others. A million recorded invocations cost $5, and 100,000 a month are free. Your own ' +
    'sampling rule can reduce the cost.',
  `A month has ${MINUTES_A_MONTH.toLocaleString('en-US')} minutes. The report assumes that a custom metric is ` +
    'written in every hour of the month.',
  'A backfill and an inventory are counted with one cache that no change reaches meanwhile, and scaled by the number ' +
    'of entities. The inventory finds no difference.',
  "Not counted: storage of tables, backups and logs, retries and other repairs, writers' reads of flow control (half a " +
    'read unit per writer every 5 seconds), reads of a cache, Contributor Insights by event ($0.02 for a million ' +
    'batches), data transfer (none within a region). Schedules and stream reads are free.',
];
