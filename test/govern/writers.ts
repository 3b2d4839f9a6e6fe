import { type Admission, admission, askAgainMs, leaseMs, leaseTokens, withJitter } from '../../core/govern/admit.ts';
import type { FlowDecision } from '../../core/govern/decide.ts';
import type { Random } from '../simulation/random.ts';
import type { Entered, Wrong } from './wrong.ts';

/** How long a decision that was read is used, and how long a lease lasts, as in adapters/govern/flow.ts. */
export const LIFETIME_MS = 5_000;

/** Duration of a call to the flow table. Writes of one writer share a call in progress. */
const CALL_MS = 10;

/** Writes that arrived at about the same time. */
interface Waiting {
  count: number;
  readonly deadlineMs: number;
  /** When they check again. */
  wakeMs: number;
}

interface Writer {
  known: FlowDecision | undefined;
  knownUntilMs: number;
  lease: { tokens: number; left: number; fromMs: number };
  /** Writes that wait for a token, the oldest first. All of them wait for the same time. */
  readonly paced: Waiting[];
  pacedWakeMs: number;
  /** Writes that wait after a refusal. */
  readonly refused: Waiting[];
  /** When the first of `refused` checks again. */
  refusedWakeMs: number;
  /** After failed calls: the bucket's end, when the writer calls again, and the number of failed calls. */
  full: { untilMs: number; askAgainMs: number; failed: number };
}

/**
 * An owner's writers: separate processes that share the decision and the token bucket by the rules of
 * adapters/govern/flow.ts.
 */
export interface Writers {
  /**
   * Runs one step.
   *
   * @param wanted number of writes that arrive in the step
   */
  step(nowMs: number, stepMs: number, wanted: number): Entered;
  readonly waiting: number;
  /** Number of leases, and of calls to the bucket, failed ones included. */
  readonly leases: number;
  readonly asked: number;
}

/**
 * Creates an owner's writers.
 *
 * @param readDecision returns the stored decision
 */
