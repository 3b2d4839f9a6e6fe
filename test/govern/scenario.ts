import { type Random, random } from '../simulation/random.ts';

/** Shapes that the load takes. `peak-and-drain` has no governor: what it predicts is held against what then happens. */
export const SHAPES = ['steady', 'burst', 'long-burst', 'ramp', 'on-off', 'peaks', 'peak-and-drain'] as const;
export type Shape = (typeof SHAPES)[number];

/** Control interval, and what a report and a decision outlive, as lib/flow-control.ts sets them; seconds. */
export const INTERVAL_SECONDS = 60;
export const LIFE_SECONDS = 3 * INTERVAL_SECONDS;

/** High water in the cache's work: from half a minute of it to half an hour, seconds. */
const LEAST_HIGH_WATER_SECONDS = 30;
const MOST_HIGH_WATER_SECONDS = 1_800;

/** What a seed decides of one run. Rates are events a second. */
export interface Scenario {
  readonly seed: number;
  readonly shape: Shape;
  /** What the cache's consumers can work off. */
  readonly capacity: number;
  readonly highWater: number;
  /** Writes that are wanted at a time, seconds from the beginning, before noise. */
  readonly demandAt: (seconds: number) => number;
  /** When each burst begins, a time above capacity that the cache can't make up for; seconds. */
  readonly burstsAt: readonly number[];
  /** From then on nothing is wanted; seconds. */
  readonly loadEndSeconds: number;
  /** From one peak to the next. */
  readonly periodSeconds: number | undefined;
  readonly writers: number;
  /** How long a writer waits to be admitted. */
  readonly maxWaitMs: number;
  readonly relayDelayMs: number;
  /** Part of what the relay has in hand that leaves inside a newer version, unless normal. */
  readonly conflation: number;
  /** Part by which demand, and consumption, differ from one step to the next. */
  readonly demandNoise: number;
  readonly consumptionNoise: number;
  /** Writes come as a Poisson process; else evenly. */
  readonly isPoisson: boolean;
  /** When in an interval the cache reports, and the governor decides without a report. */
  readonly reportAtSeconds: number;
  readonly governAtSeconds: number;
  /** From measured to decided on. */
  readonly reportDelayMs: number;
  /** How long counts of consumption take until they can be read. */
  readonly metricDelayMs: number;
  readonly isGoverned: boolean;
  readonly faults: Faults;
}

/** What goes wrong besides. */
export interface Faults {
  /** Probability that a report never arrives. */
  readonly lostReports: number;
  /** From then on nothing reports, and nothing decides, seconds from the beginning. */
  readonly reporterEndsAt: number | undefined;
  readonly governorEndsAt: number | undefined;
}

export const NO_FAULTS: Faults = { lostReports: 0, reporterEndsAt: undefined, governorEndsAt: undefined };

interface Load {
  readonly demandAt: (seconds: number) => number;
  readonly burstsAt: readonly number[];
  readonly loadEndSeconds: number;
  /** Where the shape depends on it. */
  readonly highWater?: number;
  readonly periodSeconds?: number;
}

/** Between the two, every factor as likely as another. */
const logBetween = ({ next }: Random, min: number, max: number): number => min * (max / min) ** next();
const between = ({ next }: Random, min: number, max: number): number => min + next() * (max - min);

/** When the load first changes, seconds: rates of before it are known by then. */
const BEGIN = 180;

/** What a seed makes of a shape. */
export function scenario(shape: Shape, seed: number, faults: Partial<Faults> = {}): Scenario {
  const picks = random(seed, `scenario-${shape}`);
  const capacity = logBetween(picks, 50, 500);
  const relayDelayMs = Math.round(logBetween(picks, 200, 5_000) / 200) * 200;
  const load = loadOf(shape, random(seed, `load-${shape}`), capacity, relayDelayMs / 1000);
  const highWater =
    load.highWater ?? Math.round(capacity * logBetween(picks, LEAST_HIGH_WATER_SECONDS, MOST_HIGH_WATER_SECONDS));
  return {
    ...{ seed, shape, capacity, relayDelayMs, ...load, highWater, periodSeconds: load.periodSeconds },
    writers: picks.between(1, picks.chance(0.3) ? 80 : 20),
    maxWaitMs: picks.pick([0, 1_000, 10_000, 10_000, 10_000, 30_000]),
    conflation: picks.pick([0, 0.1, 0.3, 0.6]),
    demandNoise: between(picks, 0, 0.3),
    consumptionNoise: between(picks, 0, 0.3),
    isPoisson: picks.chance(0.5),
    reportAtSeconds: between(picks, 0, INTERVAL_SECONDS),
    governAtSeconds: between(picks, 0, INTERVAL_SECONDS),
    reportDelayMs: Math.round(logBetween(picks, 100, 3_000)),
    metricDelayMs: picks.between(0, 20_000),
    isGoverned: shape !== 'peak-and-drain',
    faults: { ...NO_FAULTS, ...faults },
  };
}

