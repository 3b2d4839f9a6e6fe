import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRIC_NAMESPACE, OUTCOME_METRICS, PROJECTOR_METRICS } from '../../core/metrics.ts';
import { factQueueName } from '../../core/monitoring-names.ts';
import type { ReceivedMessage } from '../../core/project/ports.ts';
import { causeOf } from '../../core/retries.ts';
import type { FactReport } from './queue.ts';

/**
 * Counts what became of facts as EMF, by the metrics that a projector has for the same, and logs a line for each that was returned or parked. Of an error it says the name
 * alone: what a handler's errors quote isn't known here.
 *
 * @param name the `FactQueue`'s
 */
export function factTelemetry(name: string): (report: FactReport) => void {
  const serviceName = factQueueName(name);
  const metrics = new Metrics({ namespace: METRIC_NAMESPACE, serviceName });
  const logger = new Logger({ serviceName });
  const tell = (what: string, { messageId, groupId, receiveCount }: ReceivedMessage, why: object) =>
    logger.warn(what, { messageId, groupId, receiveCount, ...why });
  return ({ taken, parked, returned }) => {
    const counts: readonly [string, number][] = [
      [PROJECTOR_METRICS.settled, taken + parked.length],
      [OUTCOME_METRICS.parked, parked.length],
      [PROJECTOR_METRICS.returned, returned.length],
    ];
    for (const [metric, count] of counts) if (count > 0) metrics.addMetric(metric, MetricUnit.Count, count);
    metrics.publishStoredMetrics();
    for (const { aside, error } of parked) {
      const { message, reason } = aside;
      tell('parked', message, { reason, ...(error !== undefined && { cause: causeOf(error) }) });
    }
    for (const { message, error } of returned) tell('returned', message, { cause: causeOf(error) });
  };
}
