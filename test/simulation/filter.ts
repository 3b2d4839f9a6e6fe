import type { CacheName, Type } from './contracts.ts';
import type { Faults } from './faults.ts';
import { type Random, random } from './random.ts';

const MINUTE_MS = 60_000;

/** The type that the depot may begin to keep later. */
export const LATE_TYPE: Type = 'Label';

/** The subscriptions' filters. A changed filter acts late: until it acts on all events, each event may be dropped. */
export interface Filters {
  /** Whether the depot begins to keep `LATE_TYPE` during the run. */
  readonly isLate: boolean;
  /** Whether the topic delivers an event of this type to this cache now. */
  passes(cache: CacheName, type: string): boolean;
  /** Begins to change the depot's filter. */
  change(): void;
}

export function createFilters(seed: number, nowMs: () => number, faults: Faults): Filters {
  const draws: Random = random(seed, 'filter');
  const isLate = faults.happens('filterChange', 0.3);
  const takesMs = draws.between(10, 15) * MINUTE_MS;
  let beganMs = Number.POSITIVE_INFINITY;
  return {
    isLate,
    passes(cache, type) {
      if (cache !== 'depot' || type !== LATE_TYPE || !isLate || nowMs() >= beganMs + takesMs) return true;
      const passes = nowMs() >= beganMs && draws.chance(0.25);
      if (!passes && nowMs() >= beganMs) faults.count('filteredOut');
      return passes;
    },
    change() {
      faults.count('filterChange');
      beganMs = nowMs();
    },
  };
}
