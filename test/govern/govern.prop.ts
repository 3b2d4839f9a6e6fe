import { describe, expect, test } from 'vitest';
import { CHECKS, perBurst, violationsOf } from './check.ts';
import { run } from './model.ts';
import { caught, MUTANTS } from './mutants.ts';
import { type Faults, SHAPES, type Shape, scenario } from './scenario.ts';

const SEEDS = Array.from({ length: 100 }, (_, index) => index + 1);

const runsOf = (shape: Shape, faults?: Partial<Faults>) => SEEDS.map((seed) => run(scenario(shape, seed, faults)));

const failures = (runs: ReturnType<typeof runsOf>) =>
  runs.flatMap((one) => violationsOf(one).map((violation) => ({ seed: one.scenario.seed, ...violation })));

describe('The control law in virtual time, over 100 seeds of each shape of load,', () => {
  test.each(SHAPES)('keeps every promise under load of the shape %s', (shape) => {
    const runs = runsOf(shape);
    expect(failures(runs)).toEqual([]);
    if (shape === 'peak-and-drain') {
      expect(runs.filter(({ drain }) => drain !== undefined).length).toBeGreaterThanOrEqual(90);
    }
    // Or the checks would have nothing to see.
    if (shape === 'long-burst') {
      expect(runs.filter((one) => perBurst(one).some(({ refusals }) => refusals === 1)).length).toBeGreaterThanOrEqual(
        50,
      );
      expect(runs.flatMap(({ paces }) => paces).length).toBeGreaterThanOrEqual(50);
      expect(runs.flatMap(({ retries }) => retries).length).toBeGreaterThanOrEqual(50);
    }
  });

  test('keeps to its bound while one report in five is lost', () => {
    expect(failures(runsOf('burst', { lostReports: 0.2 }))).toEqual([]);
  });

  test('lets everybody write when no report comes any more, and names the cache', () => {
    expect(failures(runsOf('burst', { reporterEndsAt: 300 }))).toEqual([]);
  });

  test("lets everybody write when the governor stands still and its last decision's life is over", () => {
    expect(failures(runsOf('burst', { governorEndsAt: 300 }))).toEqual([]);
  });

  test('runs the same for the same seed', () => {
    const numbersOf = (seed: number): string => JSON.stringify(run(scenario('burst', seed)));
    expect(numbersOf(7)).toBe(numbersOf(7));
    expect(numbersOf(7)).not.toBe(numbersOf(8));
  });
});

describe('Planted bugs', () => {
  test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))('mutant: %s is caught', (_, mutant) => {
    expect(caught(mutant)).toContain(mutant.caughtBy);
  });

  test('there is one that each check sees', () => {
    expect([...new Set(MUTANTS.map(({ caughtBy }) => caughtBy))].sort()).toEqual(Object.keys(CHECKS).sort());
  });
});
