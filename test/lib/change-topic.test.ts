import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { describe, expect, test } from 'vitest';
import { ChangeTopic } from '../../lib/change-topic.ts';
import { LocalCache } from '../../lib/local-cache.ts';
import { lab, shelf } from '../support/lab.ts';
import { propertiesOf, resourcesOf, stackTemplate, statementsOf } from '../support/shop.ts';

describe('ChangeTopic', () => {
  const template = stackTemplate((stack) => {
    const owner = new ChangeTopic(stack, 'Owner', { boundary: lab, maySlowOwner: { shelf: { highWater: 500 } } });
    new LocalCache(stack, 'Cache', { boundary: shelf, sources: [owner] });
    owner.grantPublish(new Role(stack, 'Writer', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }));
  });
  const [[topic = ''] = []] = resourcesOf(template, 'AWS::SNS::Topic');
  const [flowTable = ''] =
    resourcesOf(template, 'AWS::DynamoDB::Table').find(([id]) => id.startsWith('OwnerFlow')) ?? [];

  test('a ChangeTopic has a FIFO topic without content-based deduplication', () => {
    expect(propertiesOf(template, 'AWS::SNS::Topic')).toMatchObject({ FifoTopic: true });
    expect(propertiesOf(template, 'AWS::SNS::Topic').ContentBasedDeduplication).not.toBe(true);
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

  test('a cache can subscribe to a ChangeTopic, report to it and request states from it', () => {
    expect(propertiesOf(template, 'AWS::SNS::Subscription').TopicArn).toEqual({ Ref: topic });
    const { Variables } = propertiesOf(template, 'AWS::Lambda::Function', 'CacheReport').Environment;
    expect(JSON.stringify(Variables.REPORT_QUEUES)).toMatch(/OwnerFlowReports/);
    const repair = propertiesOf(template, 'AWS::Lambda::Function', 'CacheRepair').Environment;
    expect(JSON.stringify(repair.Variables.RESYNC_QUEUES)).toMatch(/OwnerResync/);
  });
});
