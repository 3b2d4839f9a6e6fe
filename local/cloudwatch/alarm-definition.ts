import * as z from 'zod/mini';
import { type AlarmCondition, type AlarmState, COMPARISONS, type Comparison } from './alarm-state.ts';
import { whyNotWritten } from './aws-metrics.ts';
import { alarmNameOf, type CompositeRule, readCompositeRule } from './composite-rule.ts';
import { checkQueries, dimensionList, type MetricDataQuery, metricDataQuery } from './metric-data.ts';

const number = z.coerce.number();
const flag = z.union([z.boolean(), z.stringbool()]);

const common = {
  AlarmDescription: z.optional(z.string()),
  ActionsEnabled: z._default(flag, true),
  AlarmActions: z._default(z.array(z.string()), []),
  OKActions: z._default(z.array(z.string()), []),
  InsufficientDataActions: z._default(z.array(z.string()), []),
};

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html */
const metricAlarm = z.looseObject({
  ...common,
  ComparisonOperator: z.string(),
  EvaluationPeriods: number,
  DatapointsToAlarm: z.optional(number),
  Threshold: z.optional(number),
  TreatMissingData: z._default(z.enum(['missing', 'ignore', 'breaching', 'notBreaching']), 'missing'),
  Namespace: z.optional(z.string()),
  MetricName: z.optional(z.string()),
  Dimensions: z.optional(dimensionList),
  Period: z.optional(number),
  Statistic: z.optional(z.string()),
  ExtendedStatistic: z.optional(z.string()),
  Metrics: z.optional(z.array(metricDataQuery)),
});

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-compositealarm.html */
const compositeAlarm = z.looseObject({ ...common, AlarmRule: z.string(), ActionsSuppressor: z.optional(z.string()) });

interface Definition {
  readonly name: string;
  readonly description: string | undefined;
  readonly actionsEnabled: boolean;
  /** The ARNs of the actions, by the state that triggers them. */
  readonly actions: Readonly<Record<AlarmState, readonly string[]>>;
  /** The template's properties, which have the API's names. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** Why the alarm can't be evaluated locally; undefined if it can. */
  readonly problem: string | undefined;
}

/** An alarm on a metric, or on an expression over metrics. */
export interface MetricAlarm extends Definition {
  readonly type: 'MetricAlarm';
  readonly queries: readonly MetricDataQuery[];
  readonly periodSeconds: number;
  readonly condition: AlarmCondition;
}

/** An alarm on the states of other alarms. */
export interface CompositeAlarm extends Definition {
  readonly type: 'CompositeAlarm';
  readonly text: string;
  readonly rule: CompositeRule;
  readonly suppressor: string | undefined;
}

export type Alarm = MetricAlarm | CompositeAlarm;

/** Reads the properties of an AWS::CloudWatch::Alarm. Throws for properties that CloudFormation refuses. */
export function readMetricAlarm(name: string, properties: unknown): MetricAlarm {
  const given = metricAlarm.parse(properties);
  const queries = queriesOf(given);
  const periods = queries.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Period] : []));
  const comparison = given.ComparisonOperator as Comparison;
  return {
    ...definition(name, given),
    type: 'MetricAlarm',
    queries,
    periodSeconds: periods[0] ?? 60,
    condition: {
      comparison,
      threshold: given.Threshold ?? Number.NaN,
      evaluationPeriods: given.EvaluationPeriods,
      datapointsToAlarm: given.DatapointsToAlarm ?? given.EvaluationPeriods,
      missingData: given.TreatMissingData,
    },
    problem: problemOf(given, queries, new Set(periods).size),
  };
}

/** Reads the properties of an AWS::CloudWatch::CompositeAlarm. */
export function readCompositeAlarm(name: string, properties: unknown): CompositeAlarm {
  const given = compositeAlarm.parse(properties);
  const { AlarmRule: text, ActionsSuppressor: suppressor } = given;
  const rule = readCompositeRule(text);
  return { ...definition(name, given), type: 'CompositeAlarm', text, rule, suppressor, problem: undefined };
}

function definition(name: string, given: z.infer<typeof compositeAlarm> | z.infer<typeof metricAlarm>): Definition {
  return {
    name,
    description: given.AlarmDescription,
    actionsEnabled: given.ActionsEnabled,
    actions: { ALARM: given.AlarmActions, OK: given.OKActions, INSUFFICIENT_DATA: given.InsufficientDataActions },
    properties: given,
    problem: undefined,
  };
}

function queriesOf(given: z.infer<typeof metricAlarm>): readonly MetricDataQuery[] {
  if (given.Metrics) return given.Metrics;
  const { Namespace, MetricName, Dimensions = [], Period, Statistic, ExtendedStatistic } = given;
  const Stat = Statistic ?? ExtendedStatistic;
  if (Namespace === undefined || MetricName === undefined || Period === undefined || Stat === undefined)
    throw new Error('an alarm needs Metrics, or Namespace, MetricName, Period and Statistic or ExtendedStatistic');
  return [{ Id: 'm1', ReturnData: true, MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period, Stat } }];
}

function problemOf(
  given: z.infer<typeof metricAlarm>,
  queries: readonly MetricDataQuery[],
  periods: number,
): string | undefined {
  if (!Object.hasOwn(COMPARISONS, given.ComparisonOperator) || given.Threshold === undefined)
    return `anomaly detection (${given.ComparisonOperator}) is not emulated`;
  try {
    checkQueries(queries);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (periods > 1) return 'its metrics have different periods';
  if (queries.filter(({ ReturnData }) => ReturnData).length !== 1) return 'exactly one query must return data';
  for (const { MetricStat: stat } of queries) {
    const why = stat && whyNotWritten(stat.Metric.Namespace, stat.Metric.MetricName);
    if (why !== undefined) return why;
  }
  return undefined;
}

/** The name of the function that an action invokes; undefined for other actions. */
export function functionOfAction(arn: string): string | undefined {
  return /^arn:[^:]*:lambda:[^:]*:[^:]*:function:([^:]+)/.exec(arn)?.[1];
}

/** The parts of an alarm that aren't emulated: actions that don't invoke a function, and the actions suppressor. */
export function notEmulatedOf(alarm: Alarm): string[] {
  const { ALARM, OK, INSUFFICIENT_DATA } = alarm.actions;
  const actions = [...ALARM, ...OK, ...INSUFFICIENT_DATA].filter((arn) => functionOfAction(arn) === undefined);
  const suppressor = alarm.type === 'CompositeAlarm' ? alarm.suppressor : undefined;
  return [...new Set(actions), ...(suppressor === undefined ? [] : [`ActionsSuppressor ${alarmNameOf(suppressor)}`])];
}