export function createWriters(
  { writers: count, maxWaitMs }: { readonly writers: number; readonly maxWaitMs: number },
  readDecision: () => FlowDecision | undefined,
  { next }: Random,
  wrong: Wrong,
): Writers {
  const { lifetimeMs = LIFETIME_MS } = wrong;
  const admit = wrong.admission ?? admission;
  const writers = Array.from(
    { length: count },
    (): Writer => ({
      known: undefined,
      knownUntilMs: next() * lifetimeMs,
      lease: { tokens: 0, left: 0, fromMs: 0 },
      paced: [],
      pacedWakeMs: 0,
      refused: [],
      refusedWakeMs: Number.POSITIVE_INFINITY,
      full: { untilMs: 0, askAgainMs: 0, failed: 0 },
    }),
  );
  const buckets = Array.from({ length: wrong.bucketEach ? count : 1 }, () => ({ freeAtMs: 0 }));
  let [first, turn, waiting, leases, asked] = [0, 0, 0, 0, 0];
  let step = { nowMs: 0, endMs: 0, accepted: 0, refused: 0 };
  /** The admission in this step by the decision that most writers know. */
  let common: { readonly decision: FlowDecision | undefined; readonly admission: Admission; readonly atMs: number } = {
    decision: undefined,
    admission: admit(undefined, 0),
    atMs: 0,
  };

  /** Works like `reserve` in adapters/govern/flow-bucket.ts. */
  const reserve = (index: number, spanMs: number, latestMs: number): { fromMs: number } | { fullUntilMs: number } => {
    const bucket = buckets[index % buckets.length] ?? { freeAtMs: 0 };
    asked += 1;
    if (bucket.freeAtMs > latestMs) return { fullUntilMs: bucket.freeAtMs };
    const fromMs = Math.max(step.nowMs, bucket.freeAtMs);
    bucket.freeAtMs = fromMs + spanMs;
    leases += 1;
    return { fromMs };
  };

  /** Returns until when the writes of a writer wait; undefined if all have a token. */
  const take = (writer: Writer, index: number, writes: Waiting, pacePerSecond: number): number | undefined => {
    for (;;) {
      const { lease } = writer;
      if (lease.left > 0 && step.nowMs >= lease.fromMs + lifetimeMs) writer.lease = { tokens: 0, left: 0, fromMs: 0 };
      else if (lease.left > 0) {
        if (lease.fromMs >= step.endMs) return lease.fromMs;
        const taken = Math.min(lease.left, writes.count);
        lease.left -= taken;
        writes.count -= taken;
        step.accepted += taken;
      }
      if (writes.count === 0) return undefined;
      if (writer.lease.left > 0) continue;
      const { full } = writer;
      if (!wrong.asksEachTime && step.endMs <= full.askAgainMs) return Math.max(full.untilMs, full.askAgainMs);
      const tokens = leaseTokens(writer.lease.tokens === 0 ? undefined : writer.lease.tokens, pacePerSecond);
      const latestMs = Math.max(step.endMs - 1, writes.deadlineMs);
      const reserved = reserve(index, leaseMs(tokens, pacePerSecond), latestMs);
      if ('fromMs' in reserved) {
        writer.lease = { tokens, left: tokens, fromMs: reserved.fromMs };
        writer.full = { untilMs: 0, askAgainMs: 0, failed: 0 };
        continue;
      }
      const failed = full.failed + 1;
      const { fullUntilMs } = reserved;
      const possibleFromMs = step.nowMs + fullUntilMs - latestMs;
      const askAgain = wrong.askAgainMs ?? askAgainMs;
      writer.full = { untilMs: fullUntilMs, askAgainMs: askAgain(possibleFromMs, failed, next()), failed };
      // Each of these writes that arrives after the call makes a call of its own.
      if (wrong.asksEachTime) asked += Math.max(0, Math.min(writes.count, (step.endMs - step.nowMs) / CALL_MS) - 1);
      return wrong.asksEachTime ? fullUntilMs : Math.max(fullUntilMs, writer.full.askAgainMs);
    }
  };

  /** Returns the admission of a writer's writes by the decision that the writer knows. */
  const admitted = (writer: Writer): Admission => {
    if (step.nowMs >= writer.knownUntilMs) {
      writer.known = readDecision();
      writer.knownUntilMs = step.nowMs + lifetimeMs;
    }
    const { known } = writer;
    if (common.atMs !== step.nowMs || common.decision !== known) {
      common = { decision: known, admission: admit(known, step.nowMs), atMs: step.nowMs };
    }
    return common.admission;
  };

  const come = (writer: Writer, index: number, count: number): void => {
    const admission = admitted(writer);
    if (admission.kind === 'free') step.accepted += count;
    else if (admission.kind === 'refused' && admission.retryAfterSeconds * 1000 > maxWaitMs) step.refused += count;
    else enter(writer, index, { count, deadlineMs: step.nowMs + maxWaitMs, wakeMs: 0 }, admission);
  };

  const enter = (writer: Writer, index: number, writes: Waiting, admission: Admission): void => {
    if (admission.kind === 'free') {
      step.accepted += writes.count;
      return;
    }
    if (admission.kind === 'refused') {
      const earliestMs = step.nowMs + admission.retryAfterSeconds * 1000;
      if (earliestMs > writes.deadlineMs) {
        step.refused += writes.count;
        return;
      }
      const wakeMs = step.nowMs + withJitter(earliestMs - step.nowMs, next());
      writes.wakeMs = Math.min(wakeMs, writes.deadlineMs);
      writer.refused.push(writes);
      writer.refusedWakeMs = Math.min(writer.refusedWakeMs, writes.wakeMs);
      waiting += writes.count;
      return;
    }
    const wakeMs = take(writer, index, writes, admission.pacePerSecond);
    if (wakeMs === undefined) return;
    if (wakeMs > writes.deadlineMs) {
      step.refused += writes.count;
      return;
    }
    writer.pacedWakeMs = wakeMs;
    waiting += writes.count;
    const last = writer.paced.at(-1);
    if (last !== undefined && Math.floor(last.deadlineMs / 1000) === Math.floor(writes.deadlineMs / 1000)) {
      last.count += writes.count;
    } else writer.paced.push(writes);
  };

  const wake = (writer: Writer, index: number): void => {
    if (writer.paced.length > 0 && writer.pacedWakeMs < step.endMs) {
      for (const writes of writer.paced.splice(0)) {
        waiting -= writes.count;
        enter(writer, index, writes, admitted(writer));
      }
    }
    if (writer.refusedWakeMs >= step.endMs) return;
    writer.refusedWakeMs = Number.POSITIVE_INFINITY;
    for (const writes of writer.refused.splice(0)) {
      if (writes.wakeMs >= step.endMs) {
        writer.refused.push(writes);
        writer.refusedWakeMs = Math.min(writer.refusedWakeMs, writes.wakeMs);
      } else {
        waiting -= writes.count;
        enter(writer, index, writes, admitted(writer));
      }
    }
  };

  return {
    step(nowMs, stepMs, wanted) {
      step = { nowMs, endMs: nowMs + stepMs, accepted: 0, refused: 0 };
      const each = Math.floor(wanted / count);
      const more = wanted - each * count;
      first = (first + 1) % count;
      turn = (turn + more) % count;
      for (let offset = 0; offset < count; offset += 1) {
        const index = first + offset < count ? first + offset : first + offset - count;
        const writer = writers[index];
        if (writer === undefined) continue;
        if (waiting > 0) wake(writer, index);
        const place = index < turn ? index - turn + count : index - turn;
        const share = place < more ? each + 1 : each;
        if (share > 0) come(writer, index, share);
      }
      return { accepted: step.accepted, refused: step.refused };
    },
    get waiting() {
      return waiting;
    },
    get leases() {
      return leases;
    },
    get asked() {
      return asked;
    },
  };
}
