import { type EntityRef, entityName } from '../entity.ts';
import { FreshetError } from '../errors.ts';
import type { FlowDecision } from './decide.ts';

/** How a writer goes on with one write. */
export type Admission =
  | { readonly kind: 'free' }
  /** It needs a token of a lease. */
  | { readonly kind: 'paced'; readonly pacePerSecond: number }
  | { readonly kind: 'refused'; readonly retryAfterSeconds: number };

/** What a decision means for a write; none, or one that is no longer valid, counts as normal. */
export function admission(decision: FlowDecision | undefined, nowMs: number): Admission {
  if (decision === undefined || nowMs >= decision.validUntilMs) return { kind: 'free' };
  const { state, pacePerSecond, decidedAtMs } = decision;
  if (state === 'refusing') {
    // Counted from the decision, which is some time ago; the next one is due when it is over.
    const ageSeconds = Math.max(0, nowMs - decidedAtMs) / 1000;
    const retryAfterSeconds = Math.max(1, decision.retryAfterSeconds - ageSeconds);
    return { kind: 'refused', retryAfterSeconds };
  }
  return state === 'paced' && pacePerSecond !== undefined ? { kind: 'paced', pacePerSecond } : { kind: 'free' };
}

/** Of the pace, what one lease takes at most, so that a busy writer writes the bucket a few times a second however many writes it makes. */
const MAX_LEASE_SECONDS = 0.25;

/**
 * Tokens of a writer's next lease. It begins with one and doubles with each lease that was used up, so that a writer of one write takes no
 * more, and a busy one leases rarely.
 *
 * @param previous tokens of the last lease; undefined for none, or one that wasn't used up
 */
export function leaseTokens(previous: number | undefined, pacePerSecond: number): number {
  const most = Math.max(1, Math.floor(pacePerSecond * MAX_LEASE_SECONDS));
  return Math.min(most, previous === undefined ? 1 : previous * 2);
}

/** Milliseconds of the bucket that so many tokens take up. */
export function leaseMs(tokens: number, pacePerSecond: number): number {
  return (tokens / pacePerSecond) * 1000;
}

/** Over how long the first vain call for a lease spreads the next one, milliseconds; each further one doubles it, up to the most. */
const ASK_SPREAD_MS = { first: 50, most: 5_000 } as const;

/**
 * When a writer that found the bucket full too far ahead asks for a lease again. Until then it knows the answer: the bucket's end only moves on.
 * The more often it asked in vain, the more others there must be, and the rarer it asks: so the bucket's item is called far less often
 * than one partition of a table bears (ddb/bp-partition-key-design: 1,000 writes a second), however many writers and writes there are.
 *
 * @param couldFromMs when its call could first have succeeded: when the bucket's end is no further than it may wait
 * @param vain calls in vain since its last lease, from 1
 * @param random from 0 to 1
 */
export function askAgainMs(couldFromMs: number, vain: number, random: number): number {
  return couldFromMs + random * Math.min(ASK_SPREAD_MS.most, ASK_SPREAD_MS.first * 2 ** (vain - 1));
}

/**
 * A wait and up to half of it more, so that those refused at the same time don't come back at the same time.
 *
 * @param random from 0 to 1
 */
export function withJitter(earliestMs: number, random: number): number {
  return earliestMs * (1 + random / 2);
}

/** A write that was refused since a cache lags: nothing was written. Codes and details as on every `FreshetError`. */
export class BackpressureError extends FreshetError {
  /** When it may be tried again. */
  readonly retryAfterSeconds: number;
  /** The cache that lags. */
  readonly cache: string | undefined;
  /** Its backlog, what is still in the owner's stream included. */
  readonly backlog: number | undefined;
  /** Until the backlog is worked off; undefined: not foreseeable. */
  readonly drainSeconds: number | undefined;

  constructor(entity: EntityRef, { cause, state }: FlowDecision, retryAfterSeconds: number, waitedMs: number) {
    const lag = cause === undefined ? 'a cache lags' : `cache ${cause.cache} lags by ${cause.backlog} events`;
    const drain = cause?.drainSeconds == null ? 'no end in sight' : `drained in ${Math.ceil(cause.drainSeconds)} s`;
    const waited = waitedMs < 1000 ? '' : ` after waiting ${Math.round(waitedMs / 1000)} s`;
    super(
      `backpressure: ${entityName(entity)} was not written${waited}: ${lag} (${drain}), so writes are ${state === 'paced' ? 'slowed' : 'refused'}. ` +
        `Try again in ${Math.ceil(retryAfterSeconds)} s, or allow a longer wait.`,
      { code: 'Backpressure', entity },
    );
    this.retryAfterSeconds = Math.ceil(retryAfterSeconds);
    this.cache = cause?.cache;
    this.backlog = cause?.backlog;
    this.drainSeconds = cause?.drainSeconds ?? undefined;
  }
}
