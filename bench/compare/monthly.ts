import { monthlyPolls } from '../../cli/cost/estimate.ts';

/** What caches of an owner cost by the month, dollars: docs/cost.md, by the month, together; a test holds them against it. */
export const CACHES_PER_MONTH = { 1: 12.06, 3: 27.55, 10: 73.75 } as const;

/** Numbers of consumers whose monthly part is known. */
export type MonthlyConsumers = keyof typeof CACHES_PER_MONTH;

/** What a copy costs by the month whether anything changes or not, dollars: of notification the polls of its queues, of event-carried state all that watches it. */
export function monthlyDollars(way: 'notify' | 'carry', consumers: MonthlyConsumers): number {
  return way === 'carry' ? CACHES_PER_MONTH[consumers] : monthlyPolls({ fifo: consumers, standard: 0 });
}
