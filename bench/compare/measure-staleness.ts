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

/** How often both copies are looked at. */
const POLL_MS = 2;

/** Longer than any change takes unless something is broken. */
const LIMIT_MS = 20_000;

/** The copies that a change comes to: without the owner's API no callback is answered. */
const COPIES: Readonly<Record<TimedState, readonly CopyWay[]>> = {
  up: ['notify', 'carry'],
  slow: ['notify', 'carry'],
  'no-api': ['carry'],
};

/** Changes one at a time, each timed by both ways at once: they share the machine, and so its slow moments. */
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
  // What no callback has brought meanwhile comes now.
  await lab.cloud.idle();
  return all;
}

function set(lab: CompareLab, state: TimedState): void {
  lab.setOwner(state === 'slow' ? 'slow' : 'up');
  lab.setApi(state !== 'no-api');
}

/** When a consumer has a version by a copy, as `performance.now()` says. */
export async function arrival(lab: CompareLab, way: CopyWay, id: string, version: number): Promise<number> {
  const untilMs = performance.now() + LIMIT_MS;
  while ((await lab.held(way, 'ForOne', id)) < version) {
    if (performance.now() > untilMs) throw new Error(`ForOne/${id}: version ${version} has not come by ${way}`);
    await pause(POLL_MS);
  }
  return performance.now();
}
