import type { Outcome } from './measure-absences.ts';
import type { WaysLoad } from './measure-load.ts';
import type { Reads } from './measure-reads.ts';
import type { Staleness } from './measure-staleness.ts';
import type { OwnerState, Plan, TimedState, Way } from './plan.ts';

/** What the comparison came to, with what one needs to get it again: bench/compare/results.json. */
export interface Comparison extends Measurements {
  readonly command: string;
  readonly date: string;
  readonly machine: string;
  readonly seconds: number;
  readonly plan: Plan;
}

/** All that was measured. */
export interface Measurements {
  readonly reads: readonly Reads[];
  readonly staleness: readonly Staleness[];
  readonly load: readonly WaysLoad[];
  readonly absences: readonly Outcome[];
}

/** What was measured of a way. Throws if nothing was. */
export function readsOf({ reads }: Measurements, state: OwnerState, way: Way): Reads {
  return found(reads, (one) => one.state === state && one.way === way, `reads ${state} ${way}`);
}

/** Likewise. */
export function loadOf({ load }: Measurements, consumers: number, way: Way): WaysLoad {
  return found(load, (one) => one.consumers === consumers && one.way === way, `load ${consumers} ${way}`);
}

/** Likewise. */
export function stalenessOf({ staleness }: Measurements, state: TimedState, way: Way): Staleness {
  return found(staleness, (one) => one.state === state && one.way === way, `staleness ${state} ${way}`);
}

/** Likewise. */
export function outcomeOf({ absences }: Measurements, absence: Outcome['absence'], way: Way): Outcome {
  return found(absences, (one) => one.absence === absence && one.way === way, `absence ${absence} ${way}`);
}

function found<T>(all: readonly T[], is: (one: T) => boolean, what: string): T {
  const one = all.find(is);
  if (one === undefined) throw new Error(`not measured: ${what}`);
  return one;
}

/** Dollars for a million changes that all consumers want, with so many reads by each of them after each change. */
export function dollarsPerMillion({ change, read, consumers }: WaysLoad, readsPerChange: number): number {
  return change.perMillion + consumers * readsPerChange * read.perMillion;
}

/** Requests to AWS's services for a change, likewise. */
export function requestsPerChange({ change, read, consumers }: WaysLoad, readsPerChange: number): number {
  return change.requests + consumers * readsPerChange * read.requests;
}
