import { FAULT_KINDS, type FaultCounts, noFaults } from './faults.ts';
import type { Check, Violation } from './ledger.ts';
import { type SimulationOptions, simulate } from './simulate.ts';

/** What came of many seeds. */
export interface Summary {
  readonly seeds: number;
  /** Events that topics took. */
  readonly published: number;
  /** Ends of messages that projectors reported. */
  readonly settled: number;
  readonly steps: number;
  readonly virtualMs: number;
  readonly counts: FaultCounts;
  readonly failures: readonly Failure[];
}

/** A seed that failed, and the check that it failed first. */
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
