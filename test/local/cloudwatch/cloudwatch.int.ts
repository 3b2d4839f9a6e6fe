import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetInsightRuleReportCommand,
  GetMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type LocalCloud, startLocalCloud } from '../../../local/cloud.ts';
import { removeFolders, temporaryFolder, writeAssembly } from '../provision/assembly-fixture.ts';

/** Logs a metric in the embedded format, with its contributor. */
const beat = `
  export const handler = async ({ parked = 1, 'detail-type': type }) => {
    console.log(JSON.stringify({
      _aws: {
        Timestamp: Date.now(),
        CloudWatchMetrics: [{ Namespace: 'Test', Dimensions: [['service']], Metrics: [{ Name: 'Parked' }] }],
      },
      service: 'ordering', Parked: parked, group: type ?? 'by hand', events: parked,
    }));
    return process.env.AWS_ENDPOINT_URL_CLOUDWATCH;
  };`;
const act = `
  export const handler = async ({ alarmData }) => console.log('told of ' + alarmData.alarmName + ': ' + alarmData.state.value);`;

const fn = (asset: string, logs: string) => ({
  Type: 'AWS::Lambda::Function',
  Properties: {
    Code: { S3Key: `${asset}.zip` },
    Handler: 'index.handler',
    LoggingConfig: { LogGroup: { Ref: logs } },
    Role: arn('Role'),
  },
});
const arn = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const permission = (functionId: string, service: string, sourceId: string) => ({
  Type: 'AWS::Lambda::Permission',
  Properties: {
    Action: 'lambda:InvokeFunction',
    FunctionName: arn(functionId),
    Principal: service,
    SourceArn: arn(sourceId),
    SourceAccount: { Ref: 'AWS::AccountId' },
  },
});
const allow = (Action: string[]) => ({ Statement: [{ Effect: 'Allow', Action, Resource: '*' }] });
const threshold = { ComparisonOperator: 'GreaterThanThreshold', Threshold: 0, EvaluationPeriods: 1 };

const stack = {
  Resources: {
    BeatLogs: { Type: 'AWS::Logs::LogGroup', Properties: { RetentionInDays: 30 } },
    ActLogs: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: 'named' } },
    Beat: fn('beat', 'BeatLogs'),
    Act: fn('act', 'ActLogs'),
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: {
          Statement: { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
        },
        Policies: [{ PolicyName: 'logs', PolicyDocument: allow(['logs:CreateLogStream', 'logs:PutLogEvents']) }],
      },
    },
    MayBeat: permission('Beat', 'events.amazonaws.com', 'Rule'),
    MayAct: permission('Act', 'lambda.alarms.cloudwatch.amazonaws.com', 'Alarm'),
    Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'waiting' } },
    Alarm: {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: {
        ...threshold,
        AlarmDescription: 'something was parked',
        Namespace: 'Test',
        MetricName: 'Parked',
        Statistic: 'Sum',
        Period: 60,
        Dimensions: [{ Name: 'service', Value: 'ordering' }],
        AlarmActions: [arn('Act')],
      },
    },
    Backlog: {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: {
        ...threshold,
        AlarmName: 'backlog',
        Metrics: [
          { Id: 'backlog', Expression: 'MAX([visible, hidden])', Label: 'backlog' },
          ...['Visible', 'NotVisible'].map((which) => ({
            Id: { Visible: 'visible', NotVisible: 'hidden' }[which],
            ReturnData: false,
            MetricStat: {
              Metric: {
                Namespace: 'AWS/SQS',
                MetricName: `ApproximateNumberOfMessages${which}`,
                Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': ['Queue', 'QueueName'] } }],
              },
              Period: 60,
              Stat: 'Maximum',
            },
          })),
        ],
      },
    },
    Both: {
      Type: 'AWS::CloudWatch::CompositeAlarm',
      Properties: { AlarmRule: { 'Fn::Join': ['', ['ALARM("', arn('Alarm'), '") AND ALARM(', arn('Backlog'), ')']] } },
    },
    Hot: {
      Type: 'AWS::CloudWatch::InsightRule',
      Properties: {
        RuleName: 'hot',
        RuleState: 'ENABLED',
        RuleBody: {
          'Fn::Join': [
            '',
            [
              '{"Schema":{"Name":"CloudWatchLogRule","Version":1},"LogFormat":"JSON","LogGroupNames":["',
              { Ref: 'BeatLogs' },
              '"],"Contribution":{"Keys":["$.group"],"ValueOf":"$.events"},"AggregateOn":"Sum"}',
            ],
          ],
        },
      },
    },
    Rule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        ScheduleExpression: 'rate(1 minute)',
        State: 'ENABLED',
        Targets: [{ Arn: arn('Beat'), Id: 'Target0' }],
      },
    },
    Dashboard: { Type: 'AWS::CloudWatch::Dashboard', Properties: { DashboardBody: '{}' } },
  },
  Outputs: { Alarm: { Value: { Ref: 'Alarm' } } },
};

let cloud: LocalCloud;
let client: CloudWatchClient;
let lines: string[];
let assembly: string | undefined;

function bundle(code: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'index.mjs'), code);
  return folder;
}

async function start(options: { minuteMs?: number; assembly?: string } = {}): Promise<void> {
  assembly ??= writeAssembly({ S: stack }, { beat: bundle(beat), act: bundle(act) });
  cloud = await startLocalCloud({ assembly, onLog: (name, line) => lines.push(`${name} ${line}`), ...options });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  client = new CloudWatchClient({ endpoint: cloud.endpoints.cloudwatch, region: cloud.region, credentials });
}

