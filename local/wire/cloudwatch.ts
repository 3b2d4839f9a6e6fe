import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import type { AlarmStatus } from '../cloudwatch/alarms.ts';
import type { CloudWatch } from '../cloudwatch/cloudwatch.ts';
import { CloudWatchError, invalid } from '../cloudwatch/errors.ts';
import { checkQueries, metricData, metricDataQuery } from '../cloudwatch/metric-data.ts';
import type { Answer } from './errors.ts';

/** What CloudWatch's operations read. */
export type Watched = Pick<CloudWatch, 'alarms' | 'insightRules' | 'metrics' | 'now'>;

/** Precedes the operation in the header `X-Amz-Target`. */
export const CLOUDWATCH_TARGET = 'GraniteServiceVersion20100801';

/** Maximum number of datapoints in one answer (cloudwatch/latest/APIReference/API_GetMetricData). */
const MAX_DATAPOINTS = 100_800;
const MAX_QUERIES = 500;
const MAX_CONTRIBUTORS = 100;

/** Seconds since the epoch in AWS JSON. */
const timestamp = z.number();
const getMetricData = z.object({
  MetricDataQueries: z.array(metricDataQuery).check(z.minLength(1), z.maxLength(MAX_QUERIES)),
  StartTime: timestamp,
  EndTime: timestamp,
  ScanBy: z._default(z.enum(['TimestampDescending', 'TimestampAscending']), 'TimestampDescending'),
});
const describeAlarms = z.object({
  AlarmNames: z.optional(z.array(z.string())),
  AlarmNamePrefix: z.optional(z.string()),
  AlarmTypes: z._default(z.array(z.enum(['MetricAlarm', 'CompositeAlarm'])), ['MetricAlarm']),
  StateValue: z.optional(z.enum(['OK', 'ALARM', 'INSUFFICIENT_DATA'])),
  ChildrenOfAlarmName: z.optional(z.undefined('ChildrenOfAlarmName is not emulated')),
  ParentsOfAlarmName: z.optional(z.undefined('ParentsOfAlarmName is not emulated')),
  ActionPrefix: z.optional(z.undefined('ActionPrefix is not emulated')),
});
const getInsightRuleReport = z.object({
  RuleName: z.string(),
  StartTime: timestamp,
  EndTime: timestamp,
  Period: z.int().check(z.positive()),
  MaxContributorCount: z._default(z.int().check(z.minimum(1), z.maximum(MAX_CONTRIBUTORS)), 10),
  OrderBy: z._default(z.literal('Sum', 'Only OrderBy Sum is emulated'), 'Sum'),
});

type Operation = (watched: Watched, input: unknown) => object;

/** The emulated CloudWatch operations (cloudwatch/latest/APIReference). */
const OPERATIONS: Readonly<Record<string, Operation>> = { GetMetricData, DescribeAlarms, GetInsightRuleReport };

/** Answers a request to CloudWatch in AWS JSON 1.0. Never throws. */
export function answerCloudWatch(operation: string, body: string, watched: Watched): Answer {
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': randomUUID() };
  try {
    const run = Object.hasOwn(OPERATIONS, operation) ? OPERATIONS[operation] : undefined;
    if (!run) {
      const supported = Object.keys(OPERATIONS).join(', ');
      throw new CloudWatchError('InvalidAction', `CloudWatch ${operation} is not emulated. Supported: ${supported}.`);
    }
    return { status: 200, headers, body: JSON.stringify(run(watched, parsed(body))) };
  } catch (error) {
    const { status, code, message } = describe(error);
    const fault = status < 500 ? 'Sender' : 'Receiver';
    const { body, ...others } = { status, body: JSON.stringify({ __type: TYPES[code] ?? code, message }) };
    return { ...others, headers: { ...headers, 'x-amzn-query-error': `${code};${fault}` }, body };
  }
}

/**
 * The names of the errors in AWS JSON. The keys are the codes of the older Query protocol, which the answer carries
 * too.
 */
const TYPES: Readonly<Record<string, string>> = {
  InvalidAction: 'com.amazon.coral.service#UnknownOperationException',
  InvalidParameterCombination: 'com.amazonaws.cloudwatch#InvalidParameterCombinationException',
  InvalidParameterValue: 'com.amazonaws.cloudwatch#InvalidParameterValueException',
  ResourceNotFound: 'com.amazonaws.cloudwatch#ResourceNotFound',
  ValidationError: 'com.amazon.coral.validate#ValidationException',
};

