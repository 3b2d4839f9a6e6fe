import { afterAll, expect, test } from 'vitest';
import { startLocalCloud } from '../../../local/cloud.ts';
import { removeFolders, writeAssembly } from './assembly-fixture.ts';

afterAll(removeFolders);

const start = (Type: string, Properties: object) =>
  startLocalCloud({ assembly: writeAssembly({ S: { Resources: { R: { Type, Properties } } } }) });

const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:f';

test.each([
  ['a cron schedule', { ScheduleExpression: 'cron(0 12 * * ? *)' }, 'cron(0 12 * * ? *) is not emulated'],
  [
    'an event pattern',
    { EventPattern: { source: ['aws.s3'] } },
    'the event pattern {"source":["aws.s3"]} is not emulated',
  ],
  [
    'a schedule and an event pattern that local events never match',
    { ScheduleExpression: 'rate(1 hour)', EventPattern: { source: ['aws.cloudformation'], region: ['us-east-1'] } },
    'is not emulated. Emulated: the status of a stack',
  ],
  [
    'a target that is not a function',
    { ScheduleExpression: 'rate(1 hour)', Targets: [{ Arn: 'arn:aws:sqs:us-east-1:000000000000:q', Id: 'T' }] },
    'target arn:aws:sqs:us-east-1:000000000000:q',
  ],
  [
    'a transformed input',
    { ScheduleExpression: 'rate(1 hour)', Targets: [{ Arn: functionArn, Id: 'T', InputPath: '$.detail' }] },
    `target ${functionArn}. Emulated: Lambda functions without InputPath`,
  ],
])('a rule with %s is left out with a reason that names it', async (_, properties, reason) => {
  const cloud = await start('AWS::Events::Rule', properties);
  try {
    expect(cloud.leftOut).toEqual([
      { path: 'S/R', type: 'AWS::Events::Rule', reason: expect.stringContaining(reason) },
    ]);
  } finally {
    await cloud.stop();
  }
});

test('an alarm without a metric is refused, and an alarm that cannot be evaluated is created', async () => {
  const base = { ComparisonOperator: 'GreaterThanThreshold', Threshold: 1, EvaluationPeriods: 1 };
  await expect(start('AWS::CloudWatch::Alarm', base)).rejects.toThrow('an alarm needs Metrics, or Namespace');
  const metric = { Namespace: 'AWS/DynamoDB', MetricName: 'SystemErrors', Statistic: 'Sum', Period: 60 };
  const cloud = await start('AWS::CloudWatch::Alarm', { ...base, ...metric });
  expect(cloud.alarms.notEvaluated).toEqual([
    { name: 'S-R', reason: "the local cloud doesn't write metrics of AWS/DynamoDB" },
  ]);
  await cloud.stop();
});

test('a length of a minute that is not a multiple of a second is refused', async () => {
  const assembly = writeAssembly({ S: { Resources: {} } });
  await expect(startLocalCloud({ assembly, minuteMs: 500 })).rejects.toThrow('minuteMs must be a multiple of 1000');
});