beforeEach(() => {
  lines = [];
});
afterEach(async () => {
  client.destroy();
  await cloud.stop();
});
afterAll(removeFolders);

const lately = () => ({ StartTime: new Date(Date.now() - 120_000), EndTime: new Date(Date.now() + 60_000) });

test('a tick runs the scheduled functions, and an alarm on their metrics invokes its function', async () => {
  await start();
  expect(cloud.notEmulated).toEqual({ 'AWS::CloudWatch::Dashboard': 1, 'AWS::Logs::LogGroup': 2 });
  expect(cloud.alarms.notEvaluated).toEqual([]);
  expect(lines).toEqual([]);
  await cloud.tick();
  expect(lines.filter((line) => line.startsWith('S-Act'))).toEqual(['S-Act told of S-Alarm: ALARM']);

  const alarms = await client.send(new DescribeAlarmsCommand({ AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] }));
  expect(alarms.MetricAlarms).toMatchObject([
    { AlarmName: cloud.outputs.S?.Alarm, AlarmDescription: 'something was parked', StateValue: 'ALARM' },
    { AlarmName: 'backlog', StateValue: 'OK' },
  ]);
  expect(alarms.CompositeAlarms).toMatchObject([{ AlarmName: 'S-Both', StateValue: 'OK' }]);

  cloud.messaging.queues.require('waiting').send({ body: 'x' });
  await cloud.tick();
  expect(cloud.alarms.list().map(({ state }) => state)).toEqual(['ALARM', 'ALARM', 'ALARM']);
});

test('the SDK reads the metrics of functions, queues and Lambda, and the contributors of a rule', async () => {
  await start();
  const answer = await cloud.functions.invoke('S-Beat', { parked: 5 });
  expect(answer).toEqual({ ok: true, payload: cloud.endpoints.cloudwatch });
  await cloud.tick();
  const stat = (Id: string, Namespace: string, MetricName: string, name: string, Value: string, Stat = 'Sum') => ({
    Id,
    MetricStat: { Metric: { Namespace, MetricName, Dimensions: [{ Name: name, Value }] }, Period: 60, Stat },
  });
  const { MetricDataResults } = await client.send(
    new GetMetricDataCommand({
      ...lately(),
      MetricDataQueries: [
        stat('parked', 'Test', 'Parked', 'service', 'ordering'),
        stat('invoked', 'AWS/Lambda', 'Invocations', 'FunctionName', 'S-Beat'),
        stat('failed', 'AWS/Lambda', 'Errors', 'FunctionName', 'S-Beat'),
        stat('age', 'AWS/SQS', 'ApproximateAgeOfOldestMessage', 'QueueName', 'waiting', 'Maximum'),
        { Id: 'each', Expression: 'parked / invoked' },
      ],
    }),
  );
  // A minute may end between the two requests.
  const sums = MetricDataResults?.map(({ Values = [] }) => Values.reduce((sum, value) => sum + value, 0));
  expect(sums?.slice(0, 4)).toEqual([6, 2, 0, 0]);
  const report = await client.send(new GetInsightRuleReportCommand({ RuleName: 'hot', Period: 60, ...lately() }));
  expect(report.Contributors).toMatchObject([
    { Keys: ['by hand'], ApproximateAggregateValue: 5 },
    { Keys: ['Scheduled Event'], ApproximateAggregateValue: 1 },
  ]);
});

test('schedules and alarms run by themselves if a minute lasts a second', async () => {
  await start({ minuteMs: 1000 });
  const told = 'S-Act told of S-Alarm: ALARM';
  await vi.waitFor(() => expect(lines).toContain(told), { timeout: 20_000, interval: 20 });
  cloud.functions.setReservedConcurrency('S-Beat', 0);
  const reason = 'S-Beat [schedule S-Rule] Throttled: Rate Exceeded: S-Beat has no concurrency';
  await vi.waitFor(() => expect(lines).toContain(reason), { timeout: 20_000, interval: 20 });
  await cloud.idle();
});

test("an alarm or a rule that its function's policy does not allow invokes nothing and is reported", async () => {
  const { MayAct: _act, MayBeat: _beat, ...rest } = stack.Resources;
  const folder = writeAssembly({ S: { ...stack, Resources: rest } }, { beat: bundle(beat), act: bundle(act) });
  await start({ assembly: folder });
  await cloud.functions.invoke('S-Beat', {});
  await cloud.tick();
  const called = (service: string, source: string, functionName: string) => ({
    caller: `${service} for arn:aws:${source}`,
    action: 'lambda:InvokeFunction',
    resource: `arn:aws:lambda:us-east-1:000000000000:function:${functionName}`,
  });
  expect(cloud.access.denials).toMatchObject([
    called('events.amazonaws.com', 'events:us-east-1:000000000000:rule/S-Rule', 'S-Beat'),
    called('lambda.alarms.cloudwatch.amazonaws.com', 'cloudwatch:us-east-1:000000000000:alarm:S-Alarm', 'S-Act'),
  ]);
  for (const { message } of cloud.access.denials) expect(lines.join('\n')).toContain(message);
  expect(cloud.functions.functions().map(({ invocations }) => invocations)).toEqual([1, 0]);
});
