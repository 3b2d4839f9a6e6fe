import * as z from 'zod/mini';

/** The values of one metric and one set of dimensions in a log line. */
export interface EmbeddedMetric {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly values: readonly number[];
}

/** The metrics of a log line in the embedded metric format. */
export interface EmbeddedMetrics {
  /** Milliseconds since the epoch; undefined if the line has no time. The time of writing then counts. */
  readonly atMs: number | undefined;
  readonly metrics: readonly EmbeddedMetric[];
}

/**
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
const embeddedMetrics = z.looseObject({
  _aws: z.object({
    Timestamp: z.optional(z.number()),
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

/** Reads a log line. Undefined if the line isn't in the embedded metric format. */
export function readEmbeddedMetrics(line: string): EmbeddedMetrics | undefined {
  const parsed = parse(line);
  if (!parsed) return undefined;
  const metrics: EmbeddedMetric[] = [];
  for (const { Namespace: namespace, Dimensions, Metrics } of parsed._aws.CloudWatchMetrics) {
    for (const names of Dimensions.length > 0 ? Dimensions : [[]]) {
      const dimensions = Object.fromEntries(names.map((name) => [name, String(parsed[name])]));
      for (const { Name: metric } of Metrics) {
        const given = values.safeParse(parsed[metric]);
        if (given.success) metrics.push({ namespace, metric, dimensions, values: [given.data].flat() });
      }
    }
  }
  return { atMs: parsed._aws.Timestamp, metrics };
}

function parse(line: string): z.infer<typeof embeddedMetrics> | undefined {
  if (!line.startsWith('{') || !line.includes('"CloudWatchMetrics"')) return undefined;
  try {
    return embeddedMetrics.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
