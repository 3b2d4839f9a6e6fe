import { Logger } from '@aws-lambda-powertools/logger';
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import type { AdoptReport } from '../../core/adopt/adopt.ts';
import type { Slice } from '../../core/adopt/survey.ts';
import { ADOPT_METRICS, type Emitter, SURVEY_METRICS } from '../../core/metrics.ts';
import { causeOf } from '../../core/retries.ts';
import { createMetrics } from '../aws/metrics.ts';
import type { Watched } from './vouching.ts';

/** Emits an adopter's metrics as EMF. Records that were set aside or failed are logged as counts only. */
export function adoptTelemetry(owner: Emitter): (report: AdoptReport, nowMs: number) => void {
  const metrics = createMetrics(owner);
  const logger = new Logger({ serviceName: owner.name });
  return ({ committed, unchanged, expired, setAside, failed, cause, oldestAtMs }, nowMs) => {
    const counts = { committed, unchanged, expired, setAside, failed: failed.length };
    for (const [key, count] of Object.entries(counts) as [keyof typeof counts, number][]) {
      if (count > 0) metrics.addMetric(ADOPT_METRICS[key], MetricUnit.Count, count);
    }
    if (oldestAtMs !== undefined) {
      metrics.addMetric(ADOPT_METRICS.delay, MetricUnit.Milliseconds, Math.max(0, nowMs - oldestAtMs));
    }
    metrics.publishStoredMetrics();
    if (setAside > 0 || failed.length > 0) {
      const why = cause === undefined ? {} : { cause: causeOf(cause) };
      logger.warn('not adopted', { ...counts, first: failed[0], ...why });
    }
  };
}

/** Emits the metrics of a slice of a survey, and logs the survey's result when it has ended. */
export function surveyTelemetry(owner: Emitter): (slice: Slice) => void {
  const metrics = createMetrics(owner);
  const logger = new Logger({ serviceName: owner.name });
  return ({ note, found }) => {
    metrics.addMetric(SURVEY_METRICS.compared, MetricUnit.Count, found.compared);
    // The first survey copies the whole table, so its changes say nothing about the stream.
    const mended = found.mended + found.deleted;
    if (mended > 0 && !note.isFirst) metrics.addMetric(SURVEY_METRICS.mended, MetricUnit.Count, mended);
    if (found.refused > 0) metrics.addMetric(SURVEY_METRICS.refused, MetricUnit.Count, found.refused);
    metrics.publishStoredMetrics();
    const { startedAtMs, endedAtMs, compared, deleted, refused } = note;
    const result = { startedAtMs, endedAtMs, compared, mended: note.mended, deleted, refused };
    if (endedAtMs !== undefined) logger.info('survey', result);
  };
}

/** Emits whether the adopter reads the stream, and whether a survey is overdue. */
export function watchTelemetry(owner: Emitter): (watched: Watched) => void {
  const metrics = createMetrics(owner);
  return ({ isStopped, isOverdue }) => {
    metrics.addMetric(SURVEY_METRICS.stopped, MetricUnit.Count, isStopped ? 1 : 0);
    metrics.addMetric(SURVEY_METRICS.overdue, MetricUnit.Count, isOverdue ? 1 : 0);
    metrics.publishStoredMetrics();
  };
}
