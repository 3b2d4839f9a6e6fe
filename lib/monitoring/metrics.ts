import { Stack } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import type { FreshetMetric, Statistic } from '../../core/graphs/graph.ts';
import { dimensionsOf, type Emitter, METRIC_NAMESPACE } from '../../core/metrics.ts';
import { CONTROL_INTERVAL } from '../flow-control.ts';

/**
 * The length of a datapoint. It is the control interval, so a metric that is reported once per interval has one value
 * in each.
 */
export const PERIOD = CONTROL_INTERVAL;

/** The emitter of a construct's metrics. @param name the name of its boundary, queue of facts or saga */
export function emitterOf(construct: IConstruct, name: string): Emitter {
  return { name, stack: Stack.of(construct).stackName };
}

/**
 * A metric that the functions of a boundary, a queue of facts or a saga emit.
 *
 * @param label default: the metric's name
 */
export function freshetMetric(
  emitter: Emitter,
  metricName: FreshetMetric,
  statistic: Statistic,
  label: string = metricName,
): Metric {
  const dimensionsMap = dimensionsOf(emitter);
  return new Metric({ namespace: METRIC_NAMESPACE, metricName, dimensionsMap, statistic, period: PERIOD, label });
}

/** A calculation with metrics, which the expression refers to by the keys of `usingMetrics`. */
export function math(label: string, expression: string, usingMetrics: Record<string, IMetric>): MathExpression {
  return new MathExpression({ expression, usingMetrics, period: PERIOD, label });
}

/**
 * The age of the last record of a stream batch when its function was done with the batch, in milliseconds. Failed
 * batches count too, so the age grows while a batch is retried (lam/events-dynamodb-metrics, 2026-11-25). A function
 * that isn't invoked emits no value.
 */
export function iteratorAge(fn: IFunction, label?: string): IMetric {
  return fn.metric('IteratorAge', { statistic: 'Maximum', period: PERIOD, ...(label !== undefined && { label }) });
}

/**
 * Metrics for an expression, and their names in it: `a0`, `a1`, ...
 *
 * @param letter must differ between the groups of one expression
 */
export function numbered(letter: string, metrics: readonly IMetric[]): [Record<string, IMetric>, readonly string[]] {
  const names = metrics.map((_, index) => `${letter}${index}`);
  return [Object.fromEntries(metrics.map((metric, index) => [`${letter}${index}`, metric])), names];
}

/**
 * The messages that are in a queue or were deleted from it. A function may delete a message before the queue is
 * measured; the deletion shows that it was there. The number of sent messages doesn't count messages that a redrive
 * policy moved.
 */
export function arrivals(queue: IQueue): MathExpression {
  return math('messages', 'FILL(visible, 0) + FILL(inFlight, 0) + FILL(deleted, 0)', { ...queueMetrics(queue) });
}

/** The visible, in-flight and deleted messages of a queue. */
export function queueMetrics(queue: IQueue): Record<'visible' | 'inFlight' | 'deleted', IMetric> {
  return {
    visible: queue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum', period: PERIOD }),
    inFlight: queue.metricApproximateNumberOfMessagesNotVisible({ statistic: 'Maximum', period: PERIOD }),
    deleted: queue.metricNumberOfMessagesDeleted({ statistic: 'Sum', period: PERIOD }),
  };
}
