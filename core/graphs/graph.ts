import type {
  ADOPT_METRICS,
  ASKED_AGAIN_METRIC,
  DIFFERING_METRIC,
  GOVERNOR_METRICS,
  HEALED_METRIC,
  OUTBOX_METRICS,
  OUTCOME_METRICS,
  PROJECTOR_METRICS,
  RELAY_DELAY_METRIC,
  RELAY_METRICS,
  REPORT_METRICS,
  SAGA_METRICS,
  SURVEY_METRICS,
} from '../metrics.ts';

type Values<T> = T[keyof T];

/** The name of a metric that Freshet emits. */
export type FreshetMetric =
  | Values<typeof OUTCOME_METRICS>
  | Values<typeof PROJECTOR_METRICS>
  | Values<typeof RELAY_METRICS>
  | typeof RELAY_DELAY_METRIC
  | Values<typeof REPORT_METRICS>
  | Values<typeof GOVERNOR_METRICS>
  | Values<typeof ADOPT_METRICS>
  | Values<typeof SURVEY_METRICS>
  | typeof ASKED_AGAIN_METRIC
  | typeof HEALED_METRIC
  | typeof DIFFERING_METRIC
  | Values<typeof SAGA_METRICS>
  | (typeof OUTBOX_METRICS)[keyof typeof OUTBOX_METRICS];

/** How CloudWatch aggregates a metric's values of one period. `p50`, `p99` and so on are percentiles. */
export type Statistic = 'Sum' | 'Average' | 'Maximum' | `p${number}`;

/**
 * One line of a graph. `of` names one of the resources of the construct that the graph is about, such as `queue`.
 *
 * - `own`: a metric that the construct's functions emit
 * - `queue`, `function`, `table`: a metric that AWS writes about a queue, a function or a table
 * - `rate`: a sum of a queue by the second. `name` is the metric's name in the expression
 * - `contributors`: a value of the Contributor Insights rule that counts a cache's message groups
 */
export type Series<Resource extends string = string> =
  | {
      readonly kind: 'own';
      readonly metric: FreshetMetric;
      readonly statistic: Statistic;
      /** @default - the metric's name */
      readonly label?: string;
    }
  | {
      readonly kind: 'queue' | 'function' | 'table';
      readonly of: Resource;
      readonly metric: string;
      readonly statistic: Statistic;
      /** @default - the metric's name */
      readonly label?: string;
    }
  | {
      readonly kind: 'rate';
      readonly of: Resource;
      readonly metric: string;
      readonly name: string;
      readonly label: string;
    }
  | {
      readonly kind: 'contributors';
      readonly metric: 'MaxContributorValue' | 'UniqueContributors';
      readonly label: string;
    };

/** A horizontal line of a graph, such as an objective. */
export interface Line {
  readonly value: number;
  readonly label: string;
}

/** One side of a graph, with its own axis that starts at 0. */
export interface GraphSide<Resource extends string = string> {
  readonly unit: string;
  readonly series: readonly Series<Resource>[];
  readonly line?: Line | undefined;
}

/** A graph of the dashboard and of the console, with one datapoint a period. */
export interface Graph<Resource extends string = string> {
  readonly title: string;
  readonly left: GraphSide<Resource>;
  readonly right?: GraphSide<Resource>;
  /** @default false */
  readonly isStacked?: boolean;
}

/** The objectives that graphs show as lines; undefined for one that isn't known. */
export interface ObjectiveLines {
  readonly leadTimeMs: number | undefined;
  readonly stalenessSeconds: number | undefined;
}

/** A metric of the construct's functions. */
export function own(metric: FreshetMetric, statistic: Statistic, label?: string) {
  return { kind: 'own', metric, statistic, ...(label !== undefined && { label }) } as const;
}

/** The most visible messages of a queue in a period. */
export function visibleMessages<Resource extends string>(of: Resource, label: string) {
  return {
    kind: 'queue',
    of,
    metric: 'ApproximateNumberOfMessagesVisible',
    statistic: 'Maximum',
    label,
  } as const;
}

/** The age of the oldest message of a queue, in seconds. */
export function oldestMessage<Resource extends string>(of: Resource) {
  return { kind: 'queue', of, metric: 'ApproximateAgeOfOldestMessage', statistic: 'Maximum' } as const;
}

/** How often a function failed. */
export function errorsOf<Resource extends string>(of: Resource, label: string) {
  return { kind: 'function', of, metric: 'Errors', statistic: 'Sum', label } as const;
}

/** The age of the last record of a stream batch at its function, in milliseconds. */
export function iteratorAge<Resource extends string>(of: Resource, label?: string) {
  const metric = { kind: 'function', of, metric: 'IteratorAge', statistic: 'Maximum' } as const;
  return label === undefined ? metric : { ...metric, label };
}

/** A line at a value; undefined if the value isn't known. */
export function lineAt(value: number | undefined, label: string): Line | undefined {
  return value === undefined ? undefined : { value, label };
}
