import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRIC_NAMESPACE, SAGA_METRICS } from '../../core/metrics.ts';
import { causeOf } from '../../core/retries.ts';
import type { SagaResult } from '../../core/saga/handle.ts';
import type { SagaOutcome } from '../../core/saga/step.ts';
import type { SagaEffect } from './items.ts';

/** Outcomes that somebody may have to look into. What comes after a cancellation is none: the facts of an order that is cancelled go on coming. */
const LOGGED: readonly SagaOutcome[] = ['cancelled-late', 'repeated', 'overdue'];

/** Emits what became of each fact as EMF, and a log line where somebody may have to look into it. What fails or is parked `factTelemetry` tells. */
export function sagaTelemetry(saga: string): (result: SagaResult) => void {
  const metrics = new Metrics({ namespace: METRIC_NAMESPACE, serviceName: saga });
  const logger = new Logger({ serviceName: saga });
  return ({ key, outcome, effects }) => {
    metrics.addMetric(SAGA_METRICS[outcome], MetricUnit.Count, 1);
    metrics.publishStoredMetrics();
    if (LOGGED.includes(outcome)) logger.warn(outcome, { key, effects });
  };
}

/** Logs an effect that wasn't carried out. Of the error it says the name alone: what a handler's errors quote isn't known here. */
export function logFailedEffect({ saga, name, key }: SagaEffect, error: unknown): void {
  new Logger({ serviceName: saga }).warn('effect failed', { effect: name, key, cause: causeOf(error) });
}

/** Logs an effect that nobody carries out: a name that is misspelt, or a handler that was forgotten. */
export function logLeftEffect({ saga, name, key }: SagaEffect): void {
  new Logger({ serviceName: saga }).warn('nobody carries it out', { effect: name, key });
}
