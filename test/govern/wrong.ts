import type { admission, askAgainMs } from '../../core/govern/admit.ts';
import type { decide, GovernSettings } from '../../core/govern/decide.ts';
import type { drainSeconds } from '../../core/govern/measure.ts';

/** The writes of one step by result. */
export interface Entered {
  readonly accepted: number;
  readonly refused: number;
}

/** A planted bug: replacements for correct functions and settings. */
export interface Wrong {
  readonly decide?: typeof decide;
  readonly admission?: typeof admission;
  readonly askAgainMs?: typeof askAgainMs;
  readonly drainSeconds?: typeof drainSeconds;
  readonly settings?: Partial<GovernSettings>;
  /** How long writers use a decision and a lease. */
  readonly lifetimeMs?: number;
  /** Whether each writer has its own token bucket. */
  readonly bucketEach?: boolean;
  /** Whether a writer that found the bucket full calls it again with the next write. */
  readonly asksEachTime?: boolean;
  /** Returns the number of committed writes of a step. */
  readonly committed?: (entered: Entered) => number;
  /** Returns the number of events that the consumers process in a step, of those that they can process. */
  readonly worked?: (count: number) => number;
}
