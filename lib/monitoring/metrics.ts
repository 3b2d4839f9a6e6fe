import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
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
  | Values<typeof GOVERNOR_METRICS>;

/** How a metric's values of one period become one: `p50` and the like are percentiles. */
export type Statistic = 'Sum' | 'Average' | 'Maximum' | `p${number}`;

/** Length of a datapoint: what is reported once per control interval has one value in each. */
export const PERIOD = CONTROL_INTERVAL;

/** A metric that a boundary's functions emit. @param label default the metric's name */
export function freshetMetric(
  { name }: Boundary,
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
 * Messages that came into a queue, or lie there: one that a function takes out at once may be gone whenever somebody looks, and is seen by
 * its deletion. What a redrive policy moves doesn't count as sent, so the queue's count of sent messages wouldn't tell.
 */
export function arrivals(queue: IQueue): MathExpression {
  return math('messages', 'FILL(visible, 0) + FILL(inFlight, 0) + FILL(deleted, 0)', {
    visible: queue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum', period: PERIOD }),
    inFlight: queue.metricApproximateNumberOfMessagesNotVisible({ statistic: 'Maximum', period: PERIOD }),
    deleted: queue.metricNumberOfMessagesDeleted({ statistic: 'Sum', period: PERIOD }),
  });
}
