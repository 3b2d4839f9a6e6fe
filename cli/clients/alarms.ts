import {
  type CloudWatchClient,
  type CompositeAlarm,
  type Metric,
  type MetricAlarm,
  paginateDescribeAlarms,
} from '@aws-sdk/client-cloudwatch';

/** One dimension of a metric that an alarm watches. */
export interface AlarmDimension {
  readonly namespace: string;
  readonly name: string;
  readonly value: string;
}

/** An alarm in the state ALARM. */
export interface RaisedAlarm {
  readonly name: string;
  readonly description: string;
  /** When the alarm was raised, epoch milliseconds; undefined if CloudWatch doesn't return it. */
  readonly sinceMs: number | undefined;
  /** The dimensions of all metrics that the alarm watches; empty for a composite alarm. */
  readonly dimensions: readonly AlarmDimension[];
  /** The rule of a composite alarm, with the names of other alarms in double quotes; empty for a metric alarm. */
  readonly rule: string;
}

/** All alarms of the account and region in the state ALARM, composite alarms first. */
export async function raisedAlarms(client: CloudWatchClient): Promise<RaisedAlarm[]> {
  const combined: RaisedAlarm[] = [];
  const plain: RaisedAlarm[] = [];
  const pages = paginateDescribeAlarms(
    { client },
    { StateValue: 'ALARM', AlarmTypes: ['CompositeAlarm', 'MetricAlarm'] },
  );
  for await (const { CompositeAlarms = [], MetricAlarms = [] } of pages) {
    for (const alarm of CompositeAlarms) {
      combined.push({ ...common(alarm), dimensions: [], rule: alarm.AlarmRule ?? '' });
    }
    for (const alarm of MetricAlarms) {
      plain.push({ ...common(alarm), dimensions: metricsOf(alarm).flatMap(dimensionsOf), rule: '' });
    }
  }
  return [...combined, ...plain];
}

function common(alarm: CompositeAlarm | MetricAlarm) {
  const { AlarmName: name = '', AlarmDescription: description = '' } = alarm;
  const since = alarm.StateTransitionedTimestamp ?? alarm.StateUpdatedTimestamp;
  return { name, description, sinceMs: since?.getTime() };
}

/** The metric of an alarm, or the metrics of its expression. */
function metricsOf({ Namespace, Dimensions, Metrics = [] }: MetricAlarm): Metric[] {
  const own = Namespace === undefined ? [] : [{ Namespace, Dimensions }];
  return [...own, ...Metrics.flatMap(({ MetricStat }) => MetricStat?.Metric ?? [])];
}

function dimensionsOf({ Namespace = '', Dimensions = [] }: Metric): AlarmDimension[] {
  return Dimensions.map(({ Name = '', Value = '' }) => ({ namespace: Namespace, name: Name, value: Value }));
}
