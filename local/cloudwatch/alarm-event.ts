import type { Alarm } from './alarm-definition.ts';
import type { AlarmState } from './alarm-state.ts';
import type { MetricDataQuery } from './metric-data.ts';

/** The state of an alarm, with its reason and start. */
export interface StateOfAlarm {
  readonly value: AlarmState;
  readonly reason: string;
  readonly sinceMs: number;
}

/** The region and account of an alarm. */
export interface Place {
  readonly region: string;
  readonly accountId: string;
}

export function alarmArn(name: string, { region, accountId }: Place): string {
  return `arn:aws:cloudwatch:${region}:${accountId}:alarm:${name}`;
}

/** The event for a function that is an alarm's action (cw/alarms-and-actions-Lambda). */
export function alarmEvent(alarm: Alarm, state: StateOfAlarm, previous: StateOfAlarm, place: Place): object {
  return {
    source: 'aws.cloudwatch',
    alarmArn: alarmArn(alarm.name, place),
    accountId: place.accountId,
    time: timeOf(state.sinceMs),
    region: place.region,
    alarmData: {
      alarmName: alarm.name,
      state: stateOf(state),
      previousState: stateOf(previous),
      configuration: {
        ...(alarm.description !== undefined && { description: alarm.description }),
        ...(alarm.type === 'MetricAlarm' ? { metrics: alarm.queries.map(metricOf) } : { alarmRule: alarm.text }),
      },
    },
  };
}

function stateOf({ value, reason, sinceMs }: StateOfAlarm): object {
  return { value, reason, timestamp: timeOf(sinceMs) };
}

/** A time in CloudWatch's format, which ends with `+0000` instead of `Z`. */
function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '+0000');
}

function metricOf({
  Id: id,
  ReturnData: returnData,
  Expression: expression,
  Label,
  MetricStat,
}: MetricDataQuery): object {
  if (!MetricStat) return { id, expression, label: Label ?? id, returnData };
  const { Metric, Period: period, Stat: stat } = MetricStat;
  const dimensions = Object.fromEntries(Metric.Dimensions.map(({ Name, Value }) => [Name, Value]));
  const metric = { namespace: Metric.Namespace, name: Metric.MetricName, dimensions };
  return { id, metricStat: { metric, period, stat }, returnData };
}
