/** The states of an alarm (cw/AlarmThatSendsEmail). */
export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/** The four comparisons with a fixed threshold: the words for the alarm's reason, and the test. */
export const COMPARISONS = {
  GreaterThanThreshold: ['greater than', (value: number, threshold: number) => value > threshold],
  GreaterThanOrEqualToThreshold: ['greater than or equal to', (value: number, threshold: number) => value >= threshold],
  LessThanThreshold: ['less than', (value: number, threshold: number) => value < threshold],
  LessThanOrEqualToThreshold: ['less than or equal to', (value: number, threshold: number) => value <= threshold],
} as const;

export type Comparison = keyof typeof COMPARISONS;
export type MissingData = 'missing' | 'ignore' | 'breaching' | 'notBreaching';

/** When an alarm goes off: `datapointsToAlarm` of the last `evaluationPeriods` datapoints breach the threshold. */
export interface AlarmCondition {
  readonly comparison: Comparison;
  readonly threshold: number;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly missingData: MissingData;
}

/**
 * The number of periods to read. It is higher than the number of evaluation periods, so that older datapoints replace
 * missing ones. AWS's example reads five periods for three evaluation periods. AWS documents no general number
 * (cw/alarms-and-missing-data).
 */
export function evaluationRange({ evaluationPeriods }: AlarmCondition): number {
  return evaluationPeriods + 2;
}

/**
 * The new state of an alarm; undefined if the state doesn't change (cw/alarms-and-missing-data).
 * @param range the datapoints, oldest first, with undefined for a missing one
 */
export function stateOf(range: readonly (number | undefined)[], condition: AlarmCondition): AlarmState | undefined {
  const { comparison, threshold, evaluationPeriods, datapointsToAlarm, missingData } = condition;
  const breaches = (value: number): boolean => COMPARISONS[comparison][1](value, threshold);
  const existing = range.filter((value) => value !== undefined);
  const isEnough = existing.length >= evaluationPeriods;
  // If there are enough datapoints, missing ones don't count.
  const evaluated = isEnough ? existing.slice(-evaluationPeriods) : existing;
  const breaching = evaluated.filter(breaches).length;
  const missing = evaluationPeriods - evaluated.length;
  if (breaching >= datapointsToAlarm) return 'ALARM';
  if (isEnough || missingData === 'notBreaching') return 'OK';
  if (missingData === 'breaching') return breaching + missing >= datapointsToAlarm ? 'ALARM' : 'OK';
  if (breaching < existing.length) return 'OK';
  if (missingData === 'ignore') return undefined;
  // All existing datapoints breach. The alarm goes off only if the first of them is old enough.
  const oldest = range.findIndex((value) => value !== undefined);
  return oldest !== -1 && range.length - oldest >= datapointsToAlarm ? 'ALARM' : 'INSUFFICIENT_DATA';
}

/** The reason for a new state, in AWS's words. @param periodStartsMs the start of each period in `range` */
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
