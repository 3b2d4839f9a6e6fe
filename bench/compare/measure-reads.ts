import { type Spread, spread } from '../support/result.ts';
import { type CompareLab, drawnProduct } from './lab.ts';
import { OWNER_STATES, type OwnerState, WAYS, type Way } from './plan.ts';

/** The results of reads by a consumer's page. */
export interface Reads {
  readonly state: OwnerState;
  readonly way: Way;
  readonly asked: number;
  readonly answered: number;
  /** Milliseconds until an answer or an error. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The median of a round divided by the median of event-carried state in the same round. */
  readonly byCarried: Spread;
}

/** Reads by each way in turn. Each round begins with another way, so that slow moments affect all ways alike. */
export async function measureReads(lab: CompareLab): Promise<Reads[]> {
  const all: Reads[] = [];
  for (const state of OWNER_STATES) {
    lab.setOwner(state);
    all.push(...(await readsIn(lab, state)));
    lab.setOwner('up');
    await lab.cloud.idle();
  }
  return all;
}

async function readsIn(lab: CompareLab, state: OwnerState): Promise<Reads[]> {
  const { rounds, reads } = lab.plan.reads[state];
  const took = new Map(WAYS.map((way) => [way, [] as number[][]]));
  const answered = new Map<Way, number>(WAYS.map((way) => [way, 0]));
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < WAYS.length; turn += 1) {
      const way = WAYS[(round + turn) % WAYS.length] ?? 'call';
      const times: number[] = [];
      for (let read = 0; read < reads; read += 1) {
        const begin = performance.now();
        const version = await lab.read(1, way, 'ForOne', drawnProduct(lab.plan, state, round, read));
        times.push(performance.now() - begin);
        if (version !== undefined) answered.set(way, (answered.get(way) ?? 0) + 1);
      }
      took.get(way)?.push(times);
    }
  }
  const medians = (way: Way) => (took.get(way) ?? []).map((times) => percentile(times, 50));
  const carried = medians('carry');
  return WAYS.map((way) => {
    const times = (took.get(way) ?? []).flat();
    const byCarried = spread(medians(way).map((median, round) => median / (carried[round] ?? Number.NaN)));
    const counts = { asked: rounds * reads, answered: answered.get(way) ?? 0 };
    return { state, way, ...counts, p50Ms: percentile(times, 50), p99Ms: percentile(times, 99), byCarried };
  });
}

/** The percentile of values, by nearest rank. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}
