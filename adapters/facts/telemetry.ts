import { Logger } from '@aws-lambda-powertools/logger';
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { type Emitter, OUTCOME_METRICS, PROJECTOR_METRICS } from '../../core/metrics.ts';
import { factQueueName } from '../../core/monitoring-names.ts';
import type { ReceivedMessage } from '../../core/project/ports.ts';
import { causeOf } from '../../core/retries.ts';
import { createMetrics } from '../aws/metrics.ts';
import type { FactReport } from './report.ts';

/**
 * Emits the outcomes of facts as EMF, with the metrics of a projector, and logs a line for each fact that was returned
 * or parked. The line has the name of the error only: the text of a handler's error may contain any data.
 *
 * @param queue the `FactQueue` by its own name
 */
export function factTelemetry({ name, stack }: Emitter): (report: FactReport) => void {
  const serviceName = factQueueName(name);
  const metrics = createMetrics({ name: serviceName, stack });
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
    for (const { event, error } of parked) {
      const { message, reason } = event;
      tell('parked', message, { reason, ...(error !== undefined && { cause: causeOf(error) }) });
    }
    for (const { message, error } of returned) tell('returned', message, { cause: causeOf(error) });
  };
}
