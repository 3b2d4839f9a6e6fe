import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRIC_NAMESPACE, OUTCOME_METRICS, PROJECTOR_METRICS, SAGA_METRICS } from '../core/metrics.ts';
import type { SagaOutcome } from '../core/saga/step.ts';
import type { SagaTold } from './saga-batch.ts';

/** Outcomes that somebody may have to look into. */
const LOGGED: readonly SagaOutcome[] = ['cancelled-late', 'repeated', 'after-cancellation', 'overdue'];

/** Emits what became of each fact as EMF, and a log line where somebody may have to look into it. */
export function sagaTelemetry(saga: string): SagaTold {
  const metrics = new Metrics({ namespace: METRIC_NAMESPACE, serviceName: saga });
  const logger = new Logger({ serviceName: saga });
  const count = (metric: string): void => {
    metrics.addMetric(metric, MetricUnit.Count, 1);
    metrics.publishStoredMetrics();
  };
  return {
    done({ key, outcome, effects }) {
      count(SAGA_METRICS[outcome]);
      if (LOGGED.includes(outcome)) logger.warn(outcome, { key, effects });
    },
    parked({ message, reason }) {
      count(OUTCOME_METRICS.parked);
      logger.warn('parked', { messageId: message.messageId, reason });
    },
    returned({ messageId, receiveCount }, error) {
      count(PROJECTOR_METRICS.returned);
      logger.warn('returned', { messageId, receiveCount, cause: error instanceof Error ? error.name : 'unknown' });
    },
  };
}
