import type { BilledUnit, LedgerEntry } from 'freshet-local/internal/ledger/ledger';
import { dollarsOf, MONTHLY_PRICES, type MonthlyUnit, PRICES } from './prices.ts';

/** A line of the bill: one unit of one kind of request. */
export interface Line {
  readonly service: LedgerEntry['service'];
  readonly operation: string;
  /** Who asked for it: `writer`, `relay`, `projector`, ... */
  readonly by: string;
  readonly unit: BilledUnit;
  /** Calls of the API, or what else was counted, for each event. */
  readonly requestsPerEvent: number;
  /** In the unit. */
  readonly billedPerEvent: number;
  /** US dollars. */
  readonly perMillionEvents: number;
}

/** What was counted while so many events were committed. */
export interface Counted {
  readonly events: number;
  readonly entries: readonly LedgerEntry[];
}

/** How the ledger's callers and resources are called on the bill: a function by its role, caches together. */
export type RoleOf = (caller: string, resource: string) => string;

/** An event's requests and their cost, by service, operation, who asked and unit. The dearest lines of a service come first. */
export function linesOf({ events, entries }: Counted, roleOf: RoleOf): Line[] {
  const lines = new Map<string, { -readonly [K in keyof Line]: Line[K] }>();
  for (const { service, operation, caller, resource, requests, billed } of entries) {
    const by = roleOf(caller, resource);
    for (const [unit, amount] of Object.entries(billed) as [BilledUnit, number][]) {
      const key = `${service} ${operation} ${by} ${unit}`;
      const line = lines.get(key) ?? {
        ...{ service, operation, by, unit },
        ...{ requestsPerEvent: 0, billedPerEvent: 0, perMillionEvents: 0 },
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

/** What all lines together cost, dollars for a million events. */
export function perMillion(lines: readonly Line[]): number {
  return total(lines.map(({ perMillionEvents }) => perMillionEvents));
}

/** API calls for each event, of all services: deliveries and what Lambda does by itself are none. */
export function callsPerEvent({ events, entries }: Counted): number {
  const calls = entries.filter(({ service, operation }) => isCall(service, operation));
  return total(calls.map(({ requests }) => requests)) / events;
}

function isCall(service: LedgerEntry['service'], operation: string): boolean {
  return service !== 'CloudWatch' && operation !== 'delivery';
}

/** One way in which changes arrive, compared with the first one. */
export interface Saving {
  readonly perMillionChanges: number;
  /** Part of what the first way costs that is saved, 0 to 1; negative where it costs more. */
  readonly saved: number;
}

/** What ways of arriving cost, against the first of them. */
export function savings(perMillionChanges: readonly number[]): Saving[] {
  const [first = 0] = perMillionChanges;
  return perMillionChanges.map((dollars) => ({
    perMillionChanges: dollars,
    saved: first === 0 ? 0 : 1 - dollars / first,
  }));
}

/** Minutes of a month of 730 hours, as AWS reckons. */
export const MINUTES_A_MONTH = 730 * 60;

/** Dollars a month of what happens once a minute. */
export function monthlyOf(minute: readonly LedgerEntry[]): number {
  const ofMinute = minute.flatMap(({ billed }) =>
    (Object.entries(billed) as [BilledUnit, number][]).map(([unit, amount]) => dollarsOf(PRICES[unit], amount)),
  );
  return total(ofMinute) * MINUTES_A_MONTH;
}

/** Dollars a month of so many of what is paid by the month. */
export function monthlyPrice(unit: MonthlyUnit, amount: number): number {
  return dollarsOf(MONTHLY_PRICES[unit], amount);
}

/** What the polling of queues without messages is taken to be; AWS documents the wait, not how many pollers an idle mapping keeps. */
export const POLLING = { pollers: 5, pollsAMinute: 3 } as const;

/** Dollars a month for mappings that find their queues empty all the time, the most that it can be. */
export function monthlyPolls({ fifo, standard }: { readonly fifo: number; readonly standard: number }): number {
  const polls = POLLING.pollers * POLLING.pollsAMinute * MINUTES_A_MONTH;
  return dollarsOf(PRICES.fifoChunks, fifo * polls) + dollarsOf(PRICES.standardChunks, standard * polls);
}
