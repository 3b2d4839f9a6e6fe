import type { MetricAlarm } from './alarm-definition.ts';
import { type AlarmCondition, type AlarmState, evaluationRange, reasonOf, stateOf } from './alarm-state.ts';
import { metricData } from './metric-data.ts';
import type { MetricStore } from './metric-store.ts';

/** The metrics of an evaluation, and the length of a minute of a period. */
export interface EvaluationContext {
  readonly metrics: MetricStore;
  readonly minuteMs: number;
}

/** The local length of a period. It is a whole number of seconds, because metrics are recorded by the second. */
export function scaledPeriodMs(periodSeconds: number, minuteMs: number): number {
  return Math.max(1, Math.round((periodSeconds * minuteMs) / 60_000)) * 1000;
}

/**
 * Evaluates an alarm on the periods that end at `endMs`. Returns undefined if the state doesn't change.
 * @param createdMs when the recording of metrics began
 */
export function evaluateMetric(
  alarm: MetricAlarm,
  endMs: number,
  createdMs: number,
  { metrics, minuteMs }: EvaluationContext,
): { readonly state: AlarmState; readonly reason: string } | undefined {
  const periodMs = scaledPeriodMs(alarm.periodSeconds, minuteMs);
  const condition = conditionAt(alarm.condition, endMs, createdMs, periodMs);
  const startMs = endMs - evaluationRange(condition) * periodMs;
  const starts = Array.from({ length: evaluationRange(condition) }, (_, index) => startMs + index * periodMs);
  const scale = (seconds: number) => scaledPeriodMs(seconds, minuteMs);
  try {
    const results = metricData(alarm.queries, metrics, { startOf: () => startMs, endMs, scale });
    const series = results.flatMap((result) => result.series);
    const [only] = series;
    if (!only || series.length > 1) throw new Error(`its expression returns ${series.length} time series, not one`);
    const range = starts.map((atMs) => only.points.get(atMs));
    const state = stateOf(range, condition);
    return state && { state, reason: reasonOf(range, starts, condition, state) };
  } catch (error) {
    return { state: 'INSUFFICIENT_DATA', reason: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Nothing was measured before the local cloud started. So missing data isn't treated as breaching while the evaluated
 * periods reach back to the time before the start.
 */
function conditionAt(condition: AlarmCondition, endMs: number, createdMs: number, periodMs: number): AlarmCondition {
  const isYoung = endMs - condition.evaluationPeriods * periodMs < createdMs;
  return isYoung && condition.missingData === 'breaching' ? { ...condition, missingData: 'missing' } : condition;
}
