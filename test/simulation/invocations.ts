import type { InvokeResult } from '../../local/lambda/invoke-result.ts';
import type { FaultKind, Faults } from './faults.ts';
import { random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** What a call goes to; a burst of throttling is of one of them. */
export const SERVICES = ['cacheTable', 'parkingTable', 'topic', 'queue'] as const;
export type Service = (typeof SERVICES)[number];

/** One run of a function. Whatever it waits for goes through `call`, so that anything can happen there. */
export interface Invocation {
  readonly id: number;
  /** Groups in which a call failed: nothing else may be a cause to return a group. */
  readonly failedGroups: Set<string>;
  /** Resolves shortly before the time is out. */
  readonly outOfTime: Promise<void>;
  readonly isOutOfTime: boolean;
  readonly isDead: boolean;
  call<T>(service: Service, groupId: string, work: () => Promise<T> | T): Promise<T>;
  /** Ends it here and now: nothing that it waits for comes back. */
  crash(): void;
}

/** A kind of function. */
export interface FunctionOptions {
  readonly crash: FaultKind;
  readonly timeoutMs: number;
  /** Calls in which a crash falls, counted from 1. */
  readonly crashWithin: number;
}

/** Probabilities of what befalls an invocation or a call. */
const CRASH = 0.03;
const SLOW = 0.012;
const ZOMBIE = 0.006;
const LOST = 0.008;
const LATE = 0.5;
const THROTTLED = 0.6;

/** What is kept of an invocation's time to return what isn't done, as the adapter keeps it. */
const RESERVE_MS = 2_000;

/** The account's functions: they are slow, crash, are throttled, and work on when others think that they are gone. */
export interface Functions {
  /** Invocations that have neither answered nor crashed. */
  readonly running: number;
  throttle(service: Service, untilMs: number): void;
  invoke(
    options: FunctionOptions,
    body: (invocation: Invocation) => Promise<unknown>,
    onCrash?: (invocation: Invocation) => void,
  ): Promise<InvokeResult>;
}

export function createFunctions(seed: number, scheduler: Scheduler, faults: Faults): Functions {
  const latencies = random(seed, 'latency');
  const moments = random(seed, 'moment');
  const throttledUntil = new Map<Service, number>();
  let running = 0;
  let ids = 0;

  const begin = (options: FunctionOptions, onEnd: () => void) => {
    const isSlow = faults.happens('outOfTime', SLOW);
    const isZombie = faults.happens('race', ZOMBIE);
    let callsLeft = faults.happens(options.crash, CRASH) ? moments.between(1, options.crashWithin) : -1;
    const crashesAfterWork = moments.chance(0.5);
    let isDead = false;
    let isOutOfTime = false;
    let timeIsOut = (): void => {};
    const outOfTime = new Promise<void>((resolve) => {
      timeIsOut = resolve;
    });
    const latencyMs = (): number => {
      const base = 2 + latencies.next() * 18;
      if (isZombie && !faults.isCeased) return base * 8_000;
      return isSlow ? base * 1_000 : base;
    };
    ids += 1;
    const invocation: Invocation = {
      id: ids,
      failedGroups: new Set(),
      outOfTime,
      get isOutOfTime() {
        return isOutOfTime;
      },
      get isDead() {
        return isDead;
      },
      call(service, groupId, work) {
        return new Promise((resolve, reject) => {
          if (isDead) return;
          scheduler.after(latencyMs(), () => {
            if (isDead) {
              // A request that was under way when the function ended may still arrive.
              if (service !== 'topic' && faults.happens('lateWrite', LATE)) {
                faults.count('lateWrite');
                void work();
              }
              return;
            }
            callsLeft -= callsLeft > 0 ? 1 : 0;
            const crashesNow = callsLeft === 0;
            if (crashesNow && !crashesAfterWork) return invocation.crash();
            const isBurst = scheduler.nowMs() < (throttledUntil.get(service) ?? 0);
            if (isBurst && faults.happens('throttled', THROTTLED)) {
              faults.count('throttled');
              invocation.failedGroups.add(groupId);
              return reject(new Error('throttled'));
            }
            const answer = work();
            if (crashesNow) return invocation.crash();
            if (faults.happens('lostAnswer', LOST)) {
              faults.count('lostAnswer');
              invocation.failedGroups.add(groupId);
              return reject(new Error('the answer was lost'));
            }
            resolve(answer);
          });
        });
      },
      crash() {
        if (isDead) return;
        isDead = true;
        onEnd();
      },
    };
    const end = (): void => {
      isDead = true;
    };
    const cancel = scheduler.after(options.timeoutMs - RESERVE_MS, () => {
      if (isZombie) return;
      isOutOfTime = true;
      faults.count('outOfTime');
      timeIsOut();
      scheduler.after(RESERVE_MS, invocation.crash);
    });
    return { invocation, cancel, end };
  };

  return {
    get running() {
      return running;
    },
    throttle(service, untilMs) {
      throttledUntil.set(service, untilMs);
    },
    invoke(options, body, onCrash) {
      return new Promise((resolve) => {
        running += 1;
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
        const { invocation, cancel, end } = begin(options, crashed);
        const answered = (result: InvokeResult): void => {
          if (invocation.isDead) return;
          // A function is frozen once it has answered: what it left undone goes on later, or never.
          if (!invocation.isOutOfTime || moments.chance(0.5)) end();
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
