/** The middle of several rounds and how far they spread. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

/** How many times faster we are than a peer doing the same work: above 1 we are faster. */
export interface Ratio extends Spread {
  readonly what: string;
  /** The least median that is expected; undefined where nothing is. */
  readonly bar?: number;
}

export type Cell = string | number | Spread;

export interface Table {
  readonly title: string;
  /** What was measured how, and what it doesn't say. */
  readonly note: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface Chart {
  /** File in docs/charts, without its ending. */
  readonly file: string;
  readonly title: string;
  /** Of the values, for the axis. */
  readonly unit: string;
  readonly kind: 'bar' | 'line';
  readonly logarithmic?: boolean;
  readonly categories: readonly string[];
  /** Undefined: nothing is drawn. */
  readonly series: readonly { readonly name: string; readonly values: readonly (number | undefined)[] }[];
}

export interface BenchmarkResult {
  readonly ratios: readonly Ratio[];
  readonly tables: readonly Table[];
  readonly charts: readonly Chart[];
}

export interface BenchmarkOptions {
  /** Rounds that count; one more is run first and thrown away. */
  readonly rounds: number;
  /** Folder of the synthesised cloud assembly. */
  readonly assembly: string;
  /** Told of each step. */
  readonly onProgress: (message: string) => void;
}

export interface Benchmark {
  readonly name: string;
  /** What it answers, as a heading. */
  readonly title: string;
  run(options: BenchmarkOptions): Promise<BenchmarkResult>;
}

/** Median and range. Throws on no values. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (low === undefined || high === undefined || min === undefined || max === undefined) throw new Error('no rounds');
  return { median: (low + high) / 2, min, max, rounds: sorted.length };
}

/** Peer's time by ours, round by round: both ran within seconds of each other, so what slows the machine slows both. */
export function ratio(what: string, ours: readonly number[], theirs: readonly number[], bar?: number): Ratio {
  const rounds = ours.map((value, round) => (theirs[round] ?? Number.NaN) / value);
  return { what, ...spread(rounds), ...(bar !== undefined && { bar }) };
}

/** Three significant digits, or whole numbers from 100. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));
}

/** A ratio as its one line: `4.53 x Powertools, ... (4.1..4.9, 9 rounds): at least 4 expected, met`. */
export function ratioLine({ what, median, min, max, rounds, bar }: Ratio): string {
  const verdict = bar === undefined ? '' : `: at least ${bar} expected, ${median >= bar ? 'met' : 'NOT met'}`;
  return `${figure(median)} x ${what} (${figure(min)}..${figure(max)}, ${rounds} rounds)${verdict}`;
}
