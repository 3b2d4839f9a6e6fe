import { readEmbeddedMetrics } from './emf.ts';
import { addTo, type Bucket, bucketOf, type Statistic, statisticOf } from './statistics.ts';

/** The identity of a metric, which includes its dimensions. */
export interface MetricName {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** A summary of a metric's values. */
export interface MetricSummary {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** The nearest-rank percentile of the last 100,000 values. @param p 0 to 100 */
  percentile(p: number): number;
}

/** A summary with the identity of its metric. */
export interface NamedMetric extends Omit<MetricSummary, 'percentile'> {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** A statistic of the period that begins at `atMs`. */
export interface Datapoint {
  readonly atMs: number;
  readonly value: number;
}

/** Consecutive periods. The first begins at `startMs`, the last before `endMs`. */
export interface Periods {
  /** A whole second. */
  readonly startMs: number;
  readonly endMs: number;
  /** A multiple of 1000. */
  readonly periodMs: number;
}

/** Stores metrics: those in the functions' logs, and AWS's own. */
export interface MetricStore {
  /** Reads a log line. Returns false if it isn't in the embedded metric format. */
  record(line: string): boolean;
  /** Stores one value. @param atMs milliseconds since the epoch */
  put(
    namespace: string,
    metric: string,
    dimensions: Readonly<Record<string, string>>,
    value: number,
    atMs: number,
  ): void;
  /** Returns a faster `put` for one metric, for callers that store many values. */
  recorder(name: MetricName): (value: number, atMs: number) => void;
  /**
   * Summarises the values since the start with exactly these dimensions; in all namespaces if `namespace` is left out.
   */
  query(of: {
    readonly namespace?: string;
    readonly metric: string;
    readonly dimensions: Readonly<Record<string, string>>;
  }): MetricSummary | undefined;
  /** The summaries of all metrics since the start. */
  snapshot(): NamedMetric[];
  /** A statistic for each period with values, first to last. Values older than three hours are dropped. */
  datapoints(name: MetricName, statistic: Statistic, periods: Periods): Datapoint[];
}

/** AWS keeps periods below a minute for three hours: cloudwatch/latest/APIReference/API_GetMetricData. */
const KEPT_SECONDS = 3 * 60 * 60;
/** How far in the future a value may be: cloudwatch/latest/APIReference/API_MetricDatum. */
const AHEAD_SECONDS = 2 * 60 * 60;
/** How many values a series keeps for percentiles since the start. */
const KEPT_VALUES = 100_000;

interface Series extends MetricName {
  count: number;
  sum: number;
  min: number;
  max: number;
  /** A ring buffer: value number n is at index n modulo `KEPT_VALUES`. */
  readonly values: number[];
  /** The values of each second, by seconds since the epoch. A second with one value has the number itself. */
  readonly seconds: Map<number, Bucket | number>;
}

/** Creates an empty store. @param now the clock in milliseconds since the epoch, for dropping old values */
export function createMetricStore(now: () => number = Date.now): MetricStore {
  const seriesByKey = new Map<string, Series>();

  function seriesOf({ namespace, metric, dimensions }: MetricName): Series {
    const key = keyOf(namespace, metric, dimensions);
    let series = seriesByKey.get(key);
    if (!series) {
      const totals = { count: 0, sum: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
      series = { namespace, metric, dimensions: { ...dimensions }, ...totals, values: [], seconds: new Map() };
      seriesByKey.set(key, series);
    }
    return series;
  }

  function add(series: Series, value: number, atMs: number): void {
    series.values[series.count % KEPT_VALUES] = value;
    series.count += 1;
    series.sum += value;
    series.min = Math.min(series.min, value);
    series.max = Math.max(series.max, value);
    const second = Math.floor(atMs / 1000);
    const today = Math.floor(now() / 1000);
    if (second > today - KEPT_SECONDS && second <= today + AHEAD_SECONDS)
      addToSecond(series.seconds, second, value, today);
  }

  return {
    record(line) {
      const found = readEmbeddedMetrics(line);
      if (!found) return false;
      const atMs = found.atMs ?? now();
      for (const { values, ...name } of found.metrics) {
        const series = seriesOf(name);
        for (const value of values) add(series, value, atMs);
      }
      return true;
    },
    put: (namespace, metric, dimensions, value, atMs) => add(seriesOf({ namespace, metric, dimensions }), value, atMs),
    recorder(name) {
      let series: Series | undefined;
      return (value, atMs) => {
        series ??= seriesOf(name);
        add(series, value, atMs);
      };
    },
    query({ namespace, metric, dimensions }) {
      const wanted = Object.entries(dimensions);
      const found = [...seriesByKey.values()].filter(
        (series) =>
          series.metric === metric &&
          (namespace === undefined || series.namespace === namespace) &&
          Object.keys(series.dimensions).length === wanted.length &&
          wanted.every(([name, value]) => series.dimensions[name] === value),
      );
      return summarise(found);
    },
    snapshot: () => [...seriesByKey.values()].map(({ values: _values, seconds: _seconds, ...named }) => ({ ...named })),
    datapoints({ namespace, metric, dimensions }, statistic, periods) {
      const seconds = seriesByKey.get(keyOf(namespace, metric, dimensions))?.seconds;
      return seconds ? datapointsOf(seconds, statistic, periods) : [];
    },
  };
}

function keyOf(namespace: string, metric: string, dimensions: Readonly<Record<string, string>>): string {
  return JSON.stringify([namespace, metric, Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function addToSecond(seconds: Series['seconds'], second: number, value: number, today: number): void {
  const before = seconds.get(second);
  if (before === undefined) {
    seconds.set(second, value);
    // Seconds arrive almost in order, so the oldest are at the front.
    for (const oldest of seconds.keys()) {
      if (oldest > today - KEPT_SECONDS) break;
      seconds.delete(oldest);
    }
    return;
  }
  const bucket = typeof before === 'number' ? bucketOf(before) : before;
  addTo(bucket, value);
  if (bucket !== before) seconds.set(second, bucket);
}

function datapointsOf(seconds: Series['seconds'], statistic: Statistic, periods: Periods): Datapoint[] {
  const { startMs, endMs, periodMs } = periods;
  const byPeriod = new Map<number, (Bucket | number)[]>();
  const collect = (second: number, bucket: Bucket | number | undefined): void => {
    if (bucket === undefined) return;
    const atMs = startMs + Math.floor((second * 1000 - startMs) / periodMs) * periodMs;
    const others = byPeriod.get(atMs);
    if (others) others.push(bucket);
    else byPeriod.set(atMs, [bucket]);
  };
  // The last period is read to its end, even if the requested range ends within it.
  const afterLast = (startMs + Math.ceil((endMs - startMs) / periodMs) * periodMs) / 1000;
  // Iterates over the stored seconds or over the range, whichever is smaller.
  if (afterLast - startMs / 1000 > seconds.size) {
    for (const [second, bucket] of seconds) if (second >= startMs / 1000 && second < afterLast) collect(second, bucket);
  } else for (let second = startMs / 1000; second < afterLast; second += 1) collect(second, seconds.get(second));
  return [...byPeriod]
    .sort(([a], [b]) => a - b)
    .map(([atMs, buckets]) => ({ atMs, value: statisticOf(buckets, statistic) }));
}

function summarise(all: readonly Series[]): MetricSummary | undefined {
  if (all.length === 0) return undefined;
  let sorted: number[] | undefined;
  return {
    count: all.reduce((total, { count }) => total + count, 0),
    sum: all.reduce((total, { sum }) => total + sum, 0),
    min: Math.min(...all.map(({ min }) => min)),
    max: Math.max(...all.map(({ max }) => max)),
    percentile(p) {
      sorted ??= all.flatMap(({ values }) => values).sort((a, b) => a - b);
      const rank = Math.ceil((Math.min(100, Math.max(0, p)) / 100) * sorted.length);
      return sorted[Math.max(0, rank - 1)] ?? Number.NaN;
    },
  };
}
