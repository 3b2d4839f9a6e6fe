import { Duration, NestedStack, type Stack } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { describe, expect, test } from 'vitest';
import { PROJECTOR_METRICS } from '../../../core/metrics.ts';
import { EntityOwner, type EntityOwnerProps } from '../../../lib/entity-owner.ts';
import { LocalCache } from '../../../lib/local-cache.ts';
import type { PipelineMonitoringProps } from '../../../lib/monitoring/monitoring-props.ts';
import { PipelineMonitoring } from '../../../lib/monitoring/pipeline-monitoring.ts';
import { lab, shelf } from '../../support/lab.ts';
import { propertiesOf, resourcesOf, shopTemplates, stackTemplate } from '../../support/shop.ts';

const CLOUDWATCH = { Service: 'cloudwatch.amazonaws.com' };
const OWN_ACCOUNT = { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } };

/** An owner and its cache, watched. */
function watched(
  props: (stack: Stack, owner: EntityOwner, cache: LocalCache) => Partial<PipelineMonitoringProps> = () => ({}),
  ownerProps: Partial<EntityOwnerProps> = {},
) {
  return stackTemplate((stack) => {
    const owner = new EntityOwner(stack, 'Owner', { boundary: lab, ...ownerProps });
    const cache = new LocalCache(stack, 'Cache', { boundary: shelf, sources: [owner] });
    new PipelineMonitoring(stack, 'Monitoring', { owners: [owner], caches: [cache], ...props(stack, owner, cache) });
  });
}

const alarmNames = (template: ReturnType<typeof watched>) =>
  resourcesOf(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => String(Properties.AlarmName));

describe('the topic that is made here', () => {
  const { Monitoring } = shopTemplates();
  const topic = propertiesOf(Monitoring, 'AWS::SNS::Topic');
  const [[keyId, key] = []] = resourcesOf(Monitoring, 'AWS::KMS::Key');

  test('is encrypted with a key of its own, which is rotated', () => {
    expect(topic.KmsMasterKeyId).toEqual({ 'Fn::GetAtt': [keyId, 'Arn'] });
    expect(key?.Properties.EnableKeyRotation).toBe(true);
  });

  test('lets CloudWatch use the key and publish, for alarms of its own account', () => {
    expect(key?.Properties.KeyPolicy.Statement).toContainEqual({
      Effect: 'Allow',
      Principal: CLOUDWATCH,
      Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
      Resource: '*',
      Condition: OWN_ACCOUNT,
    });
    const { Statement } = propertiesOf(Monitoring, 'AWS::SNS::TopicPolicy').PolicyDocument;
    expect(Statement).toContainEqual(
      expect.objectContaining({ Effect: 'Allow', Principal: CLOUDWATCH, Action: 'sns:Publish' }),
    );
    expect(Statement.find(({ Effect }: { Effect: string }) => Effect === 'Allow').Condition).toMatchObject(OWN_ACCOUNT);
  });

  test('takes nothing without TLS', () => {
    const { Statement } = propertiesOf(Monitoring, 'AWS::SNS::TopicPolicy').PolicyDocument;
    expect(Statement).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
  });
});

