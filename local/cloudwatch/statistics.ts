/** A summary of the values of a time range. */
export interface Bucket {
  count: number;
  sum: number;
  min: number;
  max: number;
  /** Every `stride`-th value, for percentiles. */
  values: number[];
  stride: number;
}

/**
 * How many values a bucket keeps for percentiles. With more values it keeps every second one, then every fourth, and so
 * on.
 */
const KEPT_VALUES = 500;

/** A CloudWatch statistic that is emulated. */
export type Statistic = 'Sum' | 'Average' | 'Minimum' | 'Maximum' | 'SampleCount' | { readonly percentile: number };

const SIMPLE = ['Sum', 'Average', 'Minimum', 'Maximum', 'SampleCount'] as const;

/** The statistics that `readStatistic` accepts, for messages. */
export const STATISTICS = `${SIMPLE.join(', ')}, p0 to p100`;

/**
 * Reads a statistic. Undefined for an unknown statistic and for one that is not emulated, such as a trimmed mean
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html).
 */
export function readStatistic(text: string): Statistic | undefined {
  const simple = SIMPLE.find((name) => name === text);
  if (simple !== undefined) return simple;
  const [, percentile] = /^p(\d{1,3}(?:\.\d{1,10})?)$/.exec(text) ?? [];
  return percentile !== undefined && Number(percentile) <= 100 ? { percentile: Number(percentile) } : undefined;
}

export function bucketOf(value: number): Bucket {
  return { count: 1, sum: value, min: value, max: value, values: [value], stride: 1 };
}

export function addTo(bucket: Bucket, value: number): void {
  if (bucket.count % bucket.stride === 0) {
    if (bucket.values.length >= KEPT_VALUES) {
      bucket.values = bucket.values.filter((_, index) => index % 2 === 0);
      bucket.stride *= 2;
    }
    if (bucket.count % bucket.stride === 0) bucket.values.push(value);
  }
  bucket.count += 1;
  bucket.sum += value;
  if (value < bucket.min) bucket.min = value;
  if (value > bucket.max) bucket.max = value;
}

/** A statistic of all values in the buckets. A number is a bucket with one value. `buckets` must not be empty. */
export function statisticOf(buckets: readonly (Bucket | number)[], statistic: Statistic): number {
  if (typeof statistic === 'object') return percentileOf(buckets, statistic.percentile);
  let [count, sum, min, max] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const bucket of buckets) {
    const isNumber = typeof bucket === 'number';
    count += isNumber ? 1 : bucket.count;
    sum += isNumber ? bucket : bucket.sum;
    min = Math.min(min, isNumber ? bucket : bucket.min);
    max = Math.max(max, isNumber ? bucket : bucket.max);
  }
  return { Sum: sum, Average: sum / count, Minimum: min, Maximum: max, SampleCount: count }[statistic];
}

/** The nearest-rank percentile. Each kept value stands for `stride` values of its bucket. */
function percentileOf(buckets: readonly (Bucket | number)[], percentile: number): number {
  const weighted: [value: number, weight: number][] = [];
  for (const bucket of buckets) {
    if (typeof bucket === 'number') weighted.push([bucket, 1]);
    else for (const value of bucket.values) weighted.push([value, bucket.stride]);
  }
  weighted.sort(([a], [b]) => a - b);
  const total = weighted.reduce((sum, [, weight]) => sum + weight, 0);
  let left = (percentile / 100) * total;
  for (const [value, weight] of weighted) {
    left -= weight;
    if (left <= 0) return value;
  }
  return weighted.at(-1)?.[0] ?? Number.NaN;
}
