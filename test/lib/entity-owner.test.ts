import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { describe, expect, test } from 'vitest';
import { MAX_MESSAGE_BYTES } from '../../core/relay/message.ts';
import { EntityOwner } from '../../lib/entity-owner.ts';
import { lab, shelf } from '../support/lab.ts';
import { propertiesOf, resourcesOf, shopTemplates, stackTemplate, statementsOf } from '../support/shop.ts';

const { Geography } = shopTemplates();

describe('the owner of Geography', () => {
  const mapping = propertiesOf(Geography, 'AWS::Lambda::EventSourceMapping', 'RelayStream');
  const queues = resourcesOf(Geography, 'AWS::SQS::Queue');
  const [failureQueueId, failureQueue] = queues.find(([id]) => id.includes('RelayFailures')) ?? [];

  test("an owner's table has the keys partition and id, a stream of old and new images, and can be restored", () => {
    expect(propertiesOf(Geography, 'AWS::DynamoDB::Table', 'OwnerTable')).toMatchObject({
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'id', KeyType: 'RANGE' },
      ],
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
  });

  test("an owner's table never expires an item, because the item holds the version counter", () => {
    expect(propertiesOf(Geography, 'AWS::DynamoDB::Table', 'OwnerTable').TimeToLiveSpecification).toBeUndefined();
  });

  test('an owner publishes to a FIFO topic without content-based deduplication', () => {
    const topic = propertiesOf(Geography, 'AWS::SNS::Topic');
    expect(topic).toMatchObject({
      ...{ FifoTopic: true, ContentBasedDeduplication: false },
      MaximumMessageSize: String(MAX_MESSAGE_BYTES),
    });
  });

  test('a relay reads the stream from its start, retries until records expire, and resumes at a failed record', () => {
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

  test('stream records that Lambda gives up on go to a standard queue that keeps them for 14 days', () => {
    expect(mapping.DestinationConfig.OnFailure.Destination).toEqual({ 'Fn::GetAtt': [failureQueueId, 'Arn'] });
    expect(failureQueue?.Properties).toMatchObject({ MessageRetentionPeriod: 14 * 24 * 60 * 60 });
    expect(failureQueue?.Properties.FifoQueue).toBeUndefined();
  });

  test('a relay runs on Node 24 on arm64', () => {
    const relay = propertiesOf(Geography, 'AWS::Lambda::Function', 'Relay');
    expect(relay).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
  });
});

describe('EntityOwner', () => {
  const template = stackTemplate((stack) => {
    const owner = new EntityOwner(stack, 'Owner', { boundary: lab });
    owner.grantWrite(new Role(stack, 'Writer', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }));
  });

  test('grantWrite allows commits, reads and flow control, but not removing or replacing an item', () => {
    const [flowTable = ''] = resourcesOf(template, 'AWS::DynamoDB::Table').find(([id]) => id.includes('Flow')) ?? [];
    const [table = ''] =
      resourcesOf(template, 'AWS::DynamoDB::Table').find(([id]) => id.startsWith('OwnerTable')) ?? [];
    expect(statementsOf(template, 'Writer')).toEqual([
      { resource: flowTable, actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'] },
      { resource: table, actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'] },
    ]);
  });

  test("by default, an owner's table stays when its stack is deleted", () => {
    const [, table] = resourcesOf(template, 'AWS::DynamoDB::Table').find(([id]) => id.startsWith('OwnerTable')) ?? [];
    expect(table).toMatchObject({ DeletionPolicy: 'Retain' });
  });

  test('an owner refuses a boundary that owns nothing and says what to do', () => {
    const build = () => stackTemplate((stack) => new EntityOwner(stack, 'Owner', { boundary: shelf }));
    expect(build).toThrow('boundary: shelf owns no entity type. Declare one under "owns", or leave EntityOwner out.');
  });
});
