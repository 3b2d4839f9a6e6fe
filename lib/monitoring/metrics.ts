import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Boundary } from '../../core/contract.ts';
import {
  BOUNDARY_DIMENSION,
  type GOVERNOR_METRICS,
  METRIC_NAMESPACE,
  type OUTCOME_METRICS,
  type PROJECTOR_METRICS,
  type RELAY_DELAY_METRIC,
  type RELAY_METRICS,
  type REPORT_METRICS,
  type SAGA_METRICS,
} from '../../core/metrics.ts';
import { CONTROL_INTERVAL } from '../flow-control.ts';

type Values<T> = T[keyof T];

/** Every metric that Freshet emits, by its name. */
export type FreshetMetric =
  | Values<typeof OUTCOME_METRICS>
  | Values<typeof PROJECTOR_METRICS>
  | Values<typeof RELAY_METRICS>
  | typeof RELAY_DELAY_METRIC
  | Values<typeof REPORT_METRICS>
  | Values<typeof GOVERNOR_METRICS>
  | Values<typeof SAGA_METRICS>;

/** How a metric's values of one period become one: `p50` and the like are percentiles. */
export type Statistic = 'Sum' | 'Average' | 'Maximum' | `p${number}`;

/** Length of a datapoint: what is reported once per control interval has one value in each. */
export const PERIOD = CONTROL_INTERVAL;

/** A metric that the functions of a boundary, a queue of facts or a saga emit. @param label default the metric's name */
export function freshetMetric(
  { name }: Pick<Boundary, 'name'>,
  metricName: FreshetMetric,
  statistic: Statistic,
  label: string = metricName,
): Metric {
  const dimensionsMap = { [BOUNDARY_DIMENSION]: name };
  return new Metric({ namespace: METRIC_NAMESPACE, metricName, dimensionsMap, statistic, period: PERIOD, label });
}

/** A calculation with metrics, by the names that it gives them. */
export function math(label: string, expression: string, usingMetrics: Record<string, IMetric>): MathExpression {
  return new MathExpression({ expression, usingMetrics, period: PERIOD, label });
}

/**
 * How old the last record of a batch of a stream was when its function was done with it, milliseconds; whether it failed or not, so it grows while a
 * batch is tried again (lam/events-dynamodb-metrics, 2026-11-25). A function that isn't called says nothing.
 */
export function iteratorAge(fn: IFunction, label?: string): IMetric {
  return fn.metric('IteratorAge', { statistic: 'Maximum', period: PERIOD, ...(label !== undefined && { label }) });
}

/** Metrics as an expression takes them, and their names in it: `a0`, `a1`, ... @param letter other for each group of one expression */
export function numbered(letter: string, metrics: readonly IMetric[]): [Record<string, IMetric>, readonly string[]] {
  const names = metrics.map((_, index) => `${letter}${index}`);
  return [Object.fromEntries(metrics.map((metric, index) => [`${letter}${index}`, metric])), names];
}

/**
 * Messages that came into a queue, or lie there: one that a function takes out at once may be gone whenever somebody looks, and is seen by
 * its deletion. What a redrive policy moves doesn't count as sent, so the queue's count of sent messages wouldn't tell.
 */
export function arrivals(queue: IQueue): MathExpression {
  return math('messages', 'FILL(visible, 0) + FILL(inFlight, 0) + FILL(deleted, 0)', { ...queueMetrics(queue) });
}

/** What lies in a queue, what is under way out of it, and what was deleted from it. */
export function queueMetrics(queue: IQueue): Record<'visible' | 'inFlight' | 'deleted', IMetric> {
  return {
    visible: queue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum', period: PERIOD }),
    inFlight: queue.metricApproximateNumberOfMessagesNotVisible({ statistic: 'Maximum', period: PERIOD }),
    deleted: queue.metricNumberOfMessagesDeleted({ statistic: 'Sum', period: PERIOD }),
  };
}
