import type { Cache } from './deployed.ts';
import type { Governor } from './governor.ts';
import { random } from './random.ts';
import { INTERVAL_MS } from './reporting.ts';
import { everyMs, nextTends } from './tending.ts';
import type { World } from './world.ts';

/** After a deployment, the first report runs within this time. */
const FIRST_MS = { min: 2_000, max: 30_000 } as const;

/** After this time without progress, the schedule runs at the slow interval, which saves steps. */
const STANDSTILL_MS = 10 * 60_000;
const SLOW_INTERVAL_MS = 15 * 60_000;

/**
 * The schedule of heartbeats and reports: once a minute. While every type is filled and no inventory runs or is due, it
 * rests, because nobody would look at the reports.
 */
export interface Schedule {
  /** Runs soon: something was deployed or asked for. */
  wake(): void;
  /** Stops, so that days can pass, until it is woken. */
  pause(): void;
  /** Whether no type has to be filled, and no inventory runs. */
  isDone(): Promise<boolean>;
}

/** @param caches the caches that are deployed */
export function createSchedule(world: World, governor: Governor, caches: readonly Cache[]): Schedule {
  const { seed, scheduler } = world;
  const draws = random(seed, 'schedule');
  let wokenAtMs = 0;
  let plannedAtMs = Number.POSITIVE_INFINITY;
  let cancel = (): void => {};

  const plan = (atMs: number): void => {
    if (atMs >= plannedAtMs || atMs === Number.POSITIVE_INFINITY) return;
    cancel();
    plannedAtMs = atMs;
    cancel = scheduler.after(atMs - scheduler.nowMs(), () => {
      plannedAtMs = Number.POSITIVE_INFINITY;
      void tick();
    });
  };
  const tends = async (every: (cache: Cache) => number | undefined) =>
    (await Promise.all(caches.map((cache) => nextTends(cache, scheduler.nowMs(), every(cache))))).flat();
  const tick = async (): Promise<void> => {
    const nowMs = scheduler.nowMs();
    const next = await tends((cache) => everyMs(world, cache));
    const due = next.filter(({ atMs }) => atMs <= nowMs);
    if (due.length === 0) return plan(Math.min(...next.map(({ atMs }) => atMs)));
    void governor.beat();
    for (const cache of caches) scheduler.after(draws.between(0, INTERVAL_MS - 1), () => void cache.report());
    const movedAtMs = Math.max(wokenAtMs, ...caches.map(({ notes }) => notes.changedAtMs));
    plan(nowMs + (nowMs - movedAtMs > STANDSTILL_MS ? SLOW_INTERVAL_MS : INTERVAL_MS));
  };

  return {
    wake() {
      wokenAtMs = scheduler.nowMs();
      plan(wokenAtMs + draws.between(FIRST_MS.min, FIRST_MS.max));
    },
    pause() {
      cancel();
      plannedAtMs = Number.POSITIVE_INFINITY;
    },
    isDone: async () => (await tends(() => undefined)).every(({ atMs }) => atMs === Number.POSITIVE_INFINITY),
  };
}
