import { describe, expect, test } from 'vitest';
import { CHECKS, perBurst, violationsOf } from './check.ts';
import { run } from './model.ts';
import { caught, MUTANTS } from './mutants.ts';
import { type Faults, SHAPES, type Shape, scenario } from './scenario.ts';

const SEEDS = Array.from({ length: 40 }, (_, index) => index + 1);

const runsOf = (shape: Shape, faults?: Partial<Faults>) => SEEDS.map((seed) => run(scenario(shape, seed, faults)));

const failures = (runs: ReturnType<typeof runsOf>) =>
  runs.flatMap((one) => violationsOf(one).map((violation) => ({ seed: one.scenario.seed, ...violation })));

describe('flow control in virtual time', () => {
  test.each(SHAPES)('flow control passes all checks in 40 runs with a load of the shape %s', (shape) => {
    const runs = runsOf(shape);
    expect(failures(runs)).toEqual([]);
    if (shape === 'peak-and-drain') {
      expect(runs.filter(({ drain }) => drain !== undefined).length).toBeGreaterThanOrEqual(36);
    }
    // Without these, the checks would have nothing to check.
    if (shape === 'long-burst') {
      expect(runs.filter((one) => perBurst(one).some(({ refusals }) => refusals === 1)).length).toBeGreaterThanOrEqual(
        20,
      );
      expect(runs.flatMap(({ paces }) => paces).length).toBeGreaterThanOrEqual(20);
      expect(runs.flatMap(({ retries }) => retries).length).toBeGreaterThanOrEqual(20);
    }
  });

  test('flow control keeps the backlog within its bound while one report in five is lost', () => {
    expect(failures(runsOf('burst', { lostReports: 0.2 }))).toEqual([]);
  });

  test('flow control admits all writes and names the cache when its reports stop', () => {
    expect(failures(runsOf('burst', { reporterEndsAt: 300 }))).toEqual([]);
  });

  test('flow control admits all writes when the governor stops and its last decision has expired', () => {
    expect(failures(runsOf('burst', { governorEndsAt: 300 }))).toEqual([]);
  });

  test('two runs with the same seed are equal', () => {
    const numbersOf = (seed: number): string => JSON.stringify(run(scenario('burst', seed)));
    expect(numbersOf(7)).toBe(numbersOf(7));
    expect(numbersOf(7)).not.toBe(numbersOf(8));
  });
});

describe('planted bugs in flow control', () => {
  test.each(
    MUTANTS.map((mutant) => [mutant.name, mutant] as const),
  )('mutant: a check of flow control fails if %s', (_, mutant) => {
    expect(caught(mutant)).toContain(mutant.caughtBy);
  });

  test('each check of flow control catches at least one planted bug', () => {
    expect([...new Set(MUTANTS.map(({ caughtBy }) => caughtBy))].sort()).toEqual(Object.keys(CHECKS).sort());
  });
});
