import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import {
  LEAD_TIME_METRIC,
  METRIC_NAMESPACE,
  OUTCOME_METRICS,
  RELAY_METRICS,
  RETURNED_METRIC,
} from '../core/metrics.ts';
import { OUTCOMES, type Outcome } from '../core/outcome.ts';
import type { ProjectReport } from '../core/project/batch.ts';
import type { RelayReport } from '../core/relay/batch.ts';

/** Outcomes that somebody may have to look into. */
const LOGGED_OUTCOMES: readonly Outcome[] = ['gap', 'discarded', 'parked', 'held'];

/** Emits a projector's metrics as EMF, and a log line with ids and reason for each message that somebody may have to look into. */
export function projectorTelemetry(cache: string): (report: ProjectReport) => void {
  const metrics = new Metrics({ namespace: METRIC_NAMESPACE, serviceName: cache });
  const logger = new Logger({ serviceName: cache });
  return ({ settled, returned }) => {
    for (const outcome of OUTCOMES) {
      const count = settled.filter((one) => one.outcome === outcome).length;
      if (count > 0) metrics.addMetric(OUTCOME_METRICS[outcome], MetricUnit.Count, count);
    }
    for (const { leadTimeMs } of settled) {
      if (leadTimeMs !== undefined) metrics.addMetric(LEAD_TIME_METRIC, MetricUnit.Milliseconds, leadTimeMs);
    }
    if (returned.length > 0) metrics.addMetric(RETURNED_METRIC, MetricUnit.Count, returned.length);
    metrics.publishStoredMetrics();
    for (const { message, outcome, entity, version, reason } of settled) {
      const { messageId } = message;
      if (LOGGED_OUTCOMES.includes(outcome)) logger.warn(outcome, { messageId, entity, version, reason });
    }
    for (const { message, error } of returned) {
      const cause = error instanceof Error ? error.name : 'unknown';
      logger.warn('returned', { messageId: message.messageId, receiveCount: message.receiveCount, cause });
    }
  };
}

/** Emits a relay's metrics as EMF; what was diverted or failed is logged by its counts, the records lie in the failure queue. */
export function relayTelemetry(owner: string): (report: RelayReport) => void {
  const metrics = new Metrics({ namespace: METRIC_NAMESPACE, serviceName: owner });
  const logger = new Logger({ serviceName: owner });
  return ({ published, expired, diverted, failed }) => {
    const counts = { published, expired, diverted, failed: failed.length };
    for (const [key, count] of Object.entries(counts) as [keyof typeof counts, number][]) {
      if (count > 0) metrics.addMetric(RELAY_METRICS[key], MetricUnit.Count, count);
    }
    metrics.publishStoredMetrics();
    if (diverted > 0 || failed.length > 0) logger.warn('not published', { ...counts, first: failed[0] });
  };
}
