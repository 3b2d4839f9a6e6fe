import { type Random, random } from '../simulation/random.ts';

/**
 * The shapes of the load. `peak-and-drain` has no governor; its predicted drain time is compared with the actual one.
 */
export const SHAPES = ['steady', 'burst', 'long-burst', 'ramp', 'on-off', 'peaks', 'peak-and-drain'] as const;
export type Shape = (typeof SHAPES)[number];

/** Control interval, and life of a report and a decision, as lib/flow-control.ts sets them, in seconds. */
export const INTERVAL_SECONDS = 60;
export const INTERVAL_MS = INTERVAL_SECONDS * 1000;
export const LIFE_SECONDS = 3 * INTERVAL_SECONDS;

/** Length of a step of virtual time. */
export const STEP_MS = 200;

/** Range of high water, in seconds of the cache's work: half a minute to half an hour. */
const LEAST_HIGH_WATER_SECONDS = 30;
const MOST_HIGH_WATER_SECONDS = 1_800;

/** The settings of one run, which its seed determines. Rates are in events a second. */
export interface Scenario {
  readonly seed: number;
  readonly shape: Shape;
  /** Maximum consumption rate of the cache. */
  readonly capacity: number;
  readonly highWater: number;
  /** Returns the rate of wanted writes, before noise, at a time in seconds from the start. */
  readonly demandAt: (seconds: number) => number;
  /**
   * Start of each burst in seconds. A burst is a time above capacity for which the cache can't catch up during the
   * load.
   */
  readonly burstsAt: readonly number[];
  /** End of the load in seconds. */
  readonly loadEndSeconds: number;
  /** Time from one peak to the next; undefined for a load without peaks. */
  readonly periodSeconds: number | undefined;
  readonly writers: number;
  /** Maximum wait of a writer for admission. */
  readonly maxWaitMs: number;
  readonly relayDelayMs: number;
  /** Fraction of the relayed versions that are conflated, unless the flow state is normal. */
  readonly conflation: number;
  /** Fraction by which demand and consumption vary from step to step. */
  readonly demandNoise: number;
  readonly consumptionNoise: number;
  /** Whether writes arrive as a Poisson process; else evenly. */
  readonly isPoisson: boolean;
  /** When in an interval the cache reports, and when the governor decides without a report. */
  readonly reportAtSeconds: number;
  readonly governAtSeconds: number;
  /** Time from a report's measurement to the decision on it. */
  readonly reportDelayMs: number;
  /** Delay of the metrics. */
  readonly metricDelayMs: number;
  readonly isGoverned: boolean;
  readonly faults: Faults;
}

/** Faults of a run. */
export interface Faults {
  /** Probability that a report never arrives. */
  readonly lostReports: number;
  /** When the reports end and when the decisions end, in seconds from the start. */
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

/** A random number between the two, evenly distributed on a logarithmic scale. */
const logBetween = ({ next }: Random, min: number, max: number): number => min * (max / min) ** next();
const between = ({ next }: Random, min: number, max: number): number => min + next() * (max - min);

/** When the load first changes, in seconds. The rates of the time before are measured by then. */
const BEGIN = 180;

/** Returns the scenario of a shape and a seed. */
export function scenario(shape: Shape, seed: number, faults: Partial<Faults> = {}): Scenario {
  const picks = random(seed, `scenario-${shape}`);
  const capacity = logBetween(picks, 50, 500);
  const relayDelayMs = Math.round(logBetween(picks, 200, 5_000) / 200) * 200;
  const load = loadOf(shape, random(seed, `load-${shape}`), capacity, relayDelayMs / 1000);
  const highWater =
    load.highWater ?? Math.round(capacity * logBetween(picks, LEAST_HIGH_WATER_SECONDS, MOST_HIGH_WATER_SECONDS));
  return {
    seed,
    shape,
    capacity,
    relayDelayMs,
    ...load,
    highWater,
    periodSeconds: load.periodSeconds,
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
    // The length of the peak gives a drain time of six minutes to an hour.
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

/**
 * Peaks above capacity with an average below it. `highWater` is so high that the excess of a peak stays below half of
 * it.
 */
function peaks(picks: Random, capacity: number, relayDelaySeconds: number): Load {
  const period = logBetween(picks, 60, 900);
  const mean = capacity * between(picks, 0.4, 0.8);
  const top = capacity * logBetween(picks, 1.3, 4);
  // `part` is the fraction of the period at the top that gives the mean, with valleys between 10 and 40 % of capacity.
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
  // A lower mark would be reached by noise alone, which the excess doesn't include.
  const highWater = Math.ceil(Math.max(capacity * LEAST_HIGH_WATER_SECONDS, leastFor));
  return { demandAt, burstsAt: [], loadEndSeconds, highWater, periodSeconds: period };
}

/** Returns the largest backlog of a load without noise. */
function mostBehind(demandAt: (seconds: number) => number, capacity: number, seconds: number): number {
  let [waiting, most] = [0, 0];
  for (let at = 0; at < seconds; at += 1) {
    waiting = Math.max(0, waiting + demandAt(at) - capacity);
    most = Math.max(most, waiting);
  }
  return most;
}