function loadOf(shape: Shape, picks: Random, capacity: number, relayDelaySeconds: number): Load {
  const base = capacity * between(picks, 0.1, 0.7);
  const high = capacity * logBetween(picks, 2, 30);
  if (shape === 'steady') {
    const rate = capacity * between(picks, 0.1, 0.9);
    return { demandAt: () => rate, burstsAt: [], loadEndSeconds: 1_200 };
  }
  if (shape === 'burst' || shape === 'long-burst') {
    const length = shape === 'burst' ? logBetween(picks, 20, 600) : logBetween(picks, 900, 2_700);
    return pulses(base, high, length, BEGIN);
  }
  if (shape === 'peak-and-drain') {
    // As long as it takes to drain for six minutes to an hour.
    const drainSeconds = logBetween(picks, 360, 3_600);
    const length = (drainSeconds * (capacity - base)) / (high - capacity);
    const { loadEndSeconds, ...load } = pulses(base, high, length, BEGIN);
    return { ...load, loadEndSeconds: loadEndSeconds + 1.5 * drainSeconds };
  }
  if (shape === 'ramp') {
    const [rise, hold, fall] = [logBetween(picks, 60, 1_200), logBetween(picks, 10, 600), logBetween(picks, 10, 600)];
    const end = BEGIN + rise + hold + fall;
    const demandAt = (seconds: number): number => {
      const up = Math.min(1, Math.max(0, (seconds - BEGIN) / rise));
      const down = Math.min(1, Math.max(0, (end - seconds) / fall));
      return base + (high - base) * Math.min(up, down);
    };
    return { demandAt, burstsAt: [BEGIN], loadEndSeconds: end + 600 };
  }
  if (shape === 'on-off') {
    const [on, off, times] = [logBetween(picks, 20, 400), logBetween(picks, 60, 600), picks.between(2, 4)];
    const end = BEGIN + times * (on + off);
    const demandAt = (seconds: number): number =>
      seconds >= BEGIN && seconds < end && (seconds - BEGIN) % (on + off) < on ? high : 0;
    const burstsAt = Array.from({ length: times }, (_, index) => BEGIN + index * (on + off));
    return { demandAt, burstsAt, loadEndSeconds: end + 600 };
  }
  return peaks(picks, capacity, relayDelaySeconds);
}

function pulses(base: number, high: number, length: number, begin: number): Load {
  const demandAt = (seconds: number): number => (seconds >= begin && seconds < begin + length ? high : base);
  return { demandAt, burstsAt: [begin], loadEndSeconds: begin + length + 600 };
}

/** Peaks above capacity with an average below it; `highWater` is so high that a peak's excess stays below half of it. */
function peaks(picks: Random, capacity: number, relayDelaySeconds: number): Load {
  const period = logBetween(picks, 60, 900);
  const mean = capacity * between(picks, 0.4, 0.8);
  const top = capacity * logBetween(picks, 1.3, 4);
  // Part of the period at the top such that the valleys give the mean: they are between 10 and 40 % of capacity.
  const valley = Math.min(mean * 0.8, capacity * between(picks, 0.1, 0.4));
  const part = (mean - valley) / (top - valley);
  const isSquare = picks.chance(0.5);
  const amplitude = Math.min(mean, Math.max(capacity * 1.1 - mean, capacity * between(picks, 0.3, 0.6)));
  const demandAt = (seconds: number): number => {
    if (isSquare) return (seconds % period) / period < part ? top : valley;
    return mean + amplitude * Math.sin((seconds / period) * 2 * Math.PI);
  };
  const loadEndSeconds = Math.ceil(2_400 / period) * period;
  const excess =
    mostBehind(demandAt, capacity, loadEndSeconds) + (isSquare ? top : mean + amplitude) * relayDelaySeconds;
  const leastFor = (excess + 0.02 * capacity * INTERVAL_SECONDS) / between(picks, 0.1, 0.45);
  // Below that noise alone, which the excess doesn't count, makes up a good part of it.
  const highWater = Math.ceil(Math.max(capacity * LEAST_HIGH_WATER_SECONDS, leastFor));
  return { demandAt, burstsAt: [], loadEndSeconds, highWater, periodSeconds: period };
}

/** The most that is ever waiting of a load without noise. */
function mostBehind(demandAt: (seconds: number) => number, capacity: number, seconds: number): number {
  let [waiting, most] = [0, 0];
  for (let at = 0; at < seconds; at += 1) {
    waiting = Math.max(0, waiting + demandAt(at) - capacity);
    most = Math.max(most, waiting);
  }
  return most;
}
