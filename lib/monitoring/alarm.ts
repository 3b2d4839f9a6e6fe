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

/** `page`: somebody is woken, since data is or soon will be wrong, refused or lost · `ticket`: it can wait for working hours. */
export type Severity = 'page' | 'ticket';

/** What an alarm says, whatever it looks at. */
export interface AlarmText {
  readonly severity: Severity;
  /** What is wrong, in one sentence, for somebody who knows nothing yet. */
  readonly sentence: string;
}

/** An alarm as data. Its kind, the key that it is listed under, names it and is the heading of its entry in the runbook. */
export interface MetricAlarm extends AlarmText {
  readonly metric: IMetric;
  /** A datapoint, of one minute, counts when it is above. */
  readonly above: number;
  /**
   * How many of how many datapoints count. Where the metric fills gaps, fewer than all of them: the newest minute often has no value yet, and
   * what fills it must not decide (cloudwatch/using-metric-math, FILL).
   */
  readonly datapoints: readonly [number, number];
  /** What a minute without a value means. */
  readonly missing: TreatMissingData;
}

/** An alarm on the states of others. */
export interface CombinedAlarm extends AlarmText {
  /** `ALARM("name")`, joined by AND, OR and NOT. */
  readonly rule: string;
}

/** Whom alarms tell and where they are explained. */
export interface AlarmSettings {
  /** Sent what is raised, and of pages also that they are over. */
  readonly notify: IAlarmAction;
  readonly runbookUrl: string;
}

/** Creates an alarm. @param actions beside the notification, when it is raised */
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

/** Creates an alarm on others. @param actions beside the notification, when it is raised */
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
