import * as z from 'zod/mini';

/** What was recorded of one metric under one set of dimensions. */
export interface MetricSummary {
  count: number;
  sum: number;
  min: number;
  max: number;
  /** Nearest-rank percentile of the last 100,000 values. @param p 0 to 100 */
  percentile(p: number): number;
}

/** A summary with its name. */
export interface NamedMetric extends Omit<MetricSummary, 'percentile'> {
  namespace: string;
  metric: string;
  dimensions: Record<string, string>;
}

/** Collects the metrics that functions write to their logs, as CloudWatch does. */
export interface MetricStore {
  /** Takes a log line; false if it is not in the embedded metric format. */
  record(line: string): boolean;
  /**
   * What was recorded under exactly these dimensions, else under all sets of dimensions that contain them; undefined if nothing was.
   * Without `namespace`, of all of them.
   */
  query(of: { namespace?: string; metric: string; dimensions: Record<string, string> }): MetricSummary | undefined;
  snapshot(): NamedMetric[];
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
const embeddedMetrics = z.looseObject({
  _aws: z.object({
    CloudWatchMetrics: z.array(
      z.object({
        Namespace: z.string(),
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.object({ Name: z.string() })),
      }),
    ),
  }),
});
const values = z.union([z.number(), z.array(z.number())]);

const keptValues = 100_000;

interface Series extends NamedMetric {
  /** A ring: the value number n lies at n modulo `keptValues`. */
  values: number[];
}

/** Creates an empty store. */
export function createMetricStore(): MetricStore {
  const seriesByKey = new Map<string, Series>();

  function seriesOf(namespace: string, metric: string, dimensions: Record<string, string>): Series {
    const key = JSON.stringify([namespace, metric, Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1))]);
    let series = seriesByKey.get(key);
    if (!series) {
      const empty = { count: 0, sum: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, values: [] };
      series = { namespace, metric, dimensions, ...empty };
      seriesByKey.set(key, series);
    }
    return series;
  }

  return {
    record(line) {
      const parsed = parse(line);
      if (!parsed) return false;
      for (const { Namespace, Dimensions, Metrics } of parsed._aws.CloudWatchMetrics) {
        for (const names of Dimensions.length > 0 ? Dimensions : [[]]) {
          const dimensions = Object.fromEntries(names.map((name) => [name, String(parsed[name])]));
          for (const { Name } of Metrics) {
            const given = values.safeParse(parsed[Name]);
            if (given.success) add(seriesOf(Namespace, Name, dimensions), [given.data].flat());
          }
        }
      }
      return true;
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
    snapshot: () => [...seriesByKey.values()].map(({ values: _values, ...named }) => ({ ...named })),
  };
}

function parse(line: string): z.infer<typeof embeddedMetrics> | undefined {
  if (!line.startsWith('{') || !line.includes('"CloudWatchMetrics"')) return undefined;
  try {
    return embeddedMetrics.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function add(series: Series, added: readonly number[]): void {
  for (const value of added) {
    series.values[series.count % keptValues] = value;
    series.count += 1;
    series.sum += value;
    series.min = Math.min(series.min, value);
    series.max = Math.max(series.max, value);
  }
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
