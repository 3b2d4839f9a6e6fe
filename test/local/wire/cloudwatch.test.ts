import { readFileSync } from 'node:fs';
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  type DescribeAlarmsCommandInput,
  GetInsightRuleReportCommand,
  GetMetricDataCommand,
  type GetMetricDataCommandInput,
  ListMetricsCommand,
} from '@aws-sdk/client-cloudwatch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCompositeAlarm, readMetricAlarm } from '../../../local/cloudwatch/alarm-definition.ts';
import { type CloudWatch, createCloudWatch } from '../../../local/cloudwatch/cloudwatch.ts';
import { createMetricStore } from '../../../local/cloudwatch/metric-store.ts';
import { startWire, type Wire } from '../../../local/wire/server.ts';
import { virtualAccount } from '../fifo/virtual-account.ts';

let wire: Wire;
let client: CloudWatchClient;
let cloudWatch: CloudWatch;
let startMs: number;

beforeEach(async () => {
  const { messaging, clock } = virtualAccount();
  startMs = clock.ms;
  clock.ms += 200_000;
  cloudWatch = createCloudWatch({
    messaging,
    functions: { invoke: async () => ({ ok: true, payload: null }) },
    metrics: createMetricStore(messaging.now),
    region: 'eu-central-1',
    accountId: '000000000000',
    minuteMs: 60_000,
    onFailure: () => {},
  });
  wire = await startWire({ messaging, cloudWatch: () => cloudWatch });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  client = new CloudWatchClient({ endpoint: wire.url, region: 'eu-central-1', credentials, maxAttempts: 1 });
});
afterEach(async () => {
  client.destroy();
  await wire.close();
});

const put = (second: number, value: number, metric = 'Applied') =>
  cloudWatch.metrics.put('Freshet', metric, { service: 'ordering' }, value, startMs + second * 1000);

const stat = (Id: string, MetricName: string, Stat: string, Period = 60) => ({
  Id,
  MetricStat: {
    Metric: { Namespace: 'Freshet', MetricName, Dimensions: [{ Name: 'service', Value: 'ordering' }] },
    Period,
    Stat,
  },
});

const data = (input: Partial<GetMetricDataCommandInput>) =>
  client.send(
    new GetMetricDataCommand({
      MetricDataQueries: [stat('m1', 'Applied', 'Sum')],
      StartTime: new Date(startMs + 30_000),
      EndTime: new Date(startMs + 300_000),
      ScanBy: 'TimestampAscending',
      ...input,
    }),
  );

const refusalOf = (request: Promise<unknown>) =>
  request.then(
    () => 'was not refused',
    (error: unknown) => error,
  );

/** Minutes after the start. */
const minutes = (dates: readonly Date[] | undefined) => dates?.map((date) => (date.getTime() - startMs) / 60_000);

