import { setTimeout as timer } from 'node:timers/promises';
import type { EntityRef } from '../../core/entity.ts';
import { FreshetError, quoted } from '../../core/errors.ts';
import { admission, askAgainMs, BackpressureError, leaseMs, leaseTokens, withJitter } from '../../core/govern/admit.ts';
import type { FlowDecision, FlowState } from '../../core/govern/decide.ts';
import { reserve } from './flow-bucket.ts';
import { type FlowTable, readDecision } from './flow-table.ts';

/** How long a write waits for admission while a cache lags. */
export interface EnterOptions {
  /**
   * Maximum wait for admission in milliseconds, from 0. With 0 a write that isn't admitted fails at once. Default
   * 10,000.
   */
  readonly maxWaitMs?: number | undefined;
  /** Aborts the wait; the write is then refused. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** An owner's flow control for its writers and its relay. See `createFlow`. */
export interface Flow {
  /**
   * Waits until a write is admitted.
   *
   * @param entity the entity to write
   * @throws FreshetError `InvalidMaxWait` if `maxWaitMs` isn't a number from 0
   * @throws BackpressureError if the write isn't admitted within `maxWaitMs`; nothing was written
   */
  enter(entity: EntityRef, options?: EnterOptions): Promise<void>;
  /** Returns the flow state, at most 5 seconds old. */
  state(): Promise<FlowState>;
  /**
   * Returns whether every cache of the owner reads compressed data, at most 5 seconds old. False if that isn't known.
   */
  readsCompressed(): Promise<boolean>;
}

/** The settings of flow control. */
export interface FlowOptions extends FlowTable {
  /** How long a decision that was read is used, and how long a lease lasts, in milliseconds. Default 5,000. */
  readonly lifetimeMs?: number;
  /** Returns the current time, epoch milliseconds. Default: the system clock. */
  readonly now?: () => number;
  /** Resolves after a time; rejects when the signal aborts. Default: a timer. */
  readonly pause?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<unknown>;
  /** Returns a number from 0 to 1. Default: `Math.random`. */
  readonly random?: () => number;
}

/**
 * How long a decision that was read is used, and how long a lease lasts. While no cache lags, flow control costs one
 * read per process and lifetime.
 */
export const FLOW_LIFETIME_MS = 5_000;

const DEFAULT_MAX_WAIT_MS = 10_000;

/** Number of lifetimes after which a waiting writer reads the decision again. */
const LOOK_AGAIN_LIFETIMES = 6;

/** Time-out of a call to the flow table, retries included. A writer doesn't wait longer to learn how it may write. */
const CALL_TIMEOUT_MS = 500;

/**
 * Opens an owner's flow control. Create it once per process, because its writers share the decision that was read and
 * the lease. Pass it to `createOwner` or `createStatePublisher`.
 *
 * If the flow table can't be reached, writes are neither stopped nor slowed. A decision that was read before applies
 * until it expires, a missing one counts as `normal`, and writes that can't get a lease proceed. The table is called
 * once per lifetime, and after the first failure no write waits for its response.
 *
 * @param options.tableName name of the owner's flow table: `flow.table.tableName` of the construct `EntityOwner`
 * @param options.client a DynamoDB client, see `dynamoDbClient`
 */
export function createFlow(options: FlowOptions): Flow {
  const { now = Date.now, random = Math.random, pause = (ms, signal) => timer(ms, undefined, { signal }) } = options;
  const { lifetimeMs = FLOW_LIFETIME_MS } = options;
  const decision = createDecisions(options, now);
  const token = createTokens(options, now, random);

  return {
    async enter(entity, { maxWaitMs = DEFAULT_MAX_WAIT_MS, signal } = {}) {
      assertMaxWait(maxWaitMs);
      const startedMs = now();
      const deadlineMs = startedMs + maxWaitMs;
      for (;;) {
        const current = await decision();
        const admitted = admission(current, now());
        if (admitted.kind === 'free' || current === undefined) return;
        const isRefused = admitted.kind === 'refused';
        const waitMs = isRefused ? admitted.retryAfterSeconds * 1000 : await token(admitted.pacePerSecond, deadlineMs);
        if (waitMs === 0) return;
        const leftMs = Math.max(0, deadlineMs - now());
        const refusal = () => new BackpressureError(entity, current, waitMs / 1000, now() - startedMs);
        if (waitMs > leftMs) throw refusal();
        // Retry-after comes from rates measured before the refusal, so a waiting write reads the decision again on the
        // way.
        const lookAgainMs = LOOK_AGAIN_LIFETIMES * lifetimeMs;
        const nextMs = isRefused ? withJitter(Math.min(waitMs, lookAgainMs), random()) : waitMs;
        await pause(Math.min(nextMs, leftMs), signal).catch(() => {
          throw refusal();
        });
      }
    },
    async state() {
      const current = await decision();
      return admission(current, now()).kind === 'free' ? 'normal' : (current?.state ?? 'normal');
    },
    async readsCompressed() {
      const current = await decision();
      return current?.readsCompressed === true && now() < current.validUntilMs;
    },
  };
}

function assertMaxWait(maxWaitMs: number): void {
  if (maxWaitMs >= 0) return;
  throw new FreshetError(`maxWaitMs: not a number of milliseconds: ${quoted(maxWaitMs)}. Allowed: a number from 0.`, {
    code: 'InvalidMaxWait',
    field: 'maxWaitMs',
  });
}

/** Reads the decision once per lifetime. */
function createDecisions({ lifetimeMs = FLOW_LIFETIME_MS, ...table }: FlowOptions, now: () => number) {
  let known: { readonly decision: FlowDecision | undefined; readonly untilMs: number } | undefined;
  let reading: Promise<void> | undefined;
  let isReachable = true;

  const read = async (): Promise<void> => {
    let found = known?.decision;
    try {
      found = await readDecision(table, AbortSignal.timeout(CALL_TIMEOUT_MS));
      isReachable = true;
    } catch {
      isReachable = false;
    }
    known = { decision: found, untilMs: now() + lifetimeMs };
    reading = undefined;
  };

  return async (): Promise<FlowDecision | undefined> => {
    if (known !== undefined && now() < known.untilMs) return known.decision;
    reading ??= read();
    if (known === undefined || isReachable) await reading;
    return known?.decision;
  };
}

/** The tokens that a process has leased from the writers' token bucket. */
interface Lease {
  readonly tokens: number;
  left: number;
  /** The time from which the tokens may be used. */
  readonly fromMs: number;
}

const NO_LEASE: Lease = { tokens: 0, left: 0, fromMs: Number.NEGATIVE_INFINITY };

/** The number of failed requests since the last lease, and when the next request may be made. */
const NOT_FULL = { failed: 0, untilMs: Number.NEGATIVE_INFINITY };

/**
 * Takes a token of the bucket. Returns 0 if it was taken, else the milliseconds to wait before trying again. A lease
 * never starts after the deadline.
 */
function createTokens(
  { lifetimeMs = FLOW_LIFETIME_MS, ...table }: FlowOptions,
  now: () => number,
  random: () => number,
) {
  let lease = NO_LEASE;
  let leasing: { readonly deadlineMs: number; readonly waitMs: Promise<number> } | undefined;
  let unreachableUntilMs = Number.NEGATIVE_INFINITY;
  let full = NOT_FULL;

  /** Returns 0 if a lease was taken, else the milliseconds until the bucket is free. */
  const takeLease = async (pacePerSecond: number, deadlineMs: number): Promise<number> => {
    try {
      const tokens = leaseTokens(lease.tokens === 0 ? undefined : lease.tokens, pacePerSecond);
      const nowMs = now();
      const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
      const taken = await reserve(table, leaseMs(tokens, pacePerSecond), nowMs, deadlineMs, signal);
      if ('fullUntilMs' in taken) {
        const failed = full.failed + 1;
        full = { failed, untilMs: askAgainMs(taken.fullUntilMs, failed, random()) };
        return Math.max(1, taken.fullUntilMs - nowMs);
      }
      full = NOT_FULL;
      lease = { tokens, left: tokens, fromMs: taken.fromMs };
    } catch {
      unreachableUntilMs = now() + lifetimeMs;
    }
    return 0;
  };

  return async (pacePerSecond: number, deadlineMs: number): Promise<number> => {
    for (;;) {
      const nowMs = now();
      if (nowMs < unreachableUntilMs) return 0;
      if (nowMs >= lease.fromMs + lifetimeMs) lease = NO_LEASE;
      if (lease.left > 0 && nowMs < lease.fromMs) return lease.fromMs - nowMs;
      if (lease.left > 0) {
        lease.left -= 1;
        return 0;
      }
      // If the bucket is reserved beyond the deadline, no call is needed, because the bucket's end only moves forward.
      if (leasing === undefined && deadlineMs < full.untilMs) return Math.max(1, full.untilMs - nowMs);
      leasing ??= {
        deadlineMs,
        waitMs: takeLease(pacePerSecond, deadlineMs).finally(() => {
          leasing = undefined;
        }),
      };
      const { waitMs, deadlineMs: leasedBy } = leasing;
      const fullForMs = await waitMs;
      // A write with a later deadline than the one that made the request may request a later span.
      if (fullForMs > 0 && leasedBy >= deadlineMs) return fullForMs;
    }
  };
}
