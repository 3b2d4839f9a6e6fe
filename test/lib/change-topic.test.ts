import { Duration, Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { describe, expect, test } from 'vitest';
import { MAX_MESSAGE_BYTES } from '../../core/relay/message.ts';
import { ChangeTopic } from '../../lib/change-topic.ts';
import { LocalCache } from '../../lib/local-cache.ts';
import { catalogue } from '../support/boundaries.ts';
import { lab, shelf } from '../support/lab.ts';
import { appTemplates, propertiesOf, resourcesOf, stackTemplate, statementsOf } from '../support/shop.ts';

const functionIn = (stack: Stack, id: string) =>
  new LambdaFunction(stack, id, {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = () => {}'),
    timeout: Duration.seconds(60),
  });

describe('ChangeTopic', () => {
  const template = stackTemplate((stack) => {
    const owner = new ChangeTopic(stack, 'Owner', { boundary: lab, maySlowOwner: { shelf: { highWater: 500 } } });
    new LocalCache(stack, 'Cache', { boundary: shelf, sources: [owner] });
    owner.grantPublish(new Role(stack, 'Writer', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }));
    owner.grantPublish(functionIn(stack, 'Publisher'));
    owner.grantAnswer(new Role(stack, 'Container', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') }));
    owner.answerWith(functionIn(stack, 'Answers'));
  });
  const [queue = ''] = resourcesOf(template, 'AWS::SQS::Queue').find(([id]) => id.startsWith('OwnerResync')) ?? [];
  const [[topic = ''] = []] = resourcesOf(template, 'AWS::SNS::Topic');
  const [flowTable = ''] =
    resourcesOf(template, 'AWS::DynamoDB::Table').find(([id]) => id.startsWith('OwnerFlow')) ?? [];

  test('a ChangeTopic has a FIFO topic without content-based deduplication', () => {
    expect(propertiesOf(template, 'AWS::SNS::Topic')).toMatchObject({ FifoTopic: true });
    expect(propertiesOf(template, 'AWS::SNS::Topic').ContentBasedDeduplication).not.toBe(true);
    expect(propertiesOf(template, 'AWS::SNS::Topic').MaximumMessageSize).toBe(String(MAX_MESSAGE_BYTES));
  });

  test('an owner may be told not to compress events', () => {
    const told = stackTemplate(
      (stack) => void new ChangeTopic(stack, 'Owner', { boundary: lab, compressEvents: false }),
    );
    const { Variables } = propertiesOf(told, 'AWS::Lambda::Function', 'Governor').Environment;
    expect(Variables).toMatchObject({ COMPRESS_EVENTS: 'false' });
  });

  test('the governor of a ChangeTopic publishes heartbeats to the topic, because the owner has no table', () => {
    const { Variables } = propertiesOf(template, 'AWS::Lambda::Function', 'Governor').Environment;
    expect(Variables).toMatchObject({ TOPIC_ARN: { Ref: topic }, MAY_SLOW_OWNER: '{"shelf":{"highWater":500}}' });
    expect(Variables).not.toHaveProperty('OWNER_TABLE');
    expect(statementsOf(template, 'GovernorRole')).toContainEqual({ resource: topic, actions: ['sns:Publish'] });
  });

  test('a ChangeTopic lets a granted function publish and obey flow control, and nothing else', () => {
    expect(statementsOf(template, 'WriterDefaultPolicy')).toEqual([
      { resource: topic, actions: ['sns:Publish'] },
      { resource: flowTable, actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'] },
    ]);
  });

  const consumes = ['ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'GetQueueUrl', 'ReceiveMessage'];

  test.each([
    'AnswersServiceRoleDefaultPolicy',
    'ContainerDefaultPolicy',
  ])('a ChangeTopic lets who answers its caches publish and consume the resync queue, and nothing else: %s', (policy) => {
    expect(statementsOf(template, policy)).toEqual([
      { resource: topic, actions: ['sns:Publish'] },
      { resource: queue, actions: consumes.map((action) => `sqs:${action}`) },
    ]);
  });

  test('a ChangeTopic invokes the function that answers its caches, at most twice at a time', () => {
    const mappings = resourcesOf(template, 'AWS::Lambda::EventSourceMapping').filter(([id]) =>
      id.startsWith('Answers'),
    );
    expect(mappings).toMatchObject([
      [
        expect.stringMatching(/^AnswersResynclab/),
        {
          Properties: {
            EventSourceArn: { 'Fn::GetAtt': [queue, 'Arn'] },
            FunctionName: { Ref: expect.stringMatching(/^Answers/) },
            FunctionResponseTypes: ['ReportBatchItemFailures'],
            ScalingConfig: { MaximumConcurrency: 2 },
          },
        },
      ],
    ]);
  });

  test('a ChangeTopic sets the environment of the functions that publish and answer', () => {
    const environment = (id: string) => propertiesOf(template, 'AWS::Lambda::Function', id).Environment.Variables;
    const FRESHET_TOPIC_LAB = { Ref: topic };
    expect(environment('Publisher')).toEqual({ FRESHET_TOPIC_LAB, FRESHET_FLOW_LAB: { Ref: flowTable } });
    expect(environment('Answers')).toEqual({ FRESHET_TOPIC_LAB });
  });

  test('a ChangeTopic can be answered by a function of another stack, with any number of owners', () => {
    const templates = appTemplates((app) => {
      const fn = functionIn(new Stack(app, 'Functions'), 'Answers');
      for (const boundary of [lab, catalogue]) {
        new ChangeTopic(new Stack(app, boundary.name), 'Owner', { boundary }).answerWith(fn);
      }
    });
    expect(resourcesOf(templates.Functions, 'AWS::Lambda::EventSourceMapping')).toHaveLength(2);
    expect(
      Object.keys(propertiesOf(templates.Functions, 'AWS::Lambda::Function', 'Answers').Environment.Variables),
    ).toEqual(['FRESHET_TOPIC_LAB', 'FRESHET_TOPIC_CATALOGUE']);
  });

  test('a cache can subscribe to a ChangeTopic, report to it and request states from it', () => {
    expect(propertiesOf(template, 'AWS::SNS::Subscription').TopicArn).toEqual({ Ref: topic });
    const { Variables } = propertiesOf(template, 'AWS::Lambda::Function', 'CacheReport').Environment;
    expect(JSON.stringify(Variables.REPORT_QUEUES)).toMatch(/OwnerFlowReports/);
    const repair = propertiesOf(template, 'AWS::Lambda::Function', 'CacheRepair').Environment;
    expect(JSON.stringify(repair.Variables.RESYNC_QUEUES)).toMatch(/OwnerResync/);
  });
});
