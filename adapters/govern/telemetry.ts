import { Logger } from '@aws-lambda-powertools/logger';
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { FLOW_STATES, type FlowState } from '../../core/govern/decide.ts';
import type { Governed } from '../../core/govern/govern.ts';
import { utilisation } from '../../core/govern/measure.ts';
import type { CacheLag, CacheReport } from '../../core/govern/report.ts';
import { ASKED_AGAIN_METRIC, type Emitter, GOVERNOR_METRICS, REPORT_METRICS } from '../../core/metrics.ts';
import { createMetrics } from '../aws/metrics.ts';

/** Retention of a table's stream (ddb/Streams, 2026-11-23). */
const STREAM_RETENTION_SECONDS = 24 * 3600;

/** Emits a cache's report and lag as metrics. */
export function reportTelemetry(cache: Emitter) {
  const metrics = createMetrics(cache);
  const logger = new Logger({ serviceName: cache.name });
  return {
    reported(report: Omit<CacheReport, 'share'>, { stalenessSeconds, stalestType, parked }: CacheLag): void {
      const gauge = (
        metric: string,
        unit: (typeof MetricUnit)[keyof typeof MetricUnit],
        value: number | null | undefined,
      ) => {
        if (value != null) metrics.addMetric(metric, unit, value);
      };
      gauge(REPORT_METRICS.backlog, MetricUnit.Count, report.backlog);
      // Without the queue's metrics, the report has bounds instead of measured values.
      if (!report.isUnmeasured) {
        const used = utilisation(report);
        gauge(REPORT_METRICS.productionRate, MetricUnit.CountPerSecond, report.productionRate);
        gauge(REPORT_METRICS.consumptionRate, MetricUnit.CountPerSecond, report.consumptionRate);
        gauge(REPORT_METRICS.utilisation, MetricUnit.Percent, used === undefined ? undefined : used * 100);
        gauge(REPORT_METRICS.drainTime, MetricUnit.Seconds, report.drainSeconds);
        gauge(REPORT_METRICS.oldestAge, MetricUnit.Seconds, report.oldestAgeSeconds);
      }
      gauge(REPORT_METRICS.staleness, MetricUnit.Seconds, stalenessSeconds);
      gauge(REPORT_METRICS.parked, MetricUnit.Count, parked);
      if (stalestType !== undefined) metrics.addMetadata('stalestType', stalestType);
      metrics.publishStoredMetrics();
    },
    /** @param askedAgain how often an owner was asked again for a page that doesn't come */
    tended(askedAgain: number): void {
      if (askedAgain === 0) return;
      metrics.addMetric(ASKED_AGAIN_METRIC, MetricUnit.Count, askedAgain);
      metrics.publishStoredMetrics();
    },
    /** Logs that the queue's metrics couldn't be read, so that the report lacks them. */
    unmeasured(error: unknown): undefined {
      logger.warn('queue not measured', { cause: error instanceof Error ? error.name : 'unknown' });
    },
    /** Logs that a report couldn't be sent to an owner, which then counts it as missing. */
    untold(owner: string, error: unknown): void {
      logger.warn('owner not told', { owner, cause: error instanceof Error ? error.name : 'unknown' });
    },
  };
}

/** Emits a governor's decision as metrics and logs each change of the flow state. */
export function governorTelemetry(owner: Emitter) {
  const metrics = createMetrics(owner);
  const logger = new Logger({ serviceName: owner.name });
  let before: FlowState | undefined;
  return {
    governed({ decision, stream }: Governed): void {
      const { state, pacePerSecond, missing, cause } = decision;
      metrics.addMetric(GOVERNOR_METRICS.flowState, MetricUnit.NoUnit, FLOW_STATES.indexOf(state));
      if (pacePerSecond !== undefined) {
        metrics.addMetric(GOVERNOR_METRICS.pace, MetricUnit.CountPerSecond, pacePerSecond);
      }
      metrics.addMetric(GOVERNOR_METRICS.reportsMissing, MetricUnit.Count, missing.length);
      if (!stream.isUnmeasured) {
        metrics.addMetric(GOVERNOR_METRICS.streamBacklog, MetricUnit.Count, stream.records);
        const used = (stream.ageSeconds / STREAM_RETENTION_SECONDS) * 100;
        metrics.addMetric(GOVERNOR_METRICS.streamUse, MetricUnit.Percent, used);
      }
      metrics.publishStoredMetrics();
      if (before !== undefined && before !== state) logger.warn('flow state', { from: before, to: state, ...cause });
      if (missing.length > 0) logger.warn('reports missing', { caches: missing });
      before = state;
    },
    ignored(messageId: string, why: string): void {
      logger.warn('ignored', { messageId, why });
    },
    /** Logs that the relay's metrics couldn't be read, so that the records in the stream aren't known. */
    unmeasured(error: unknown): 'unread' {
      logger.warn('stream not measured', { cause: error instanceof Error ? error.name : 'unknown' });
      return 'unread';
    },
  };
}
