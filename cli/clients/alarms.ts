import {
  type CloudWatchClient,
  type CompositeAlarm,
  type Metric,
  type MetricAlarm,
  paginateDescribeAlarms,
} from '@aws-sdk/client-cloudwatch';

/** One dimension of a metric that an alarm looks at. */
export interface AlarmDimension {
  readonly namespace: string;
  readonly name: string;
  readonly value: string;
}

/** An alarm that is in ALARM. */
export interface RaisedAlarm {
  readonly name: string;
  readonly description: string;
  /** When it came into ALARM, epoch milliseconds; undefined where that isn't told. */
  readonly sinceMs: number | undefined;
  /** Of all metrics that it looks at; none of an alarm on others. */
  readonly dimensions: readonly AlarmDimension[];
  /** Of an alarm on others: what it says of them, with their names in double quotes; else empty. */
  readonly rule: string;
}

/** All alarms of the account and region that are in ALARM, those on others first. */
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

/** The one metric of a plain alarm, or those that an expression is made of. */
function metricsOf({ Namespace, Dimensions, Metrics = [] }: MetricAlarm): Metric[] {
  const own = Namespace === undefined ? [] : [{ Namespace, Dimensions }];
  return [...own, ...Metrics.flatMap(({ MetricStat }) => MetricStat?.Metric ?? [])];
}

function dimensionsOf({ Namespace = '', Dimensions = [] }: Metric): AlarmDimension[] {
  return Dimensions.map(({ Name = '', Value = '' }) => ({ namespace: Namespace, name: Name, value: Value }));
}
