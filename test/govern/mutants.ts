import { admission as realAdmission } from '../../core/govern/admit.ts';
import { decide, type FlowDecision } from '../../core/govern/decide.ts';
import { type Check, violationsOf } from './check.ts';
import { run } from './model.ts';
import { type Faults, type Shape, scenario } from './scenario.ts';
import type { Wrong } from './wrong.ts';

/** A planted bug, the shape in which it shows, and the check that must catch it within a number of seeds. */
export interface Mutant {
  readonly name: string;
  readonly wrong: Wrong;
  readonly shape: Shape;
  readonly faults?: Partial<Faults>;
  readonly caughtBy: Check;
  readonly withinSeeds: number;
}

/** Changes the arguments of the decision. */
const decidingOn =
  (change: (...args: Parameters<typeof decide>) => Parameters<typeof decide>): typeof decide =>
  (...args) =>
    decide(...change(...args));

/** Changes the decision. */
const deciding =
  (change: (decision: FlowDecision) => FlowDecision): typeof decide =>
  (...args) =>
    change(decide(...args));

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a decision is used for ten minutes',
    wrong: { lifetimeMs: 600_000 },
    shape: 'long-burst',
    caughtBy: 'bound',
    withinSeeds: 20,
  },
  {
    name: 'the previous levels are forgotten',
    wrong: { decide: decidingOn((previous, ...rest) => [previous && { ...previous, levels: {} }, ...rest]) },
    shape: 'long-burst',
    caughtBy: 'one-refusal',
    withinSeeds: 5,
  },
  {
    name: 'writes become free although they press',
    wrong: {
      decide: decidingOn((previous, reports, stream, ...rest) => [previous, reports, { ...stream, rate: 0 }, ...rest]),
    },
    shape: 'long-burst',
    caughtBy: 'one-refusal',
    withinSeeds: 20,
  },
  {
    name: 'writes become paced and free at the same mark',
    wrong: {
      decide: decidingOn((previous, ...rest) => [
        previous && { ...previous, levels: previous.state === 'paced' ? {} : previous.levels },
        ...rest,
      ]),
    },
    shape: 'ramp',
    caughtBy: 'few-changes',
    withinSeeds: 20,
  },
  {
    name: 'refused writes are committed',
    wrong: { committed: ({ accepted, refused }) => accepted + refused },
    shape: 'burst',
    caughtBy: 'counts',
    withinSeeds: 5,
  },
  {
    name: 'an accepted write is lost among refused ones',
    wrong: { committed: ({ accepted, refused }) => (refused > 0 ? Math.max(0, accepted - 1) : accepted) },
    shape: 'long-burst',
    caughtBy: 'counts',
    withinSeeds: 5,
  },
  {
    name: 'writes are paced from an eighth of the right mark',
    wrong: {
      decide: decidingOn((previous, reports, stream, settings, nowMs) => {
        const lowered = Object.entries(settings.maySlowOwner).map(([cache, { highWater }]) => [
          cache,
          { highWater: highWater / 8 },
        ]);
        return [previous, reports, stream, { ...settings, maySlowOwner: Object.fromEntries(lowered) }, nowMs];
      }),
    },
    shape: 'peaks',
    caughtBy: 'stays-normal',
    withinSeeds: 5,
  },
  {
    name: 'half of the consumers do not work',
    wrong: { worked: (count) => Math.floor(count / 2) },
    shape: 'peaks',
    caughtBy: 'drains-in-valleys',
    withinSeeds: 5,
  },
  {
    name: 'the drain time ignores production',
    wrong: { drainSeconds: (backlog, { consumptionRate }) => backlog / consumptionRate },
    shape: 'peak-and-drain',
    caughtBy: 'drain-time',
    withinSeeds: 5,
  },
  {
    name: 'retry-after is half longer than it should be',
    wrong: { decide: deciding((one) => ({ ...one, retryAfterSeconds: one.retryAfterSeconds * 1.5 })) },
    shape: 'long-burst',
    caughtBy: 'retry-after',
    withinSeeds: 10,
  },
  {
    name: 'each writer has a token bucket of its own',
    wrong: { bucketEach: true },
    shape: 'long-burst',
    caughtBy: 'pace',
    withinSeeds: 20,
  },
  {
    name: 'a writer that found the bucket full waits for minutes',
    wrong: { askAgainMs: (possibleFromMs) => possibleFromMs + 180_000 },
    shape: 'long-burst',
    caughtBy: 'pace',
    withinSeeds: 20,
  },
  {
    name: 'a writer that found the bucket full calls it with each write',
    wrong: { asksEachTime: true },
    shape: 'long-burst',
    caughtBy: 'bucket',
    withinSeeds: 20,
  },
  {
    name: 'an expired decision still applies',
    wrong: { admission: (decision) => realAdmission(decision, 0) },
    shape: 'long-burst',
    faults: { governorEndsAt: 300 },
    caughtBy: 'unlimited',
    withinSeeds: 5,
  },
  {
    name: 'a report that is too old counts',
    wrong: { settings: { reportLifeSeconds: 10_000 } },
    shape: 'long-burst',
    faults: { reporterEndsAt: 300 },
    caughtBy: 'missing',
    withinSeeds: 5,
  },
];

/**
 * Returns the checks that fail for a mutant in the first seed in which its own check fails; undefined if there is none.
 */
export function caught({ wrong, shape, faults, withinSeeds, caughtBy }: Mutant): readonly Check[] | undefined {
  for (let seed = 1; seed <= withinSeeds; seed += 1) {
    const checks = violationsOf(run(scenario(shape, seed, faults), wrong)).map(({ check }) => check);
    if (checks.includes(caughtBy)) return [...new Set(checks)];
  }
  return undefined;
}