describe('GetMetricData', () => {
  it('GetMetricData returns a metric by the start of each period, including the current period', async () => {
    put(10, 1);
    put(59, 2);
    put(130, 3);
    put(190, 4);
    const { MetricDataResults } = await data({});
    const [result] = MetricDataResults ?? [];
    expect(result).toMatchObject({ Id: 'm1', Label: 'Applied', StatusCode: 'Complete', Values: [3, 3, 4] });
    expect(minutes(result?.Timestamps)).toEqual([0, 2, 3]);
    const { MetricDataResults: reversed } = await data({ ScanBy: 'TimestampDescending' });
    expect(minutes(reversed?.[0]?.Timestamps)).toEqual([3, 2, 0]);
  });

  it('GetMetricData returns periods below a minute and percentiles', async () => {
    for (let second = 60; second < 70; second += 1) put(second, second);
    const { MetricDataResults } = await data({
      MetricDataQueries: [stat('m1', 'Applied', 'Average', 5), stat('m2', 'Applied', 'p90', 10)],
    });
    expect(MetricDataResults?.map(({ Values }) => Values)).toEqual([[62, 67], [68]]);
  });

  it('GetMetricData computes expressions over metrics that are not returned themselves', async () => {
    put(60, 8);
    put(120, 6);
    put(60, 2, 'Parked');
    const { MetricDataResults } = await data({
      MetricDataQueries: [
        { Id: 'rate', Expression: 'total / PERIOD(m1)', Label: 'a second' },
        { Id: 'total', Expression: 'm1 + FILL(m2, 0)', ReturnData: false },
        { Id: 'all', Expression: 'METRICS() * 1' },
        { ...stat('m1', 'Applied', 'Sum'), ReturnData: false },
        { ...stat('m2', 'Parked', 'Sum'), ReturnData: false },
      ],
    });
    const [rate, ...all] = MetricDataResults ?? [];
    expect(rate).toMatchObject({ Id: 'rate', Label: 'a second' });
    expect(rate?.Values?.map((value) => value * 60)).toEqual([0, 10, 6, 0]);
    expect(minutes(rate?.Timestamps)).toEqual([0, 1, 2, 3]);
    expect(all.map(({ Id, Values }) => [Id, Values])).toEqual([
      ['all', [8, 6]],
      ['all', [2]],
    ]);
  });

  it.each<[string, () => Partial<GetMetricDataCommandInput>, string]>([
    ['no queries', () => ({ MetricDataQueries: [] }), 'MetricDataQueries'],
    ['an end before the start', () => ({ EndTime: new Date(startMs) }), 'StartTime must be less'],
    ['a period of 7 seconds', () => ({ MetricDataQueries: [stat('m1', 'x', 'Sum', 7)] }), 'The period 7 is invalid'],
    ['an unknown statistic', () => ({ MetricDataQueries: [stat('m1', 'x', 'tm90')] }), 'tm90 is not supported'],
    ['an id in capitals', () => ({ MetricDataQueries: [stat('M1', 'x', 'Sum')] }), 'lower-case'],
    ['one id twice', () => ({ MetricDataQueries: [stat('m', 'x', 'Sum'), stat('m', 'y', 'Sum')] }), 'given twice'],
    ['neither metric nor expression', () => ({ MetricDataQueries: [{ Id: 'm1' }] }), 'either MetricStat or Expression'],
    ['a broken expression', () => ({ MetricDataQueries: [{ Id: 'e', Expression: '1 +' }] }), "expression '1 +'"],
    ['a function that is not emulated', () => ({ MetricDataQueries: [{ Id: 'e', Expression: 'LOG(m)' }] }), 'LOG'],
    ['a number as the result', () => ({ MetricDataQueries: [{ Id: 'e', Expression: '1 + 1' }] }), 'is a number'],
    ['an unknown id', () => ({ MetricDataQueries: [{ Id: 'e', Expression: 'm9 * 2' }] }), 'the id m9'],
    [
      'a circle',
      () => ({
        MetricDataQueries: [
          { Id: 'a', Expression: 'b + 1' },
          { Id: 'b', Expression: 'a + 1' },
        ],
      }),
      'a → b → a',
    ],
    [
      'too many datapoints',
      () => ({ MetricDataQueries: [stat('m1', 'x', 'Sum', 1)], StartTime: new Date(0) }),
      'exceeds 100800',
    ],
  ])('GetMetricData refuses %s', async (_, input, message) => {
    const refused = await refusalOf(data(input()));
    expect(refused).toMatchObject({
      Code: 'ValidationError',
      message: expect.stringContaining(message),
      $metadata: { httpStatusCode: 400 },
    });
  });
});

