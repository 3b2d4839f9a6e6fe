import type { InvokeResult } from '../../local/lambda/invoke-result.ts';
import type { FaultKind, Faults } from './faults.ts';
import { type Random, random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** The services that functions call. A burst of throttling affects one of them. */
export const SERVICES = ['cacheTable', 'parkingTable', 'ownerTable', 'topic', 'queue'] as const;
export type Service = (typeof SERVICES)[number];

/** One run of a function. Everything that it waits for goes through `call`, where faults happen. */
export interface Invocation {
  readonly id: number;
  /**
   * Groups in which a call failed. Only such a failure, the end of the time or a crash is a cause to return a group.
   */
  readonly failedGroups: Set<string>;
  /** Resolves shortly before the time-out. */
  readonly outOfTime: Promise<void>;
  readonly isOutOfTime: boolean;
  readonly isDead: boolean;
  call<T>(service: Service, groupId: string, work: () => Promise<T> | T): Promise<T>;
  /** Ends the invocation at once: no pending call returns. */
  crash(): void;
}

/** A kind of function. */
export interface FunctionOptions {
  readonly crash: FaultKind;
  readonly timeoutMs: number;
  /** A crash happens within this many calls. */
  readonly crashWithin: number;
  /** Whether an invocation may go on after its messages have become visible again. */
  readonly mayRace: boolean;
}

/** Probabilities of faults of an invocation or a call. */
const CRASH = 0.03;
const SLOW = 0.012;
const ZOMBIE = 0.006;
const LOST = 0.008;
const LATE = 0.5;
const THROTTLED = 0.6;

/** The end of an invocation's time that is reserved for returning unfinished messages, as in the adapter. */
const RESERVE_MS = 2_000;

/** Errors as the SDK throws them. Each is made once, because a stack trace takes longer than the call. */
const sdkError = (name: string) => Object.assign(new Error(name), { name, $metadata: {} });
const THROTTLED_CALL = sdkError('ThrottlingException');
const LOST_ANSWER = sdkError('TimeoutError');

/** The account's functions. They are slow, crash, are throttled, and go on after their time-out. */
export interface Functions {
  /** Number of invocations that have neither answered nor crashed. */
  readonly running: number;
  /** @param share how many of the calls are refused */
  throttle(service: Service, untilMs: number, share?: number): void;
  invoke(
    options: FunctionOptions,
    body: (invocation: Invocation) => Promise<unknown>,
    onCrash?: (invocation: Invocation) => void,
  ): Promise<InvokeResult>;
}

/** What all invocations share. */
interface Environment {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly latencies: Random;
  readonly moments: Random;
  readonly throttled: Map<Service, { readonly untilMs: number; readonly share: number }>;
}

export function createFunctions(seed: number, scheduler: Scheduler, faults: Faults): Functions {
  const environment: Environment = {
    scheduler,
    faults,
    latencies: random(seed, 'latency'),
    moments: random(seed, 'moment'),
    throttled: new Map(),
  };
  let running = 0;
  let ids = 0;

  return {
    get running() {
      return running;
    },
    throttle(service, untilMs, share = THROTTLED) {
      const now = environment.throttled.get(service);
      if (now === undefined || now.untilMs < untilMs) environment.throttled.set(service, { untilMs, share });
    },
    invoke(options, body, onCrash) {
      return new Promise((resolve) => {
        running += 1;
        ids += 1;
        let isSettled = false;
        const settled = (result: InvokeResult): void => {
          isSettled = true;
          running -= 1;
          cancel();
          resolve(result);
        };
        const crashed = (): void => {
          if (isSettled) return;
          onCrash?.(invocation);
          faults.count(options.crash);
          settled({ ok: false, error: 'Unhandled', message: 'crashed' });
        };
        const { invocation, cancel, end } = begin(environment, ids, options, crashed);
        const answered = (result: InvokeResult): void => {
          if (invocation.isDead) return;
          // A function is frozen once it has answered. Its unfinished work continues later, or never.
          if (!invocation.isOutOfTime || environment.moments.chance(0.5)) end();
          settled(result);
        };
        body(invocation).then(
          (payload) => answered({ ok: true, payload }),
          (error: unknown) => answered({ ok: false, error: 'Unhandled', message: String(error) }),
        );
      });
    },
  };
}

/** The state of a running invocation. */
interface Run {
  isDead: boolean;
  isOutOfTime: boolean;
  /** Calls until the crash; negative for none. */
  callsLeft: number;
  readonly crashesAfterWork: boolean;
  latencyMs(): number;
  /** Until when a request that was in flight when the function ended can arrive. */
  readonly lateUntilMs: number;
}

/** Begins an invocation. @param onCrash called when it crashes */
function begin(environment: Environment, id: number, options: FunctionOptions, onCrash: () => void) {
  const { scheduler, faults, latencies, moments } = environment;
  const isSlow = faults.happens('outOfTime', SLOW);
  const isZombie = faults.happens('race', ZOMBIE) && options.mayRace;
  const run: Run = {
    isDead: false,
    isOutOfTime: false,
    callsLeft: faults.happens(options.crash, CRASH) ? moments.between(1, options.crashWithin) : -1,
    crashesAfterWork: moments.chance(0.5),
    lateUntilMs: options.mayRace ? Number.POSITIVE_INFINITY : scheduler.nowMs() + options.timeoutMs,
    latencyMs() {
      const base = 2 + latencies.next() * 18;
      if (isZombie && !faults.isCeased) return base * 8_000;
      return isSlow ? base * 1_000 : base;
    },
  };
  let timeIsOut = (): void => {};
  const outOfTime = new Promise<void>((resolve) => {
    timeIsOut = resolve;
  });
  const invocation: Invocation = {
    id,
    failedGroups: new Set(),
    outOfTime,
    get isOutOfTime() {
      return run.isOutOfTime;
    },
    get isDead() {
      return run.isDead;
    },
    call: (service, groupId, work) => call(environment, run, invocation, service, groupId, work),
    crash() {
      if (run.isDead) return;
      run.isDead = true;
      onCrash();
    },
  };
  const cancel = scheduler.after(options.timeoutMs - RESERVE_MS, () => {
    if (isZombie) return;
    run.isOutOfTime = true;
    faults.count('outOfTime');
    timeIsOut();
    scheduler.after(RESERVE_MS, invocation.crash);
  });
  const end = (): void => {
    run.isDead = true;
  };
  return { invocation, cancel, end };
}

/**
 * Calls a service, after a latency. The call may be throttled, its answer may get lost, and the function may crash
 * around it.
 */
function call<T>(
  { scheduler, faults, throttled }: Environment,
  run: Run,
  invocation: Invocation,
  service: Service,
  groupId: string,
  work: () => Promise<T> | T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      invocation.failedGroups.add(groupId);
      reject(error);
    };
    if (run.isDead) return;
    scheduler.after(run.latencyMs(), () => {
      if (run.isDead) {
        // A request that was in flight when the function ended may still arrive.
        if (service !== 'topic' && scheduler.nowMs() < run.lateUntilMs && faults.happens('lateWrite', LATE)) {
          faults.count('lateWrite');
          tried(work).catch(() => undefined);
        }
        return;
      }
      run.callsLeft -= run.callsLeft > 0 ? 1 : 0;
      const crashesNow = run.callsLeft === 0;
      if (crashesNow && !run.crashesAfterWork) return invocation.crash();
      const { untilMs, share } = throttled.get(service) ?? { untilMs: 0, share: 0 };
      if (scheduler.nowMs() < untilMs && faults.happens('throttled', share)) {
        faults.count('throttled');
        return fail(THROTTLED_CALL);
      }
      const answer = tried(work);
      answer.catch(() => invocation.failedGroups.add(groupId));
      if (crashesNow) return invocation.crash();
      if (faults.happens('lostAnswer', LOST)) {
        faults.count('lostAnswer');
        return fail(LOST_ANSWER);
      }
      resolve(answer);
    });
  });
}

/** Does the work. It is rejected when the service refuses the call for good. */
async function tried<T>(work: () => Promise<T> | T): Promise<T> {
  return work();
}
