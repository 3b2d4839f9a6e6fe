import { type Admission, admission, askAgainMs, leaseMs, leaseTokens, withJitter } from '../../core/govern/admit.ts';
import type { FlowDecision } from '../../core/govern/decide.ts';
import type { Random } from '../simulation/random.ts';
import type { Wrong } from './mutants.ts';

/** As adapters/govern/flow.ts has it: how long a decision that was read is used, and a lease lasts. */
export const LIFETIME_MS = 5_000;

/** One call to the flow table, milliseconds: writes of one writer share the call that is under way. */
const CALL_MS = 10;

/** Writes that came at about the same time. */
interface Waiting {
  count: number;
  readonly deadlineMs: number;
  /** When they look again. */
  wakeMs: number;
}

interface Writer {
  known: FlowDecision | undefined;
  knownUntilMs: number;
  lease: { tokens: number; left: number; fromMs: number };
  /** Wait for a token, the oldest first; all of a writer wait for the same moment. */
  readonly paced: Waiting[];
  pacedWakeMs: number;
  /** Wait since they were refused. */
  readonly refused: Waiting[];
  /** What its last call in vain told: the bucket's end, and when it asks again. */
  full: { untilMs: number; askAgainMs: number; vain: number };
}

/** What became of a step's writes. */
export interface Entered {
  readonly accepted: number;
  readonly refused: number;
}

/** An owner's writers: processes of their own that share the decision and the token bucket, by the rules of adapters/govern/flow.ts. */
export interface Writers {
  /** @param wanted writes that come in this step */
  step(nowMs: number, stepMs: number, wanted: number): Entered;
  readonly waiting: number;
  /** Leases that were taken, and calls to the bucket for them, the vain ones included. */
  readonly leases: number;
  readonly asked: number;
}

/** @param readDecision the decision that stands */
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
      ...{ paced: [], pacedWakeMs: 0, refused: [] },
      full: { untilMs: 0, askAgainMs: 0, vain: 0 },
    }),
  );
  const buckets = Array.from({ length: wrong.bucketEach ? count : 1 }, () => ({ freeAtMs: 0 }));
  let [first, turn, waiting, leases, asked] = [0, 0, 0, 0, 0];
  let step = { nowMs: 0, endMs: 0, accepted: 0, refused: 0 };

  /** As `reserve` of adapters/govern/flow.ts. */
  const reserve = (index: number, spanMs: number, latestMs: number): { fromMs: number } | { fullUntilMs: number } => {
    const bucket = buckets[index % buckets.length] ?? { freeAtMs: 0 };
    asked += 1;
    if (bucket.freeAtMs > latestMs) return { fullUntilMs: bucket.freeAtMs };
    const fromMs = Math.max(step.nowMs, bucket.freeAtMs);
    bucket.freeAtMs = fromMs + spanMs;
    leases += 1;
    return { fromMs };
  };

  /** Returns until when so many writes of one writer wait; undefined when all have their token. */
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
        writer.full = { untilMs: 0, askAgainMs: 0, vain: 0 };
        continue;
      }
      const vain = full.vain + 1;
      const { fullUntilMs } = reserved;
      const couldFromMs = step.nowMs + fullUntilMs - latestMs;
      const askAgain = wrong.askAgainMs ?? askAgainMs;
      writer.full = { untilMs: fullUntilMs, askAgainMs: askAgain(couldFromMs, vain, next()), vain };
      // Each of these writes that comes after the call asks for itself.
      if (wrong.asksEachTime) asked += Math.max(0, Math.min(writes.count, (step.endMs - step.nowMs) / CALL_MS) - 1);
      return wrong.asksEachTime ? fullUntilMs : Math.max(fullUntilMs, writer.full.askAgainMs);
    }
  };

  /** What the decision that a writer knows means for its writes now. */
  const admitted = (writer: Writer): Admission => {
    if (step.nowMs >= writer.knownUntilMs) {
      writer.known = readDecision();
      writer.knownUntilMs = step.nowMs + lifetimeMs;
    }
    return admit(writer.known, step.nowMs);
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
      writer.refused.push({ ...writes, wakeMs: Math.min(wakeMs, writes.deadlineMs) });
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
    if (writer.refused.length === 0) return;
    for (const writes of writer.refused.splice(0)) {
      if (writes.wakeMs >= step.endMs) writer.refused.push(writes);
      else {
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
        const index = (first + offset) % count;
        const writer = writers[index];
        if (writer === undefined) continue;
        if (waiting > 0) wake(writer, index);
        const share = each + ((index - turn + count) % count < more ? 1 : 0);
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
