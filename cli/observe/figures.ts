import type { Datapoint } from 'freshet-aws/internal/adapters/govern/metric-data';
import { drainSeconds } from 'freshet-aws/internal/core/govern/measure';
import type { Deployment } from '../deployment/deployment.ts';
import { shortSeconds } from '../output/numbers.ts';

/** Events per second into and out of a cache; null while unknown. */
export interface KnownRates {
  readonly productionRate: number | null;
  readonly consumptionRate: number | null;
}

/** The shortest period of a metric, in seconds. */
export function finestPeriod({ isLocal }: Pick<Deployment, 'isLocal'>): number {
  return isLocal ? 1 : 60;
}

/** The time until a backlog is drained at the current rates; null if it doesn't drain, or the rates are unknown. */
export function drainOf(backlog: number, { productionRate, consumptionRate }: KnownRates): number | null {
  if (productionRate === null || consumptionRate === null) return null;
  const seconds = drainSeconds(backlog, { productionRate, consumptionRate });
  return Number.isFinite(seconds) ? seconds : null;
}

/** The drain time as text: `∞` if the backlog doesn't drain, `-` if the rates are unknown. */
export function drainTime(cache: {
  readonly drainSeconds: number | null;
  readonly productionRate: number | null;
}): string {
  return cache.drainSeconds === null && cache.productionRate !== null ? '∞' : shortSeconds(cache.drainSeconds);
}

/**
 * A percentile over several periods: the percentiles of the periods, weighted by their numbers of values. It is an
 * approximation. CloudWatch computes exact percentiles only for long periods that begin at fixed times, and this span
 * begins and ends at any time.
 */
export function overall(percentiles: readonly Datapoint[], samples: readonly Datapoint[]): number | null {
  const weights = new Map(samples.map(({ atMs, value }) => [atMs, value]));
  let weight = 0;
  let sum = 0;
  for (const { atMs, value } of percentiles) {
    const count = weights.get(atMs) ?? 0;
    weight += count;
    sum += count * value;
  }
  return weight === 0 ? null : sum / weight;
}
