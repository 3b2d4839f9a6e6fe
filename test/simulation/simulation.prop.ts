import { describe, expect, test } from 'vitest';
import { FAULT_KINDS, missedFloors, noFaults } from './faults.ts';
import { shrink } from './shrink.ts';
import { COMMITS, ENTITIES, simulate } from './simulate.ts';
import { summaryOf } from './summary.ts';

/** A slice of `npm run simulate`. */
const SEEDS = 20;

describe('an owner and its caches under random faults', () => {
  test('no version goes back, no group waits for another, each event ends once, and caches equal their owner', async () => {
    const { failures, counts, published } = await summaryOf(1, SEEDS);
    expect(failures).toEqual([]);
    expect(published).toBeGreaterThanOrEqual(SEEDS * COMMITS);
    expect(missedFloors(counts, SEEDS)).toEqual([]);
  }, 90_000);

  test('each seed of the simulation has at least 200 events of 8 entities', async () => {
    for (const seed of [1, 2, 3]) {
      const groups = new Set<string>();
      let commits = 0;
      await simulate({
        seed,
        trace: (line) => {
          const [, group] = line.match(/ commit (\S+)@/) ?? [];
          if (group === undefined) return;
          commits += 1;
          groups.add(group);
        },
      });
      expect(commits).toBeGreaterThanOrEqual(200);
      expect(groups.size).toBe(ENTITIES);
    }
  });
});

describe('a run of the simulation', () => {
  test('a run with the same seed is the same, step by step', async () => {
    const traceOf = async (seed: number): Promise<string[]> => {
      const lines: string[] = [];
      await simulate({ seed, trace: (line) => lines.push(line) });
      return lines;
    };
    expect(await traceOf(7)).toEqual(await traceOf(7));
    expect(await traceOf(7)).not.toEqual(await traceOf(8));
  });

  test('a run whose faults are too rare misses their floors', () => {
    const counts = noFaults();
    expect(missedFloors(counts, 1_000).map(({ kind }) => kind)).toEqual(FAULT_KINDS);
  });

  test('a failing run shrinks to fewer commits, entities and kinds of fault, and still fails', async () => {
    const wrong = { condition: () => true };
    const smallest = await shrink({ seed: 1, wrong }, 60);
    expect(smallest?.commits).toBeLessThan(COMMITS / 4);
    expect(smallest?.entityCount).toBeLessThan(ENTITIES);
    expect(smallest?.violation.check).toMatch(/goes-back|stored-again/);
    const again = await simulate({ seed: 1, wrong, ...smallest });
    expect(again.violations[0]).toEqual(smallest?.violation);
  });
});
