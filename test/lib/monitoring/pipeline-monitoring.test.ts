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

/** Synthesises an owner and its cache with their monitoring. */
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

const RUNBOOK_ALLOWED =
  'Allowed: a URL that begins with https:// or http://, without spaces or a fragment, which each alarm adds.';

describe('the created alarm topic', () => {
  const { Monitoring } = shopTemplates();
  const topic = propertiesOf(Monitoring, 'AWS::SNS::Topic');
  const [[keyId, key] = []] = resourcesOf(Monitoring, 'AWS::KMS::Key');

  test('the alarm topic that PipelineMonitoring creates is encrypted with its own key, which is rotated', () => {
    expect(topic.KmsMasterKeyId).toEqual({ 'Fn::GetAtt': [keyId, 'Arn'] });
    expect(key?.Properties.EnableKeyRotation).toBe(true);
  });

  test('the alarm topic that PipelineMonitoring creates lets CloudWatch publish alarms of its account', () => {
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

  test('the alarm topic that PipelineMonitoring creates refuses requests without TLS', () => {
    const { Statement } = propertiesOf(Monitoring, 'AWS::SNS::TopicPolicy').PolicyDocument;
    expect(Statement).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
  });
});

describe('PipelineMonitoring', () => {
  test('PipelineMonitoring uses a given alarm topic and then creates no topic and no key', () => {
    const template = watched((stack) => ({ alarmTopic: new Topic(stack, 'Given') }));
    const [[topicId] = []] = resourcesOf(template, 'AWS::SNS::Topic').filter(([id]) => id.startsWith('Given'));
    expect(resourcesOf(template, 'AWS::KMS::Key')).toEqual([]);
    for (const [, { Properties }] of resourcesOf(template, 'AWS::CloudWatch::Alarm')) {
      expect(Properties.AlarmActions).toContainEqual({ Ref: topicId });
    }
  });

  test('PipelineMonitoring subscribes the given email address to the topic', () => {
    const template = watched(() => ({ alarmEmail: 'oncall@example.com' }));
    const found = resourcesOf(template, 'AWS::SNS::Subscription').map(([, { Properties }]) => Properties);
    expect(found).toContainEqual(expect.objectContaining({ Protocol: 'email', Endpoint: 'oncall@example.com' }));
  });

  test('an owner that no cache may slow has no flow control alarms, and alarm names begin with the stack name', () => {
    const ofFlow = ['reports-missing', 'writers-slowed', 'writers-refused'].map((kind) => `Test-lab-${kind}`);
    const without = alarmNames(watched());
    const withFlow = alarmNames(watched(undefined, { maySlowOwner: { shelf: {} } }));
    expect(withFlow.filter((name) => !without.includes(name))).toEqual(ofFlow);
    expect(without.every((name) => name.startsWith('Test-'))).toBe(true);
  });

  test('PipelineMonitoring uses the given objectives, inflow minutes, runbook URL, prefix and dashboard name', () => {
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
      'props without a construct to watch',
      () => ({ owners: [], caches: [] }),
      'owners, caches, factTopics, factQueues, sagas: nothing to watch was given. Give at least one construct',
    ],
    [
      'a cache that is given twice',
      (_, __, cache) => ({ caches: [cache, cache] }),
      'caches: shelf was given twice. Give each name once: the alarms are named after it.',
    ],
    [
      'an owner that is given twice',
      (_, owner) => ({ owners: [owner, owner] }),
      'owners: lab was given twice. Give each name once: the alarms are named after it.',
    ],
    [
      'a lead time that is too short',
      () => ({ objectives: { leadTime: Duration.millis(500) } }),
      'objectives.leadTime: given: 500 millis. Allowed: 1 second to 1 day, ',
    ],
    [
      'a staleness that is too short',
      () => ({ objectives: { staleness: Duration.minutes(1) } }),
      'objectives.staleness: given: 1 minute. Allowed: 3 minutes to 7 days, because heartbeats arrive once a minute',
    ],
    [
      'a staleness that is too long',
      () => ({ objectives: { staleness: Duration.days(8) } }),
      'objectives.staleness: given: 8 days. Allowed: 3 minutes to 7 days, ',
    ],
    [
      'inflowMinutes with a fraction',
      () => ({ inflowMinutes: 7.5 }),
      'inflowMinutes: given: 7.5. Allowed: an integer from 5 to 120. ',
    ],
    [
      'inflowMinutes below 5',
      () => ({ inflowMinutes: 4 }),
      'inflowMinutes: given: 4. Allowed: an integer from 5 to 120. ',
    ],
    [
      'inflowMinutes above 120',
      () => ({ inflowMinutes: 121 }),
      'inflowMinutes: given: 121. Allowed: an integer from 5 to 120. ',
    ],
    [
      'an alarm topic together with an email address',
      (stack) => ({ alarmTopic: new Topic(stack, 'Given'), alarmEmail: 'a@b.c' }),
      'alarmEmail: given together with alarmTopic. Give one of them: ',
    ],
    [
      'an invalid email address',
      () => ({ alarmEmail: 'oncall' }),
      'alarmEmail: given: oncall. Allowed: an email address, such as oncall@example.com.',
    ],
    [
      'a runbook URL with a fragment',
      () => ({ runbookUrl: 'https://example.com/runbook#top' }),
      `runbookUrl: given: https://example.com/runbook#top. ${RUNBOOK_ALLOWED}`,
    ],
    [
      'a runbook URL that is relative',
      () => ({ runbookUrl: 'docs/runbook.md' }),
      `runbookUrl: given: docs/runbook.md. ${RUNBOOK_ALLOWED}`,
    ],
    [
      'a runbook URL that is too long',
      () => ({ runbookUrl: `https://${'x'.repeat(393)}` }),
      "runbookUrl: given: 401 characters. Allowed: at most 400, because it is part of each alarm's description.",
    ],
    [
      'a prefix with spaces',
      () => ({ namePrefix: 'my shop' }),
      'namePrefix: given: my shop. Allowed: letters, digits, - and _, up to 128 characters.',
    ],
    [
      'a dashboard name that is too long',
      () => ({ dashboardName: 'x'.repeat(256) }),
      'Allowed: letters, digits, - and _, up to 255 characters.',
    ],
  ])('PipelineMonitoring refuses %s and says what is allowed', (_, props, message) => {
    expect(() => watched(props)).toThrow(message);
  });

  test('PipelineMonitoring requires a prefix if the stack name is only known at deployment', () => {
    const build = () =>
      stackTemplate((stack) => {
        const owner = new EntityOwner(stack, 'Owner', { boundary: lab });
        new PipelineMonitoring(new NestedStack(stack, 'Nested'), 'Monitoring', { owners: [owner], caches: [] });
      });
    expect(build).toThrow("namePrefix: given: a value that isn't known yet. Give namePrefix");
  });
});
