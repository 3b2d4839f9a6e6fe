import { setTimeout as pause } from 'node:timers/promises';
import { type CompareLab, drawnProduct } from './lab.ts';
import { percentile } from './measure-reads.ts';
import { TIMED_STATES, type TimedState } from './plan.ts';

/** How long changes took from the owner's commit until the first consumer held them. */
export interface Staleness {
  readonly state: TimedState;
  readonly way: CopyWay;
  readonly changes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

type CopyWay = 'notify' | 'carry';

/** The interval at which both copies are read. */
const POLL_MS = 2;

/** The time after which a change counts as lost. */
const LIMIT_MS = 20_000;

/** The copies that receive a change. Without the owner's API no callback is answered. */
const COPIES: Readonly<Record<TimedState, readonly CopyWay[]>> = {
  up: ['notify', 'carry'],
  slow: ['notify', 'carry'],
  'no-api': ['carry'],
};

/** Changes one product at a time and times both copies at once, so that slow moments affect both alike. */
export async function measureStaleness(lab: CompareLab): Promise<Staleness[]> {
  const all: Staleness[] = [];
  for (const state of TIMED_STATES) {
    set(lab, state);
    const took = { notify: [] as number[], carry: [] as number[] };
    const changes = lab.plan.timed[state];
    for (let change = 0; change < changes; change += 1) {
      const id = drawnProduct(lab.plan, 'stale', state, change);
      const { version, atMs } = await lab.change('ForOne', id);
      const arrivals = COPIES[state].map(async (way) => took[way].push((await arrival(lab, way, id, version)) - atMs));
      await Promise.all(arrivals);
      if (state !== 'no-api') await lab.cloud.idle();
    }
    for (const way of COPIES[state]) {
      all.push({ state, way, changes, p50Ms: percentile(took[way], 50), p99Ms: percentile(took[way], 99) });
    }
  }
  set(lab, 'up');
  // The callbacks that failed without the API succeed now.
  await lab.cloud.idle();
  return all;
}

function set(lab: CompareLab, state: TimedState): void {
  lab.setOwner(state === 'slow' ? 'slow' : 'up');
  lab.setApi(state !== 'no-api');
}

/** When a copy holds a version, in the time of `performance.now()`. */
export async function arrival(lab: CompareLab, way: CopyWay, id: string, version: number): Promise<number> {
  const untilMs = performance.now() + LIMIT_MS;
  while ((await lab.held(way, 'ForOne', id)) < version) {
    if (performance.now() > untilMs)
      throw new Error(`ForOne/${id}: version ${version} did not arrive by ${way} within ${LIMIT_MS} ms`);
    await pause(POLL_MS);
  }
  return performance.now();
}
