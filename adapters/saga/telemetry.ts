import { Logger } from '@aws-lambda-powertools/logger';
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { type Emitter, SAGA_METRICS } from '../../core/metrics.ts';
import { causeOf } from '../../core/retries.ts';
import type { SagaResult } from '../../core/saga/handle.ts';
import type { SagaOutcome } from '../../core/saga/step.ts';
import { createMetrics } from '../aws/metrics.ts';
import type { SagaEffect } from './items.ts';

/**
 * Outcomes that an operator may have to investigate. `after-cancellation` isn't one, because facts of a cancelled order
 * keep arriving.
 */
const LOGGED: readonly SagaOutcome[] = ['cancelled-late', 'repeated', 'overdue'];

/**
 * Emits the outcome of each fact as a metric, and logs outcomes to investigate. `factTelemetry` reports failed and
 * parked facts.
 */
export function sagaTelemetry(saga: Emitter): (result: SagaResult) => void {
  const metrics = createMetrics(saga);
  const logger = new Logger({ serviceName: saga.name });
  return ({ key, outcome, effects }) => {
    metrics.addMetric(SAGA_METRICS[outcome], MetricUnit.Count, 1);
    metrics.publishStoredMetrics();
    if (LOGGED.includes(outcome)) logger.warn(outcome, { key, effects });
  };
}

/**
 * Logs an effect that failed. It logs only the error's name, because the message of a handler's error may quote private
 * data.
 */
export function logFailedEffect({ saga, name, key }: SagaEffect, error: unknown): void {
  new Logger({ serviceName: saga }).warn('effect failed', { effect: name, key, cause: causeOf(error) });
}

/** Logs an effect without a handler: its name is misspelt, or its handler is missing. */
export function logUnhandledEffect({ saga, name, key }: SagaEffect): void {
  new Logger({ serviceName: saga }).warn('effect has no handler', { effect: name, key });
}
