import {
  Alarm,
  type AlarmBase,
  AlarmRule,
  ComparisonOperator,
  CompositeAlarm,
  type IAlarmAction,
  type IMetric,
  type TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';

/**
 * `page`: wakes somebody, because data is or soon will be wrong, refused or lost. `ticket`: can wait for working
 * hours.
 */
export type Severity = 'page' | 'ticket';

/** The text of an alarm, common to all kinds. */
export interface AlarmText {
  readonly severity: Severity;
  /** What is wrong, in one sentence for somebody who knows nothing about it yet. */
  readonly sentence: string;
}

/**
 * An alarm as data. Its kind is the key under which it is listed; the alarm and its runbook entry are named after its
 * kind.
 */
export interface MetricAlarm extends AlarmText {
  readonly metric: IMetric;
  /** A datapoint (one minute) counts when its value is above this threshold. */
  readonly above: number;
  /**
   * The number of datapoints that must count, and the number of datapoints that are evaluated. If the metric fills
   * gaps, the first number is smaller than the second: the newest minute often has no value yet, and its filled value
   * must not decide (cloudwatch/using-metric-math, FILL).
   */
  readonly datapoints: readonly [number, number];
  /** How to treat a minute without a value. */
  readonly missing: TreatMissingData;
}

/** An alarm on the states of other alarms. */
export interface CombinedAlarm extends AlarmText {
  /** `ALARM("name")`, joined by AND, OR and NOT. */
  readonly rule: string;
}

/** Where alarms are sent, and where they are explained. */
export interface AlarmSettings {
  /** Receives every raised alarm, and for pages also the end of the alarm. */
  readonly notify: IAlarmAction;
  readonly runbookUrl: string;
}

/** Creates an alarm. @param actions to run when it is raised, in addition to the notification */
export function createAlarm(
  scope: Construct,
  kind: string,
  alarmName: string,
  spec: MetricAlarm,
  settings: AlarmSettings,
  actions: readonly IAlarmAction[] = [],
): Alarm {
  const { metric, above, missing } = spec;
  const [datapointsToAlarm, evaluationPeriods] = spec.datapoints;
  const alarm = new Alarm(scope, kind, {
    alarmName,
    alarmDescription: description(kind, spec, settings),
    metric,
    threshold: above,
    comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    datapointsToAlarm,
    evaluationPeriods,
    treatMissingData: missing,
  });
  return withActions(alarm, spec, settings, actions);
}

/**
 * Creates an alarm on the states of other alarms.
 *
 * @param actions to run when it is raised, in addition to the notification
 */
export function createCombinedAlarm(
  scope: Construct,
  kind: string,
  compositeAlarmName: string,
  spec: CombinedAlarm,
  settings: AlarmSettings,
  actions: readonly IAlarmAction[],
): CompositeAlarm {
  const alarmDescription = description(kind, spec, settings);
  const alarmRule = AlarmRule.fromString(spec.rule);
  const alarm = new CompositeAlarm(scope, kind, { compositeAlarmName, alarmDescription, alarmRule });
  return withActions(alarm, spec, settings, actions);
}

function description(kind: string, { severity, sentence }: AlarmText, { runbookUrl }: AlarmSettings): string {
  return `[${severity}] ${sentence} Runbook: ${runbookUrl}#${kind}`;
}

function withActions<A extends AlarmBase>(
  alarm: A,
  { severity }: AlarmText,
  { notify }: AlarmSettings,
  actions: readonly IAlarmAction[],
): A {
  alarm.addAlarmAction(notify, ...actions);
  if (severity === 'page') alarm.addOkAction(notify);
  return alarm;
}
