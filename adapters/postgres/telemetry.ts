import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { type Emitter, OUTBOX_METRICS } from '../../core/metrics.ts';
import { createMetrics } from '../aws/metrics.ts';
import type { OutboxBacklog } from './outbox.ts';

/** Emits what waits in an outbox. */
export function outboxTelemetry(owner: Emitter): (backlog: OutboxBacklog) => void {
  const metrics = createMetrics(owner);
  return ({ rows, ageSeconds }) => {
    metrics.addMetric(OUTBOX_METRICS.rows, MetricUnit.Count, rows);
    metrics.addMetric(OUTBOX_METRICS.age, MetricUnit.Seconds, ageSeconds);
    metrics.publishStoredMetrics();
  };
}
