/** Where an alarm stands (cw/AlarmThatSendsEmail). */
export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/** The four comparisons with a fixed threshold, as text and as a test. */
export const COMPARISONS = {
  GreaterThanThreshold: ['greater than', (value: number, threshold: number) => value > threshold],
  GreaterThanOrEqualToThreshold: ['greater than or equal to', (value: number, threshold: number) => value >= threshold],
  LessThanThreshold: ['less than', (value: number, threshold: number) => value < threshold],
  LessThanOrEqualToThreshold: ['less than or equal to', (value: number, threshold: number) => value <= threshold],
} as const;

export type Comparison = keyof typeof COMPARISONS;
export type MissingData = 'missing' | 'ignore' | 'breaching' | 'notBreaching';

/** When an alarm goes off: M of the last N datapoints. */
export interface AlarmCondition {
  readonly comparison: Comparison;
  readonly threshold: number;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly missingData: MissingData;
}

/**
 * How many periods are looked at: more than are evaluated, so that datapoints which are there stand in for missing ones. AWS shows five
 * for three evaluation periods and names no number otherwise (cw/alarms-and-missing-data).
 */
export function evaluationRange({ evaluationPeriods }: AlarmCondition): number {
  return evaluationPeriods + 2;
}

/**
 * The state that follows from datapoints, oldest first, undefined where one is missing; undefined if the state stays as it is
 * (cw/alarms-and-missing-data).
 */
export function stateOf(range: readonly (number | undefined)[], condition: AlarmCondition): AlarmState | undefined {
  const { comparison, threshold, evaluationPeriods, datapointsToAlarm, missingData } = condition;
  const breaches = (value: number): boolean => COMPARISONS[comparison][1](value, threshold);
  const existing = range.filter((value) => value !== undefined);
  const isEnough = existing.length >= evaluationPeriods;
  // With enough datapoints the missing ones do not matter.
  const evaluated = isEnough ? existing.slice(-evaluationPeriods) : existing;
  const breaching = evaluated.filter(breaches).length;
  const missing = evaluationPeriods - evaluated.length;
  if (breaching >= datapointsToAlarm) return 'ALARM';
  if (isEnough || missingData === 'notBreaching') return 'OK';
  if (missingData === 'breaching') return breaching + missing >= datapointsToAlarm ? 'ALARM' : 'OK';
  if (breaching < existing.length) return 'OK';
  if (missingData === 'ignore') return undefined;
  // All that is there breaches: an alarm if that has lasted long enough, not a moment after the first one.
  const oldest = range.findIndex((value) => value !== undefined);
  return oldest !== -1 && range.length - oldest >= datapointsToAlarm ? 'ALARM' : 'INSUFFICIENT_DATA';
}

/** Why a state was entered, in AWS's words. @param periodStartsMs the beginnings of the periods, as many as datapoints */
export function reasonOf(
  range: readonly (number | undefined)[],
  periodStartsMs: readonly number[],
  condition: AlarmCondition,
  state: AlarmState,
): string {
  const { comparison, threshold, evaluationPeriods, datapointsToAlarm } = condition;
  const existing = range.flatMap((value, index) =>
    value === undefined ? [] : [{ value, atMs: periodStartsMs[index] ?? 0 }],
  );
  const shown = existing.slice(-evaluationPeriods).reverse();
  if (state === 'INSUFFICIENT_DATA') return 'Insufficient Data: no datapoints were received, or too few to decide.';
  if (shown.length === 0)
    return `Threshold Crossed: no datapoints were received for ${evaluationPeriods} periods; they were treated as [${condition.missingData}].`;
  const datapoints = shown.map(({ value, atMs }) => `${value} (${new Date(atMs).toISOString()})`).join(', ');
  const [words, breaches] = COMPARISONS[comparison];
  const counted = shown.filter(({ value }) => breaches(value, threshold) === (state === 'ALARM')).length;
  const wanted = state === 'ALARM' ? datapointsToAlarm : evaluationPeriods - datapointsToAlarm + 1;
  const missing = Math.max(0, evaluationPeriods - shown.length);
  const noData = missing > 0 ? ` ${missing} missing datapoints were treated as [${condition.missingData}].` : '';
  const not = state === 'ALARM' ? '' : 'not ';
  return (
    `Threshold Crossed: ${counted} out of the last ${shown.length} datapoints [${datapoints}] were ${not}${words} the threshold ` +
    `(${threshold}) (minimum ${wanted} datapoints for a transition to ${state}).${noData}`
  );
}
