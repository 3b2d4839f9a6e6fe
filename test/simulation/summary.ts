import type { Check, Violation } from './checks.ts';
import { FAULT_KINDS, type FaultCounts, noFaults } from './faults.ts';
import { type SimulationOptions, simulate } from './simulate.ts';

/** The result of many seeds. */
export interface Summary {
  readonly seeds: number;
  /** Events that topics accepted. */
  readonly published: number;
  /** Outcomes of messages that projectors reported. */
  readonly settled: number;
  readonly steps: number;
  readonly virtualMs: number;
  readonly counts: FaultCounts;
  readonly failures: readonly Failure[];
}

/** A seed that failed, and the first check that it failed. */
export interface Failure {
  readonly seed: number;
  readonly check: Check;
  readonly message: string;
}

export function noSummary(): Summary {
  return { seeds: 0, published: 0, settled: 0, steps: 0, virtualMs: 0, counts: noFaults(), failures: [] };
}

export function sum(a: Summary, b: Summary): Summary {
  const counts = noFaults();
  for (const kind of FAULT_KINDS) counts[kind] = a.counts[kind] + b.counts[kind];
  return {
    seeds: a.seeds + b.seeds,
    published: a.published + b.published,
    settled: a.settled + b.settled,
    steps: a.steps + b.steps,
    virtualMs: a.virtualMs + b.virtualMs,
    counts,
    failures: [...a.failures, ...b.failures].sort((one, other) => one.seed - other.seed),
  };
}

/** Runs seeds one after the other. */
export async function summaryOf(
  first: number,
  count: number,
  options: Partial<SimulationOptions> = {},
): Promise<Summary> {
  let summary = noSummary();
  for (let seed = first; seed < first + count; seed += 1) {
    const { violations, ...result } = await simulate({ ...options, seed });
    summary = sum(summary, { ...result, seeds: 1, failures: failuresOf(seed, violations) });
  }
  return summary;
}

function failuresOf(seed: number, [first]: readonly Violation[]): Failure[] {
  return first === undefined ? [] : [{ seed, check: first.check, message: first.message }];
}