function describe(error: unknown): { status: number; code: string; message: string } {
  if (error instanceof CloudWatchError) {
    const status = error.code === 'ResourceNotFound' ? 404 : 400;
    return { status, code: error.code, message: error.message };
  }
  return { status: 500, code: 'InternalServiceError', message: `Bug in the emulator: ${String(error)}` };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body === '' ? '{}' : body);
  } catch (error) {
    throw invalid(`The request is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function read<T extends z.ZodMiniType>(schema: T, input: unknown): z.infer<T> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalid(`${issue?.path.join('.') || 'The request'}: ${issue?.message}`);
}

function checkTimes({ StartTime, EndTime }: { StartTime: number; EndTime: number }): void {
  if (StartTime < EndTime) return;
  throw invalid('The parameter StartTime must be less than the parameter EndTime.');
}

function GetMetricData({ metrics, now }: Watched, input: unknown): object {
  const { MetricDataQueries: queries, StartTime, EndTime, ScanBy } = read(getMetricData, input);
  checkTimes({ StartTime, EndTime });
  checkQueries(queries);
  // A period that has not begun has no datapoint, not even from FILL.
  const endMs = Math.min(EndTime * 1000, now() + 1);
  const startOf = (periodMs: number) => Math.floor((StartTime * 1000) / periodMs) * periodMs;
  const shortest = Math.min(...queries.flatMap(({ MetricStat: stat }) => (stat ? [stat.Period] : [])));
  const datapoints = (queries.length * (EndTime - StartTime)) / shortest;
  if (datapoints > MAX_DATAPOINTS)
    throw invalid(`You have requested up to ${Math.ceil(datapoints)} datapoints, which exceeds ${MAX_DATAPOINTS}.`);
  const results = metricData(queries, metrics, { startOf, endMs });
  return {
    Messages: [],
    MetricDataResults: results.flatMap(({ series }) =>
      series.map(({ id, label, points }) => {
        const inOrder = [...points];
        if (ScanBy === 'TimestampDescending') inOrder.reverse();
        const Timestamps = inOrder.map(([atMs]) => atMs / 1000);
        return { Id: id, Label: label, Timestamps, Values: inOrder.map(([, value]) => value), StatusCode: 'Complete' };
      }),
    ),
  };
}

function DescribeAlarms({ alarms }: Watched, input: unknown): object {
  const { AlarmNames: names, AlarmNamePrefix: prefix, AlarmTypes, StateValue } = read(describeAlarms, input);
  if (names && prefix !== undefined)
    throw new CloudWatchError('InvalidParameterCombination', 'AlarmNames and AlarmNamePrefix can not be combined.');
  const found = alarms
    .list()
    .filter(({ name }) => names?.includes(name) ?? true)
    .filter(({ name }) => name.startsWith(prefix ?? ''))
    .filter(({ state }) => StateValue === undefined || state === StateValue);
  const ofType = (type: AlarmStatus['type']) =>
    AlarmTypes.includes(type) ? found.filter((alarm) => alarm.type === type).map(alarmAnswer) : [];
  return { MetricAlarms: ofType('MetricAlarm'), CompositeAlarms: ofType('CompositeAlarm') };
}

function alarmAnswer({ name, arn, state, reason, sinceMs, properties }: AlarmStatus): object {
  return {
    ...properties,
    AlarmName: name,
    AlarmArn: arn,
    StateValue: state,
    StateReason: reason,
    StateUpdatedTimestamp: sinceMs / 1000,
    StateTransitionedTimestamp: sinceMs / 1000,
  };
}

function GetInsightRuleReport({ insightRules }: Watched, input: unknown): object {
  const { RuleName, StartTime, EndTime, MaxContributorCount } = read(getInsightRuleReport, input);
  checkTimes({ StartTime, EndTime });
  const report = insightRules.report(RuleName, StartTime * 1000, EndTime * 1000, MaxContributorCount);
  return {
    KeyLabels: report.keyLabels,
    AggregationStatistic: report.statistic,
    AggregateValue: report.total,
    ApproximateUniqueCount: report.contributorCount,
    Contributors: report.contributors.map(({ keys, value }) => {
      return { Keys: keys, ApproximateAggregateValue: value, Datapoints: [] };
    }),
    MetricDatapoints: [],
  };
}
