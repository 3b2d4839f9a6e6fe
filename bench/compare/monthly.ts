import { monthlyPolls } from '../../cli/commands/cost/estimate.ts';

/** Dollars a month for an owner and its caches, from the monthly total in docs/cost.md; a test compares them. */
export const CACHES_PER_MONTH = { 1: 12.62, 3: 29.24, 10: 79.38 } as const;

/** The numbers of consumers whose monthly cost is known. */
export type MonthlyConsumers = keyof typeof CACHES_PER_MONTH;

/**
 * Dollars a month for the copies, whether anything changes or not: for notification the polls of its queues, for
 * event-carried state everything in docs/cost.md.
 */
export function monthlyDollars(way: 'notify' | 'carry', consumers: MonthlyConsumers): number {
  return way === 'carry' ? CACHES_PER_MONTH[consumers] : monthlyPolls({ fifo: consumers, standard: 0 });
}
