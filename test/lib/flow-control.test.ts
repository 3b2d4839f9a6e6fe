import { describe, expect, test } from 'vitest';
import { EntityOwner, type EntityOwnerProps } from '../../lib/entity-owner.ts';
import { LIMITS } from '../../lib/limits.ts';
import { lab } from '../support/lab.ts';
import { propertiesOf, resourcesOf, shopTemplates, stackTemplate, statementsOf } from '../support/shop.ts';

const shop = shopTemplates();
const { Geography, Ordering, Warehouse } = shop;

/** The name of a template's only resource of a type whose logical id contains a text. */
function idOf(type: string, idContains: string): string {
  const found = resourcesOf(Geography, type).filter(([id]) => id.includes(idContains));
  expect(found).toHaveLength(1);
  return found[0]?.[0] ?? '';
}

/** The event that CloudFormation sends when the rule's own stack was created or updated. */
const DEPLOYED = {
  source: ['aws.cloudformation'],
  'detail-type': ['CloudFormation Stack Status Change'],
  detail: {
    'stack-id': [{ Ref: 'AWS::StackId' }],
    'status-details': { status: ['CREATE_COMPLETE', 'UPDATE_COMPLETE'] },
  },
};

describe("the owner's governor", () => {
  const governor = propertiesOf(Geography, 'AWS::Lambda::Function', 'Governor');
  const flowTable = idOf('AWS::DynamoDB::Table', 'Flow');
  const reports = idOf('AWS::SQS::Queue', 'FlowReports');
  const queue = propertiesOf(Geography, 'AWS::SQS::Queue', 'FlowReports');

  test('a governor knows the caches that may slow the owner, and how long reports and decisions are valid', () => {
    expect(governor.Environment.Variables).toMatchObject({
      OWNER_TABLE: { Ref: idOf('AWS::DynamoDB::Table', 'OwnerTable') },
      FLOW_TABLE: { Ref: flowTable },
      INTERVAL_SECONDS: '60',
      REPORT_LIFE_SECONDS: '180',
      DECISION_LIFE_SECONDS: '180',
      COMPRESS_EVENTS: 'true',
      MAY_SLOW_OWNER: '{"ordering":{"highWater":60000}}',
    });
  });

  test('a governor runs once a minute and when its stack was deployed, and Lambda neither repeats a failed run nor keeps a throttled one', () => {
    expect(propertiesOf(Geography, 'AWS::Lambda::EventInvokeConfig', 'Governor')).toMatchObject({
      FunctionName: { Ref: idOf('AWS::Lambda::Function', 'Governor') },
      Qualifier: '$LATEST',
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
    });
    expect(propertiesOf(Geography, 'AWS::Events::Rule')).toMatchObject({
      ScheduleExpression: 'rate(1 minute)',
      EventPattern: DEPLOYED,
      Targets: [
        {
          Arn: { 'Fn::GetAtt': [idOf('AWS::Lambda::Function', 'Governor'), 'Arn'] },
          RetryPolicy: { MaximumRetryAttempts: 0 },
        },
      ],
    });
  });

  test('a governor receives reports as they arrive, and the queue deletes reports that no longer count', () => {
    expect(propertiesOf(Geography, 'AWS::Lambda::EventSourceMapping', 'Governor')).toMatchObject({
      EventSourceArn: { 'Fn::GetAtt': [reports, 'Arn'] },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
    });
    expect(queue.FifoQueue).toBeUndefined();
    expect(queue.MessageRetentionPeriod).toBe(180);
    expect(queue.VisibilityTimeout).toBeGreaterThanOrEqual(LIMITS.visibilityPerFunctionTimeout * governor.Timeout);
  });

  test('a governor can store reports and decisions, commit heartbeats, read metrics, and do nothing else', () => {
    expect(statementsOf(Geography, 'GovernorRole')).toEqual([
      ...logAndTraces('OwnerFlowGovernor'),
      { resource: flowTable, actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'] },
      { resource: idOf('AWS::DynamoDB::Table', 'OwnerTable'), actions: ['dynamodb:UpdateItem'] },
      { resource: '*', actions: ['cloudwatch:GetMetricData'] },
      {
        resource: reports,
        actions: [
          'ChangeMessageVisibility',
          'DeleteMessage',
          'GetQueueAttributes',
          'GetQueueUrl',
          'ReceiveMessage',
        ].map((action) => `sqs:${action}`),
      },
    ]);
  });

  test('a flow table is deleted with its stack, because losing it means normal flow', () => {
    const [, table] = resourcesOf(Geography, 'AWS::DynamoDB::Table').find(([id]) => id === flowTable) ?? [];
    expect(table).toMatchObject({ DeletionPolicy: 'Delete' });
  });

  test('a relay can read the decision in the flow table and nothing else there', () => {
    const onFlow = statementsOf(Geography, 'RelayRole').filter(({ resource }) => resource === flowTable);
    expect(onFlow).toEqual([{ resource: flowTable, actions: ['dynamodb:GetItem'] }]);
    expect(propertiesOf(Geography, 'AWS::Lambda::Function', 'Relay').Environment.Variables.FLOW_TABLE).toEqual({
      Ref: flowTable,
    });
  });
});

describe.each([
  ['Ordering', Ordering],
  ['Warehouse', Warehouse],
])('the report function of %s', (boundary, template) => {
  const report = propertiesOf(template, 'AWS::Lambda::Function', 'CacheReport');

  test(`the report function of ${boundary} runs once a minute and when its stack was deployed`, () => {
    expect(propertiesOf(template, 'AWS::Events::Rule')).toMatchObject({
      ScheduleExpression: 'rate(1 minute)',
      EventPattern: DEPLOYED,
      Targets: [{ RetryPolicy: { MaximumRetryAttempts: 0 } }],
    });
    expect(report.Environment.Variables.INTERVAL_SECONDS).toBe('60');
  });

  test(`the report function of ${boundary} can only read what it measures, store the result, report and ask for repairs`, () => {
    expect(statementsOf(template, 'CacheReportRole')).toEqual([
      ...logAndTraces('CacheReport'),
      { resource: expect.stringMatching(/^CacheTable\w+$/), actions: ['dynamodb:GetItem'] },
      { resource: expect.stringMatching(/^CacheTable\w+$/), actions: ['dynamodb:PutItem'] },
      { resource: expect.stringMatching(/^CacheParking\w+$/), actions: ['dynamodb:Scan'] },
      ...['Queue', 'Gaps', 'DeadLetters', 'Undelivered'].map((queue) => ({
        resource: expect.stringMatching(new RegExp(`^Cache${queue}${boundary}[0-9A-F]{8}$`)),
        actions: ['sqs:GetQueueAttributes'],
      })),
      { resource: '*', actions: ['cloudwatch:GetMetricData'] },
      { resource: expect.stringMatching(/^CachePages\w+$/), actions: ['sqs:SendMessage'] },
      { resource: expect.stringMatching(/^Geography:\w+OwnerFlowReports\w+Arn\w+$/), actions: ['sqs:SendMessage'] },
    ]);
  });

  test(`the report function of ${boundary} knows the report queue of each owner`, () => {
    expect(JSON.stringify(report.Environment.Variables.REPORT_QUEUES)).toMatch(/geography.*FlowReports/);
  });
});

/** The statements that every function has. */
const logAndTraces = (name: string) => [
  {
    resource: expect.stringMatching(new RegExp(`^${name}Logs`)),
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
  },
  { resource: '*', actions: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'] },
];

describe('maySlowOwner', () => {
  const build = (maySlowOwner: NonNullable<EntityOwnerProps['maySlowOwner']>) =>
    stackTemplate((stack) => new EntityOwner(stack, 'Owner', { boundary: lab, maySlowOwner }));
  const told = (maySlowOwner: NonNullable<EntityOwnerProps['maySlowOwner']>) =>
    JSON.parse(
      propertiesOf(build(maySlowOwner), 'AWS::Lambda::Function', 'Governor').Environment.Variables.MAY_SLOW_OWNER,
    );

  test('an owner accepts the lowest and the highest high water, and no caches that may slow it', () => {
    const both = { shelf: { highWater: 10 }, depot: { highWater: 120_000 } };
    expect(told(both)).toEqual(both);
    expect(told({})).toEqual({});
  });

  test.each([
    [9, '9'],
    [120_001, '120001'],
    [10.5, '10.5'],
    [Number.NaN, 'NaN'],
  ])('an owner refuses a high water of %s and says what is allowed', (highWater, given) => {
    expect(() => build({ shelf: { highWater } })).toThrow(
      `maySlowOwner.shelf.highWater: out of range: ${given}. Allowed: an integer from 10 to 120000.`,
    );
  });

  test.each([
    'Shelf',
    '',
    'lab',
  ])('an owner refuses %j in maySlowOwner, because it can be no cache of the owner', (cache) => {
    expect(() => build({ [cache]: {} })).toThrow(
      `maySlowOwner: not the name of another boundary: ${JSON.stringify(cache)}. Allowed: the name of a boundary`,
    );
  });
});