describe('DescribeAlarms', () => {
  const properties = {
    Namespace: 'Freshet',
    MetricName: 'Parked',
    Statistic: 'Sum',
    Period: '60',
    Threshold: '0',
    ComparisonOperator: 'GreaterThanThreshold',
    EvaluationPeriods: 1,
    TreatMissingData: 'notBreaching',
  };
  beforeEach(async () => {
    cloudWatch.alarms.add(readMetricAlarm('parked', { ...properties, AlarmDescription: 'runbook' }));
    cloudWatch.alarms.add(readMetricAlarm('throttled', { ...properties, Namespace: 'AWS/DynamoDB' }));
    cloudWatch.alarms.add(readCompositeAlarm('all', { AlarmRule: 'ALARM(parked)' }));
    await cloudWatch.alarms.evaluate();
  });
  const describeAlarms = async (input: DescribeAlarmsCommandInput) => {
    const { MetricAlarms, CompositeAlarms } = await client.send(new DescribeAlarmsCommand(input));
    const name = ({ AlarmName }: { AlarmName?: string | undefined }) => AlarmName;
    return { MetricAlarms, metric: MetricAlarms?.map(name), composite: CompositeAlarms?.map(name) };
  };

  it('DescribeAlarms returns metric alarms with their state, and with the reason if one is not evaluated', async () => {
    const { MetricAlarms, composite } = await describeAlarms({});
    expect(MetricAlarms).toMatchObject([
      {
        AlarmName: 'parked',
        AlarmArn: expect.stringContaining(':alarm:parked'),
        AlarmDescription: 'runbook',
        StateValue: 'OK',
        StateReason: expect.any(String),
        StateUpdatedTimestamp: new Date(cloudWatch.now()),
        Threshold: 0,
        Period: 60,
      },
      {
        AlarmName: 'throttled',
        StateValue: 'INSUFFICIENT_DATA',
        StateReason: "Not evaluated locally: the local cloud doesn't write metrics of AWS/DynamoDB",
      },
    ]);
    expect(composite).toEqual([]);
  });

  it('DescribeAlarms filters by type, name, prefix and state', async () => {
    const both = { AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] } as const;
    const types = { AlarmTypes: [...both.AlarmTypes] };
    expect(await describeAlarms(types)).toMatchObject({ metric: ['parked', 'throttled'], composite: ['all'] });
    expect(await describeAlarms({ ...types, AlarmNames: ['all'] })).toMatchObject({ metric: [], composite: ['all'] });
    expect(await describeAlarms({ AlarmNamePrefix: 'thr' })).toMatchObject({ metric: ['throttled'] });
    expect(await describeAlarms({ StateValue: 'OK' })).toMatchObject({ metric: ['parked'] });
    const refused = await refusalOf(describeAlarms({ AlarmNames: ['a'], AlarmNamePrefix: 'b' }));
    expect(refused).toMatchObject({ Code: 'InvalidParameterCombination' });
  });
});

describe('GetInsightRuleReport', () => {
  const ask = (RuleName: string) =>
    client.send(
      new GetInsightRuleReportCommand({
        RuleName,
        StartTime: new Date(startMs),
        EndTime: new Date(startMs + 300_000),
        Period: 60,
        MaxContributorCount: 1,
      }),
    );

  it('GetInsightRuleReport returns the largest contributors', async () => {
    const body = {
      Schema: { Name: 'CloudWatchLogRule', Version: 1 },
      LogFormat: 'JSON',
      LogGroupNames: ['logs'],
      AggregateOn: 'Sum',
      Contribution: { Keys: ['$.group'], ValueOf: '$.events' },
    };
    cloudWatch.insightRules.add('hot', JSON.stringify(body), true);
    for (const events of [1, 5])
      cloudWatch.insightRules.record('logs', JSON.stringify({ group: `g${events}`, events }));
    expect(await ask('hot')).toMatchObject({
      KeyLabels: ['$.group'],
      AggregationStatistic: 'Sum',
      AggregateValue: 6,
      ApproximateUniqueCount: 2,
      Contributors: [{ Keys: ['g5'], ApproximateAggregateValue: 5 }],
    });
  });

  it('GetInsightRuleReport refuses an unknown rule', async () => {
    const refused = await refusalOf(ask('none'));
    expect(refused).toMatchObject({ name: 'ResourceNotFound', $metadata: { httpStatusCode: 404 } });
  });
});

describe('unsupported requests to CloudWatch', () => {
  it('a CloudWatch operation that docs/local-cloud.md does not list is refused', async () => {
    const refused = await refusalOf(client.send(new ListMetricsCommand()));
    expect(refused).toMatchObject({ Code: 'InvalidAction', $metadata: { httpStatusCode: 400 } });
    const { message } = refused as Error;
    expect(message).toContain('ListMetrics');
    const guide = readFileSync(new URL('../../../docs/local-cloud.md', import.meta.url), 'utf8');
    expect(guide).toContain(message.replace(/.*Supported: /, ''));
  });

  it('a request to CloudWatch whose body is not JSON is refused', async () => {
    const headers = { 'x-amz-target': 'GraniteServiceVersion20100801.GetMetricData' };
    const answer = await fetch(wire.url, { method: 'POST', headers, body: '{' });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ __type: expect.stringContaining('ValidationException') });
  });
});
