/** The median of several rounds, and their range. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

/** How many times as fast Freshet is as a peer that does the same work. */
export interface Ratio extends Spread {
  readonly what: string;
  /** The least median that the project expects, if it expects one. */
  readonly bar?: number;
}

export type Cell = string | number | Spread;

export interface Table {
  readonly title: string;
  /** What was measured and how, and what the figures don't show. */
  readonly note: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface Chart {
  /** The file in docs/charts, without its extension. */
  readonly file: string;
  readonly title: string;
  /** The unit of the values, for the axis. */
  readonly unit: string;
  readonly kind: 'bar' | 'line';
  readonly logarithmic?: boolean;
  readonly categories: readonly string[];
  /** A value that is undefined isn't drawn. */
  readonly series: readonly { readonly name: string; readonly values: readonly (number | undefined)[] }[];
}

export interface BenchmarkResult {
  readonly ratios: readonly Ratio[];
  readonly tables: readonly Table[];
  readonly charts: readonly Chart[];
}

export interface BenchmarkOptions {
  /** The rounds that are counted. One more runs first and isn't counted. */
  readonly rounds: number;
  /** The folder of the synthesised cloud assembly. */
  readonly assembly: string;
  /** Called with a description of each step. */
  readonly onProgress: (message: string) => void;
}

export interface Benchmark {
  readonly name: string;
  /** The heading of the benchmark on the page. */
  readonly title: string;
  run(options: BenchmarkOptions): Promise<BenchmarkResult>;
}

/** The median and the range of values. Throws without values. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (low === undefined || high === undefined || min === undefined || max === undefined)
    throw new Error('spread: given: no rounds. Allowed: one or more.');
  return { median: (low + high) / 2, min, max, rounds: sorted.length };
}

/** The peer's time divided by ours in each round. Both run within seconds, so a slow machine slows both. */
export function ratio(what: string, ours: readonly number[], theirs: readonly number[], bar?: number): Ratio {
  const rounds = ours.map((value, round) => (theirs[round] ?? Number.NaN) / value);
  return { what, ...spread(rounds), ...(bar !== undefined && { bar }) };
}

/** A number with three significant digits, or as a whole number from 100 on. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));
}

/** A ratio as one line: `4.53 x Powertools, ... (4.1..4.9, 9 rounds): at least 4 expected, met`. */
export function ratioLine({ what, median, min, max, rounds, bar }: Ratio): string {
  const verdict = bar === undefined ? '' : `: at least ${bar} expected, ${median >= bar ? 'met' : 'NOT met'}`;
  return `${figure(median)} x ${what} (${figure(min)}..${figure(max)}, ${rounds} rounds)${verdict}`;
}