describe('PipelineMonitoring', () => {
  test('takes a topic, and then makes none and no key', () => {
    const template = watched((stack) => ({ alarmTopic: new Topic(stack, 'Given') }));
    const [[topicId] = []] = resourcesOf(template, 'AWS::SNS::Topic').filter(([id]) => id.startsWith('Given'));
    expect(resourcesOf(template, 'AWS::KMS::Key')).toEqual([]);
    for (const [, { Properties }] of resourcesOf(template, 'AWS::CloudWatch::Alarm')) {
      expect(Properties.AlarmActions).toContainEqual({ Ref: topicId });
    }
  });

  test('subscribes a mail address', () => {
    const template = watched(() => ({ alarmEmail: 'oncall@example.com' }));
    const found = resourcesOf(template, 'AWS::SNS::Subscription').map(([, { Properties }]) => Properties);
    expect(found).toContainEqual(expect.objectContaining({ Protocol: 'email', Endpoint: 'oncall@example.com' }));
  });

  test("leaves out what is of flow control where no cache may slow the owner, and each alarm's name begins with the stack's", () => {
    const ofFlow = ['reports-missing', 'writers-slowed', 'writers-refused'].map((kind) => `Test-lab-${kind}`);
    const without = alarmNames(watched());
    const withFlow = alarmNames(watched(undefined, { maySlowOwner: { shelf: {} } }));
    expect(withFlow.filter((name) => !without.includes(name))).toEqual(ofFlow);
    expect(without.every((name) => name.startsWith('Test-'))).toBe(true);
  });

  test('goes by its objectives, its minutes, its runbook and its names', () => {
    const template = watched(() => ({
      objectives: { leadTime: Duration.seconds(10), staleness: Duration.minutes(20) },
      inflowMinutes: 30,
      runbookUrl: 'https://example.com/runbook',
      namePrefix: 'prod',
      dashboardName: 'reference-data',
      hottestGroups: false,
    }));
    const alarm = (kind: string) =>
      resourcesOf(template, 'AWS::CloudWatch::Alarm').find(
        ([, { Properties }]) => Properties.AlarmName === `prod-${kind}`,
      )?.[1].Properties;
    expect(alarm('shelf-lead-time')).toMatchObject({
      Threshold: 10_000,
      Metrics: [{ MetricStat: { Stat: 'p99', Metric: { MetricName: PROJECTOR_METRICS.leadTime } } }],
    });
    expect(alarm('lab-relay-delay')).toMatchObject({ Threshold: 10_000, TreatMissingData: 'breaching' });
    expect(alarm('shelf-staleness')).toMatchObject({ Threshold: 1200, TreatMissingData: 'breaching' });
    expect(alarm('shelf-inflow-above-outflow')).toMatchObject({ EvaluationPeriods: 30, DatapointsToAlarm: 24 });
    expect(alarm('shelf-stalled').AlarmDescription).toMatch(/ Runbook: https:\/\/example\.com\/runbook#stalled$/);
    expect(propertiesOf(template, 'AWS::CloudWatch::CompositeAlarm').AlarmRule).toContain(
      'ALARM("prod-shelf-stalled")',
    );
    expect(propertiesOf(template, 'AWS::CloudWatch::Dashboard').DashboardName).toBe('reference-data');
    expect(resourcesOf(template, 'AWS::CloudWatch::InsightRule')).toEqual([]);
  });

  test.each<
    [string, (stack: Stack, owner: EntityOwner, cache: LocalCache) => Partial<PipelineMonitoringProps>, string]
  >([
    [
      'nothing to watch',
      () => ({ owners: [], caches: [] }),
      'owners, caches, factTopics, factQueues, sagas: given: none. Give at least one of them to watch.',
    ],
    [
      'a cache twice',
      (_, __, cache) => ({ caches: [cache, cache] }),
      'caches: given: shelf twice. Each once: its alarms are named by it.',
    ],
    [
      'an owner twice',
      (_, owner) => ({ owners: [owner, owner] }),
      'owners: given: lab twice. Each once: its alarms are named by it.',
    ],
    [
      'too short a lead time',
      () => ({ objectives: { leadTime: Duration.millis(500) } }),
      'objectives.leadTime: given: 500 millis. From 1 second to 1 day: ',
    ],
    [
      'too short a staleness',
      () => ({ objectives: { staleness: Duration.minutes(1) } }),
      'objectives.staleness: given: 1 minute. From 3 minutes to 7 days: heartbeats come once a minute',
    ],
    [
      'too long a staleness',
      () => ({ objectives: { staleness: Duration.days(8) } }),
      'objectives.staleness: given: 8 days. From 3 minutes to 7 days: ',
    ],
    ['a part of a minute', () => ({ inflowMinutes: 7.5 }), 'inflowMinutes: given: 7.5. An integer from 5 to 120: '],
    ['too few minutes', () => ({ inflowMinutes: 4 }), 'inflowMinutes: given: 4. An integer from 5 to 120: '],
    ['too many minutes', () => ({ inflowMinutes: 121 }), 'inflowMinutes: given: 121. An integer from 5 to 120: '],
    [
      'topic and address',
      (stack) => ({ alarmTopic: new Topic(stack, 'Given'), alarmEmail: 'a@b.c' }),
      'alarmEmail: given with alarmTopic. Give one of them: ',
    ],
    [
      'no mail address',
      () => ({ alarmEmail: 'oncall' }),
      'alarmEmail: given: oncall. A mail address, such as oncall@example.com.',
    ],
    [
      'a runbook with a fragment',
      () => ({ runbookUrl: 'docs/runbook.md#top' }),
      'runbookUrl: given: docs/runbook.md#top. Without spaces or a fragment: each alarm adds its own.',
    ],
    [
      'too long a runbook',
      () => ({ runbookUrl: 'x'.repeat(401) }),
      "runbookUrl: given: 401 characters. At most 400: it is part of each alarm's description.",
    ],
    [
      'a prefix with spaces',
      () => ({ namePrefix: 'my shop' }),
      'namePrefix: given: my shop. Letters, digits, - and _, up to 128 characters.',
    ],
    [
      'too long a dashboard name',
      () => ({ dashboardName: 'x'.repeat(256) }),
      'Letters, digits, - and _, up to 255 characters.',
    ],
  ])('refuses %s and says what is allowed', (_, props, message) => {
    expect(() => watched(props)).toThrow(message);
  });

  test('asks for a prefix where the name of the stack is only known when it is deployed', () => {
    const build = () =>
      stackTemplate((stack) => {
        const owner = new EntityOwner(stack, 'Owner', { boundary: lab });
        new PipelineMonitoring(new NestedStack(stack, 'Nested'), 'Monitoring', { owners: [owner], caches: [] });
      });
    expect(build).toThrow("namePrefix: given: a value that isn't known yet. Give namePrefix");
  });
});
