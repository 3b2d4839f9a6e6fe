import { type EntityRef, entityName } from '../entity.ts';
import { FreshetError } from '../errors.ts';
import { type FlowDecision, MIN_RETRY_SECONDS } from './decide.ts';

/** How a writer proceeds with one write. */
export type Admission =
  | { readonly kind: 'free' }
  /** The write needs a token of a lease. */
  | { readonly kind: 'paced'; readonly pacePerSecond: number }
  | { readonly kind: 'refused'; readonly retryAfterSeconds: number };

/** Returns what a decision means for a write. A missing or expired decision counts as `normal`. */
export function admission(decision: FlowDecision | undefined, nowMs: number): Admission {
  if (decision === undefined || nowMs >= decision.validUntilMs) return { kind: 'free' };
  const { state, pacePerSecond, decidedAtMs } = decision;
  if (state === 'refusing') {
    // The decision's retry-after counts from the time of the decision.
    const ageSeconds = Math.max(0, nowMs - decidedAtMs) / 1000;
    const retryAfterSeconds = Math.max(MIN_RETRY_SECONDS, decision.retryAfterSeconds - ageSeconds);
    return { kind: 'refused', retryAfterSeconds };
  }
  return state === 'paced' && pacePerSecond !== undefined ? { kind: 'paced', pacePerSecond } : { kind: 'free' };
}

/**
 * Maximum size of a lease, as seconds of the pace. A busy writer then updates the bucket only a few times a second,
 * however many writes it makes.
 */
const MAX_LEASE_SECONDS = 0.25;

/**
 * Returns the number of tokens of a writer's next lease. The first lease has one token, and each lease that the writer
 * uses up doubles the next one. A writer with a single write thus takes one token, and a busy writer rarely needs a
 * lease.
 *
 * @param previous tokens of the last lease; undefined if there was none or it wasn't used up
 */
export function leaseTokens(previous: number | undefined, pacePerSecond: number): number {
  const most = Math.max(1, Math.floor(pacePerSecond * MAX_LEASE_SECONDS));
  return Math.min(most, previous === undefined ? 1 : previous * 2);
}

/** Returns how many milliseconds of the bucket the tokens take. */
export function leaseMs(tokens: number, pacePerSecond: number): number {
  return (tokens / pacePerSecond) * 1000;
}

/**
 * Milliseconds over which a writer spreads its next request for a lease: after the first failed request, and at most.
 * Each further failed request doubles the time.
 */
const ASK_SPREAD_MS = { first: 50, most: 5_000 } as const;

/**
 * Returns when a writer asks for a lease again after the bucket was full further ahead than the writer may wait. An
 * earlier request can't succeed, because the bucket's end only moves forward. A writer that failed often competes with
 * many others and asks less often. The bucket's item thus gets far fewer requests than a table partition allows
 * (ddb/bp-partition-key-design: 1,000 writes a second), however many writers there are.
 *
 * @param possibleFromMs the first time at which a request can succeed: when the bucket's end is as near as the writer
 *   may wait
 * @param failed failed requests since the writer's last lease, from 1
 * @param random from 0 to 1
 */
export function askAgainMs(possibleFromMs: number, failed: number, random: number): number {
  return possibleFromMs + random * Math.min(ASK_SPREAD_MS.most, ASK_SPREAD_MS.first * 2 ** (failed - 1));
}

/**
 * Returns a wait that is up to half longer, so that writers refused at the same time don't retry at the same time.
 *
 * @param random from 0 to 1
 */
export function withJitter(earliestMs: number, random: number): number {
  return earliestMs * (1 + random / 2);
}

/**
 * Thrown if a write is refused, or isn't admitted in time, because a cache lags. Nothing was written; retry after
 * `retryAfterSeconds`. The code is `Backpressure`, and `entity` is the entity that was to be written.
 */
export class BackpressureError extends FreshetError {
  /** Whole seconds after which the writer may try again, from 1. */
  readonly retryAfterSeconds: number;
  /** Name of the cache that lags; undefined if the decision names none. */
  readonly cache: string | undefined;
  /** Backlog of that cache in events, including the records in the owner's stream. */
  readonly backlog: number | undefined;
  /** Seconds until the backlog is empty at the current rates; undefined if there is no end in sight. */
  readonly drainSeconds: number | undefined;

  /**
   * @param entity the entity that was to be written
   * @param decision the decision that refuses or paces writes
   * @param retryAfterSeconds when the writer may try again
   * @param waitedMs how long the write waited for admission
   */
  constructor(entity: EntityRef, decision: FlowDecision, retryAfterSeconds: number, waitedMs: number) {
    const { cause, state } = decision;
    const lag = cause === undefined ? 'a cache lags' : `cache ${cause.cache} lags by ${cause.backlog} events`;
    const drain = cause?.drainSeconds == null ? 'no end in sight' : `drained in ${Math.ceil(cause.drainSeconds)} s`;
    const waited = waitedMs < 1000 ? '' : ` after waiting ${Math.round(waitedMs / 1000)} s`;
    super(
      `backpressure: ${entityName(entity)} was not written${waited}: ${lag} (${drain}), ` +
        `so writes are ${state === 'paced' ? 'slowed' : 'refused'}. ` +
        `Try again in ${Math.ceil(retryAfterSeconds)} s, or allow a longer wait.`,
      { code: 'Backpressure', entity },
    );
    this.retryAfterSeconds = Math.ceil(retryAfterSeconds);
    this.cache = cause?.cache;
    this.backlog = cause?.backlog;
    this.drainSeconds = cause?.drainSeconds ?? undefined;
  }
}
