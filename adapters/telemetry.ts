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
import type { SetAside } from '../core/project/ports.ts';
import type { RelayReport } from '../core/relay/batch.ts';
import type { GapNotice } from '../core/repair/heal.ts';

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
  return ({ published, expired, beforeEpoch, diverted, failed }) => {
    const counts = { published, expired, beforeEpoch, diverted, failed: failed.length };
    for (const [key, count] of Object.entries(counts) as [keyof typeof counts, number][]) {
      if (count > 0) metrics.addMetric(RELAY_METRICS[key], MetricUnit.Count, count);
    }
    metrics.publishStoredMetrics();
    if (diverted > 0 || failed.length > 0) logger.warn('not published', { ...counts, first: failed[0] });
  };
}

/** Counts what a repair function sets aside of dead letters, and logs what came of an operator's request and of gaps that don't heal. */
export function repairTelemetry(boundary: string) {
  const metrics = new Metrics({ namespace: METRIC_NAMESPACE, serviceName: boundary });
  const logger = new Logger({ serviceName: boundary });
  return {
    parked({ message, entity, version, reason }: SetAside): void {
      metrics.addMetric(OUTCOME_METRICS.parked, MetricUnit.Count, 1);
      metrics.publishStoredMetrics();
      logger.warn('parked', { messageId: message.messageId, entity, version, reason });
    },
    healed(notice: GapNotice, result: string): void {
      if (result === 'given up') logger.warn('gap given up', { ...notice });
    },
    operated(operation: string, result: object): void {
      logger.info('operated', { operation, ...result });
    },
    /** Of a message that nothing can be made of, or an entity that isn't there. */
    ignored(messageId: string, why: string): void {
      logger.warn('ignored', { messageId, why });
    },
  };
}
