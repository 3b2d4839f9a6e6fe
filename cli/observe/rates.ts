import type { Datapoint } from 'freshet-aws/internal/adapters/govern/metric-data';
import { type Rates, ratesOf } from 'freshet-aws/internal/core/govern/measure';
import type { Sample } from 'freshet-aws/internal/core/govern/report';

/** The recent backlogs of a queue, oldest first. */
export type Backlogs = readonly Sample[];

/** Adds a backlog. Of the backlogs before the window of the rates, it keeps only the newest. */
export function withSample(before: Backlogs, sample: Sample, windowMs: number): Backlogs {
  const all = [...before, sample];
  const first = all.findLastIndex(({ atMs }) => atMs <= sample.atMs - windowMs);
  return all.slice(Math.max(0, first));
}

/**
 * The rates between the oldest and the newest backlog; undefined while there is only one.
 *
 * @param settled number of events that reached an outcome, by period
 */
export function liveRates(backlogs: Backlogs, settled: readonly Datapoint[], periodSeconds: number): Rates | undefined {
  const [first, last] = [backlogs[0], backlogs.at(-1)];
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return undefined;
  const consumed = countWithin(settled, periodSeconds * 1000, first.atMs, last.atMs);
  return ratesOf(consumed, [first.backlog, last.backlog], (last.atMs - first.atMs) / 1000);
}

/**
 * The count between two times. A period that lies partly between them counts in proportion. The newest period ends now.
 */
function countWithin(series: readonly Datapoint[], periodMs: number, fromMs: number, toMs: number): number {
  return series.reduce((sum, { atMs, value }) => {
    const endMs = Math.max(atMs + 1, Math.min(atMs + periodMs, toMs));
    const insideMs = Math.min(endMs, toMs) - Math.max(atMs, fromMs);
    return insideMs <= 0 ? sum : sum + (value * insideMs) / (endMs - atMs);
  }, 0);
}
