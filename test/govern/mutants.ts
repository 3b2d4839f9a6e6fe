import { type admission, type askAgainMs, admission as realAdmission } from '../../core/govern/admit.ts';
import { decide, type FlowDecision, type GovernSettings } from '../../core/govern/decide.ts';
import type { drainSeconds } from '../../core/govern/measure.ts';
import { type Check, violationsOf } from './check.ts';
import { run } from './model.ts';
import { type Faults, type Shape, scenario } from './scenario.ts';
import type { Entered } from './writers.ts';

/** A planted bug: what takes the place of the right thing. */
export interface Wrong {
  readonly decide?: typeof decide;
  readonly admission?: typeof admission;
  readonly askAgainMs?: typeof askAgainMs;
  readonly drainSeconds?: typeof drainSeconds;
  readonly settings?: Partial<GovernSettings>;
  /** How long writers use what they read. */
  readonly lifetimeMs?: number;
  /** Each writer has a token bucket of its own. */
  readonly bucketEach?: boolean;
  /** A writer that found the bucket full asks again with the next write. */
  readonly asksEachTime?: boolean;
  /** What is committed of a step's writes. */
  readonly committed?: (entered: Entered) => number;
  /** What consumers get done of what they could. */
  readonly worked?: (count: number) => number;
}

/** A planted bug, the shape that it shows in, and within how many seeds it must be caught, by what. */
export interface Mutant {
  readonly name: string;
  readonly wrong: Wrong;
  readonly shape: Shape;
  readonly faults?: Partial<Faults>;
  readonly caughtBy: Check;
  readonly withinSeeds: number;
}

/** Changes what is decided on. */
const decidingOn =
  (change: (...args: Parameters<typeof decide>) => Parameters<typeof decide>): typeof decide =>
  (...args) =>
    decide(...change(...args));

/** Changes what was decided. */
const deciding =
  (change: (decision: FlowDecision) => FlowDecision): typeof decide =>
  (...args) =>
    change(decide(...args));

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a decision is used for ten minutes',
    wrong: { lifetimeMs: 600_000 },
    ...{ shape: 'long-burst', caughtBy: 'bound', withinSeeds: 20 },
  },
  {
    name: 'the state before is forgotten',
    wrong: { decide: decidingOn((previous, ...rest) => [previous && { ...previous, levels: {} }, ...rest]) },
    ...{ shape: 'long-burst', caughtBy: 'one-refusal', withinSeeds: 5 },
  },
  {
    name: 'writes are free at the bottom though they press',
    wrong: {
      decide: decidingOn((previous, reports, stream, ...rest) => [previous, reports, { ...stream, rate: 0 }, ...rest]),
    },
    ...{ shape: 'long-burst', caughtBy: 'one-refusal', withinSeeds: 20 },
  },
  {
    name: 'paced and free by one mark',
    wrong: {
      decide: decidingOn((previous, ...rest) => [
        previous && { ...previous, levels: previous.state === 'paced' ? {} : previous.levels },
        ...rest,
      ]),
    },
    ...{ shape: 'ramp', caughtBy: 'few-changes', withinSeeds: 20 },
  },
  {
    name: 'what was given up is committed all the same',
    wrong: { committed: ({ accepted, refused }) => accepted + refused },
    ...{ shape: 'burst', caughtBy: 'counts', withinSeeds: 5 },
  },
  {
    name: 'an accepted write is lost among refused ones',
    wrong: { committed: ({ accepted, refused }) => (refused > 0 ? Math.max(0, accepted - 1) : accepted) },
    ...{ shape: 'long-burst', caughtBy: 'counts', withinSeeds: 5 },
  },
  {
    name: 'paced from an eighth of where it should be',
    wrong: {
      decide: decidingOn((previous, reports, stream, settings, nowMs) => {
        const lowered = Object.entries(settings.maySlowOwner).map(([cache, { highWater }]) => [
          cache,
          { highWater: highWater / 8 },
        ]);
        return [previous, reports, stream, { ...settings, maySlowOwner: Object.fromEntries(lowered) }, nowMs];
      }),
    },
    ...{ shape: 'peaks', caughtBy: 'stays-normal', withinSeeds: 5 },
  },
  {
    name: 'half of the consumers stand still',
    wrong: { worked: (count) => Math.floor(count / 2) },
    ...{ shape: 'peaks', caughtBy: 'drains-in-valleys', withinSeeds: 5 },
  },
  {
    name: 'drain time without what still comes',
    wrong: { drainSeconds: (backlog, { consumptionRate }) => backlog / consumptionRate },
    ...{ shape: 'peak-and-drain', caughtBy: 'foretold', withinSeeds: 5 },
  },
  {
    name: 'retry-after half as long again',
    wrong: { decide: deciding((one) => ({ ...one, retryAfterSeconds: one.retryAfterSeconds * 1.5 })) },
    ...{ shape: 'long-burst', caughtBy: 'retry-after', withinSeeds: 10 },
  },
  {
    name: 'a token bucket for each writer',
    wrong: { bucketEach: true },
    ...{ shape: 'long-burst', caughtBy: 'pace', withinSeeds: 20 },
  },
  {
    name: 'who found the bucket full stays away for minutes',
    wrong: { askAgainMs: (couldFromMs) => couldFromMs + 180_000 },
    ...{ shape: 'long-burst', caughtBy: 'pace', withinSeeds: 20 },
  },
  {
    name: 'who found the bucket full asks with each write',
    wrong: { asksEachTime: true },
    ...{ shape: 'long-burst', caughtBy: 'bucket', withinSeeds: 20 },
  },
  {
    name: 'a decision that is too old binds',
    wrong: { admission: (decision) => realAdmission(decision, 0) },
    ...{ shape: 'long-burst', faults: { governorEndsAt: 300 }, caughtBy: 'unlimited', withinSeeds: 5 },
  },
  {
    name: 'a report that is too old counts',
    wrong: { settings: { reportLifeSeconds: 10_000 } },
    ...{ shape: 'long-burst', faults: { reporterEndsAt: 300 }, caughtBy: 'missing', withinSeeds: 5 },
  },
];

/** Which checks see a mutant, of the first seed that any sees it in; undefined when none does within its seeds. */
export function caught({ wrong, shape, faults, withinSeeds, caughtBy }: Mutant): readonly Check[] | undefined {
  for (let seed = 1; seed <= withinSeeds; seed += 1) {
    const checks = violationsOf(run(scenario(shape, seed, faults), wrong)).map(({ check }) => check);
    if (checks.includes(caughtBy)) return [...new Set(checks)];
  }
  return undefined;
}
