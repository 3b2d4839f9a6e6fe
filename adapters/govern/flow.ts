import { setTimeout as timer } from 'node:timers/promises';
import type { EntityRef } from '../../core/entity.ts';
import { FreshetError, quoted } from '../../core/errors.ts';
import { admission, askAgainMs, BackpressureError, leaseMs, leaseTokens, withJitter } from '../../core/govern/admit.ts';
import type { FlowDecision, FlowState } from '../../core/govern/decide.ts';
import { reserve } from './flow-bucket.ts';
import { type FlowTable, readDecision } from './flow-table.ts';

/** How one write meets backpressure. */
export interface EnterOptions {
  /** How long it may wait to be admitted, milliseconds. 0 fails at once. Default 10,000. */
  readonly maxWaitMs?: number | undefined;
  /** Ends a wait early; the write is then refused. */
  readonly signal?: AbortSignal | undefined;
}

/** An owner's flow control, as its writers and its relay meet it. */
export interface Flow {
  /**
   * Resolves when a write may be made.
   * @throws FreshetError `InvalidMaxWait`
   * @throws BackpressureError when it isn't admitted within its wait; nothing was written
   */
  enter(entity: EntityRef, options?: EnterOptions): Promise<void>;
  /** The flow state, at most a lifetime old. */
  state(): Promise<FlowState>;
}

/** How flow control is opened. */
export interface FlowOptions extends FlowTable {
  /** See `FLOW_LIFETIME_MS`. */
  readonly lifetimeMs?: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** Resolves after a while; rejects when the signal aborts. */
  readonly pause?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<unknown>;
  /** From 0 to 1. */
  readonly random?: () => number;
}

/** How long a decision that was read is used, and a lease lasts. One read per writer and lifetime is what flow control costs while all is well. */
export const FLOW_LIFETIME_MS = 5_000;

const DEFAULT_MAX_WAIT_MS = 10_000;

/** After so many lifetimes a writer that waits to be admitted looks at the decision again. */
const LOOK_AGAIN_LIFETIMES = 6;

/** What the flow table is given to answer, retries included: a writer doesn't wait longer to learn how it may write. */
const CALL_TIMEOUT_MS = 500;

/**
 * Opens an owner's flow control. One per process is enough: its writers share what was read and leased.
 *
 * A flow table that can't be reached stops nobody: a decision that was read before holds for as long as it is valid, none counts as normal, and
 * writes that can't lease go on. Nor does it slow them: it is asked once per lifetime, and after the first failure nobody waits for its answer.
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
        // Retry-after is reckoned from rates of before the refusal: what has become of it is looked at on the way.
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
  };
}

function assertMaxWait(maxWaitMs: number): void {
  if (maxWaitMs >= 0) return;
  throw new FreshetError(`maxWaitMs: not a time to wait: ${quoted(maxWaitMs)}. Allowed: milliseconds from 0.`, {
    code: 'InvalidMaxWait',
    field: 'maxWaitMs',
  });
}

/** The decision that stands, read once per lifetime. */
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

/** What a process has of the writers' token bucket. */
interface Lease {
  readonly tokens: number;
  left: number;
  /** From when its tokens may be taken. */
  readonly fromMs: number;
}

const NO_LEASE: Lease = { tokens: 0, left: 0, fromMs: Number.NEGATIVE_INFINITY };

/** What the last calls in vain told of the bucket: how many they were, and until when others have it, spread so that not all ask at once. */
const NOT_FULL = { vain: 0, untilMs: Number.NEGATIVE_INFINITY };

/**
 * Takes a token of the bucket: 0, or the milliseconds to wait before trying again. Nothing is leased that begins after the deadline.
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

  /** 0 when a lease was taken, else the milliseconds until the bucket has room. */
  const takeLease = async (pacePerSecond: number, deadlineMs: number): Promise<number> => {
    try {
      const tokens = leaseTokens(lease.tokens === 0 ? undefined : lease.tokens, pacePerSecond);
      const nowMs = now();
      const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
      const taken = await reserve(table, leaseMs(tokens, pacePerSecond), nowMs, deadlineMs, signal);
      if ('fullUntilMs' in taken) {
        full = { vain: full.vain + 1, untilMs: askAgainMs(taken.fullUntilMs, full.vain + 1, random()) };
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
      // Those who can't wait for what others have of the bucket know it without a call: its end only moves on.
      if (leasing === undefined && deadlineMs < full.untilMs) return Math.max(1, full.untilMs - nowMs);
      leasing ??= {
        deadlineMs,
        waitMs: takeLease(pacePerSecond, deadlineMs).finally(() => {
          leasing = undefined;
        }),
      };
      const { waitMs, deadlineMs: leasedBy } = leasing;
      const fullForMs = await waitMs;
      // Who has more patience than the one that leased for all gets to ask for a later span.
      if (fullForMs > 0 && leasedBy >= deadlineMs) return fullForMs;
    }
  };
}
