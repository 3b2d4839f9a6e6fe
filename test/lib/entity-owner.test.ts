import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { describe, expect, test } from 'vitest';
import { EntityOwner } from '../../lib/entity-owner.ts';
import { lab, shelf } from '../support/lab.ts';
import { propertiesOf, resourcesOf, shopTemplates, stackTemplate, statementsOf } from '../support/shop.ts';

const { Geography } = shopTemplates();

describe("the owner's part of Geography", () => {
  const mapping = propertiesOf(Geography, 'AWS::Lambda::EventSourceMapping', 'RelayDynamo');
  const queues = resourcesOf(Geography, 'AWS::SQS::Queue');
  const [failureQueueId, failureQueue] = queues.find(([id]) => id.includes('RelayFailures')) ?? [];

  test('keeps items by partition and id, tells old and new of each change, and can be restored', () => {
    expect(propertiesOf(Geography, 'AWS::DynamoDB::Table', 'OwnerTable')).toMatchObject({
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'id', KeyType: 'RANGE' },
      ],
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
  });

  test('never expires an item, and a version counter with it', () => {
    expect(propertiesOf(Geography, 'AWS::DynamoDB::Table', 'OwnerTable').TimeToLiveSpecification).toBeUndefined();
  });

  test('publishes to a FIFO topic that never takes a content hash for a deduplication id', () => {
    const topic = propertiesOf(Geography, 'AWS::SNS::Topic');
    expect(topic).toMatchObject({ FifoTopic: true, ContentBasedDeduplication: false });
  });

  test('reads the stream from its beginning, retries until it forgets, and starts a batch again at what failed', () => {
    expect(mapping).toMatchObject({
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 100,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BisectBatchOnFunctionError: true,
    });
    expect(mapping.MaximumRetryAttempts ?? -1).toBe(-1);
    expect(mapping.MaximumRecordAgeInSeconds).toBeLessThan(24 * 60 * 60);
    expect(mapping.EventSourceArn['Fn::GetAtt'][1]).toBe('StreamArn');
  });

  test('sends what it gives up on to a standard queue that keeps it for 14 days', () => {
    expect(mapping.DestinationConfig.OnFailure.Destination).toEqual({ 'Fn::GetAtt': [failureQueueId, 'Arn'] });
    expect(failureQueue?.Properties).toMatchObject({ MessageRetentionPeriod: 14 * 24 * 60 * 60 });
    expect(failureQueue?.Properties.FifoQueue).toBeUndefined();
  });

  test('runs its relay on Node 24 on arm64', () => {
    const relay = propertiesOf(Geography, 'AWS::Lambda::Function', 'Relay');
    expect(relay).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
  });
});

describe('EntityOwner', () => {
  const template = stackTemplate((stack) => {
    const owner = new EntityOwner(stack, 'Owner', { boundary: lab });
    owner.grantWrite(new Role(stack, 'Writer', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }));
  });

  test('lets a function of its boundary commit, read and obey flow control, but not remove an item or put one past the condition', () => {
    const [flowTable = ''] = resourcesOf(template, 'AWS::DynamoDB::Table').find(([id]) => id.includes('Flow')) ?? [];
    const [table = ''] =
      resourcesOf(template, 'AWS::DynamoDB::Table').find(([id]) => id.startsWith('OwnerTable')) ?? [];
    expect(statementsOf(template, 'Writer')).toEqual([
      { resource: flowTable, actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'] },
      { resource: table, actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'] },
    ]);
  });

  test('keeps its table when the stack goes, unless told otherwise', () => {
    const [, table] = resourcesOf(template, 'AWS::DynamoDB::Table').find(([id]) => id.startsWith('OwnerTable')) ?? [];
    expect(table).toMatchObject({ DeletionPolicy: 'Retain' });
  });

  test('refuses a boundary that owns nothing and says what to do', () => {
    const build = () => stackTemplate((stack) => new EntityOwner(stack, 'Owner', { boundary: shelf }));
    expect(build).toThrow('boundary: shelf owns no entity type. Declare one under "owns", or leave EntityOwner out.');
  });
});
