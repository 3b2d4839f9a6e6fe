import { setTimeout as pause } from 'node:timers/promises';
import type { ProductType } from './catalogue.ts';
import { type CompareLab, drawnProduct } from './lab.ts';
import { percentile } from './measure-reads.ts';

/** How long changes took from the owner's commit until the first consumer held them. */
export interface Staleness {
  readonly state: 'up' | 'slow';
  readonly way: 'notify' | 'carry';
  readonly changes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** How often both copies are looked at. */
const POLL_MS = 2;

/** Longer than any change takes unless something is broken. */
const LIMIT_MS = 20_000;

const COPIES = ['notify', 'carry'] as const;

/** Changes one at a time, each timed by both ways at once: they share the machine, and so its slow moments. */
export async function measureStaleness(lab: CompareLab): Promise<Staleness[]> {
  const all: Staleness[] = [];
  for (const state of ['up', 'slow'] as const) {
    lab.setOwner(state);
    const took = { notify: [] as number[], carry: [] as number[] };
    const changes = lab.plan.timed[state];
    for (let change = 0; change < changes; change += 1) {
      const arrived = await timeOne(lab, 'ForOne', drawnProduct(lab.plan, 'stale', state, change));
      for (const way of COPIES) took[way].push(arrived[way]);
      await lab.cloud.idle();
    }
    for (const way of COPIES) {
      all.push({ state, way, changes, p50Ms: percentile(took[way], 50), p99Ms: percentile(took[way], 99) });
    }
  }
  lab.setOwner('up');
  return all;
}

async function timeOne(lab: CompareLab, type: ProductType, id: string): Promise<{ notify: number; carry: number }> {
  const { version, atMs } = await lab.change(type, id);
  const [notify, carry] = await Promise.all(
    COPIES.map(async (way) => {
      while ((await lab.held(way, type, id)) < version) {
        if (performance.now() - atMs > LIMIT_MS)
          throw new Error(`${type}/${id}: version ${version} has not come by ${way}`);
        await pause(POLL_MS);
      }
      return performance.now() - atMs;
    }),
  );
  return { notify: notify ?? Number.NaN, carry: carry ?? Number.NaN };
}
