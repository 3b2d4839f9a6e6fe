import type { BilledUnit, LedgerEntry } from 'freshet-local/internal/ledger/ledger';
import { dollarsOf, MONTHLY_PRICES, type MonthlyUnit, PRICES } from './prices.ts';

/** A line of the bill: one billed unit of one kind of request. */
export interface Line {
  readonly service: LedgerEntry['service'];
  readonly operation: string;
  /** Who made the requests: `writer`, `relay`, `projector`, ... */
  readonly by: string;
  readonly unit: BilledUnit;
  /** API calls, or other counted operations, per event. */
  readonly requestsPerEvent: number;
  /** In `unit`, per event. */
  readonly billedPerEvent: number;
  /** US dollars. */
  readonly perMillionEvents: number;
}

/** The requests that were counted while a number of events were committed. */
export interface Counted {
  readonly events: number;
  readonly entries: readonly LedgerEntry[];
}

/** Returns the name of a caller on the bill: the role of a function, which is the same for all caches. */
export type RoleOf = (caller: string, resource: string) => string;

/**
 * Returns the requests per event and their cost, by service, operation, caller and unit. The most expensive services
 * and lines come first.
 */
export function linesOf({ events, entries }: Counted, roleOf: RoleOf): Line[] {
  const lines = new Map<string, { -readonly [K in keyof Line]: Line[K] }>();
  for (const { service, operation, caller, resource, requests, billed } of entries) {
    const by = roleOf(caller, resource);
    for (const [unit, amount] of Object.entries(billed) as [BilledUnit, number][]) {
      const key = `${service} ${operation} ${by} ${unit}`;
      const line = lines.get(key) ?? {
        service,
        operation,
        by,
        unit,
        requestsPerEvent: 0,
        billedPerEvent: 0,
        perMillionEvents: 0,
      };
      line.requestsPerEvent += requests / events;
      line.billedPerEvent += amount / events;
      line.perMillionEvents += dollarsOf(PRICES[unit], (amount / events) * 1_000_000);
      lines.set(key, line);
    }
  }
  const ofService = (service: string) =>
    total([...lines.values()].filter((line) => line.service === service).map((line) => line.perMillionEvents));
  return [...lines.values()].sort(
    (a, b) =>
      ofService(b.service) - ofService(a.service) ||
      a.service.localeCompare(b.service) ||
      b.perMillionEvents - a.perMillionEvents,
  );
}

export function total(amounts: readonly number[]): number {
  return amounts.reduce((sum, amount) => sum + amount, 0);
}

/** The cost of all lines together, in US dollars for a million events. */
export function perMillion(lines: readonly Line[]): number {
  return total(lines.map(({ perMillionEvents }) => perMillionEvents));
}

/** API calls per event of all services. Deliveries and log lines aren't API calls. */
export function callsPerEvent({ events, entries }: Counted): number {
  const calls = entries.filter(({ service, operation }) => isCall(service, operation));
  return total(calls.map(({ requests }) => requests)) / events;
}

function isCall(service: LedgerEntry['service'], operation: string): boolean {
  return service !== 'CloudWatch' && operation !== 'delivery';
}

/** The cost of one way in which changes arrive, compared with the first way. */
export interface Saving {
  readonly perMillionChanges: number;
  /** The share of the first way's cost that is saved, 0 to 1; negative if this way costs more. */
  readonly saved: number;
}

/** Compares the costs of the ways in which changes arrive with the first way. */
export function savings(perMillionChanges: readonly number[]): Saving[] {
  const [first = 0] = perMillionChanges;
  return perMillionChanges.map((dollars) => ({
    perMillionChanges: dollars,
    saved: first === 0 ? 0 : 1 - dollars / first,
  }));
}

/** Minutes of a month of 730 hours, as AWS calculates. */
export const MINUTES_A_MONTH = 730 * 60;

/** US dollars per month for requests that are made once a minute. */
export function monthlyOf(minute: readonly LedgerEntry[]): number {
  const ofMinute = minute.flatMap(({ billed }) =>
    (Object.entries(billed) as [BilledUnit, number][]).map(([unit, amount]) => dollarsOf(PRICES[unit], amount)),
  );
  return total(ofMinute) * MINUTES_A_MONTH;
}

/** US dollars per month for an amount of a unit that is billed by the month. */
export function monthlyPrice(unit: MonthlyUnit, amount: number): number {
  return dollarsOf(MONTHLY_PRICES[unit], amount);
}

/**
 * The polling that is assumed for an empty queue. AWS documents how long a poll waits, but not how many pollers an idle
 * mapping has.
 */
export const POLLING = { pollers: 5, pollsAMinute: 3 } as const;

/** US dollars per month for polling queues that are always empty, which is the most that polling can cost. */
export function monthlyPolls({ fifo, standard }: { readonly fifo: number; readonly standard: number }): number {
  const polls = POLLING.pollers * POLLING.pollsAMinute * MINUTES_A_MONTH;
  return dollarsOf(PRICES.fifoChunks, fifo * polls) + dollarsOf(PRICES.standardChunks, standard * polls);
}
