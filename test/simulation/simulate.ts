import { createAccount } from './account.ts';
import type { Violation } from './checks.ts';
import type { FaultCounts, FaultKind } from './faults.ts';
import { createHandMade } from './hand-made.ts';
import { createOperator } from './operator.ts';
import { checkEnd } from './settle.ts';
import { runWorkload } from './workload.ts';
import type { Wrong } from './world.ts';

/** Default numbers of versions that a seed commits, and of entities. */
export const COMMITS = 200;
export const ENTITIES = 8;

/** The options of one run. They determine everything that happens in it. */
export interface SimulationOptions {
  readonly seed: number;
  /** @default 200 */
  readonly commits?: number | undefined;
  /** @default 8 */
  readonly entityCount?: number | undefined;
  /** Kinds of fault that are left out. @default none */
  readonly without?: readonly FaultKind[] | undefined;
  /** A planted bug. @default none */
  readonly wrong?: Wrong | undefined;
  readonly trace?: ((text: string) => void) | undefined;
}

export interface SimulationResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly counts: FaultCounts;
  /** Events that the topic accepted. */
  readonly published: number;
  /** Outcomes of messages that projectors reported. */
  readonly settled: number;
  readonly steps: number;
  readonly virtualMs: number;
}

/** Runs one seed to its end, or to its first violation. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { seed, commits = COMMITS, entityCount = ENTITIES } = options;
  const account = createAccount(options);
  const { ledger, scheduler, faults } = account.world;
  const operator = createOperator(account);
  const handMade = createHandMade(account);
  const beganMs = scheduler.nowMs();
  let isDone = false;
  let failure: unknown;
  const script = async (): Promise<void> => {
    await runWorkload(account, operator, handMade, { seed, commits, entityCount });
    if (ledger.violations.length === 0) await checkEnd(account, operator, handMade);
  };
  script().then(
    () => {
      isDone = true;
    },
    (error: unknown) => {
      failure = error;
      isDone = true;
    },
  );
  try {
    await scheduler.run(() => isDone || ledger.violations.length > 0);
  } catch (error) {
    ledger.violate('stuck', error instanceof Error ? error.message : String(error));
  }
  if (failure !== undefined) throw failure;
  return {
    seed,
    violations: ledger.violations,
    counts: faults.counts,
    published: ledger.publications.count,
    settled: ledger.settled,
    steps: scheduler.steps,
    virtualMs: scheduler.nowMs() - beganMs,
  };
}
