import type { Outcome } from './measure-absences.ts';
import type { WaysLoad } from './measure-load.ts';
import type { Reads } from './measure-reads.ts';
import type { Staleness } from './measure-staleness.ts';
import type { OwnerState, Plan, TimedState, Way } from './plan.ts';

/** The result of the comparison and how to repeat it; stored in bench/compare/results.json. */
export interface Comparison extends Measurements {
  readonly command: string;
  readonly date: string;
  readonly machine: string;
  readonly seconds: number;
  readonly plan: Plan;
}

/** All measurements of a run. */
export interface Measurements {
  readonly reads: readonly Reads[];
  readonly staleness: readonly Staleness[];
  readonly load: readonly WaysLoad[];
  readonly absences: readonly Outcome[];
}

/** The reads of a way in a state of the owner. Throws if they weren't measured. */
export function readsOf({ reads }: Measurements, state: OwnerState, way: Way): Reads {
  return found(reads, (one) => one.state === state && one.way === way, `reads ${state} ${way}`);
}

/** The load of a way with a number of consumers. Throws if it wasn't measured. */
export function loadOf({ load }: Measurements, consumers: number, way: Way): WaysLoad {
  return found(load, (one) => one.consumers === consumers && one.way === way, `load ${consumers} ${way}`);
}

/** The staleness of a way in a state of the owner. Throws if it wasn't measured. */
export function stalenessOf({ staleness }: Measurements, state: TimedState, way: Way): Staleness {
  return found(staleness, (one) => one.state === state && one.way === way, `staleness ${state} ${way}`);
}

/** The outcome of an absence for a way. Throws if it wasn't measured. */
export function outcomeOf({ absences }: Measurements, absence: Outcome['absence'], way: Way): Outcome {
  return found(absences, (one) => one.absence === absence && one.way === way, `absence ${absence} ${way}`);
}

function found<T>(all: readonly T[], is: (one: T) => boolean, what: string): T {
  const one = all.find(is);
  if (one === undefined) throw new Error(`not measured: ${what}`);
  return one;
}

/** Dollars for a million changes that all consumers receive, with the given reads by each consumer after a change. */
export function dollarsPerMillion({ change, read, consumers }: WaysLoad, readsPerChange: number): number {
  return change.perMillion + consumers * readsPerChange * read.perMillion;
}

/** Requests to AWS's services for a change, with the given reads by each consumer after it. */
export function requestsPerChange({ change, read, consumers }: WaysLoad, readsPerChange: number): number {
  return change.requests + consumers * readsPerChange * read.requests;
}
