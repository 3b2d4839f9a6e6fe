import { Stack } from 'aws-cdk-lib';
import { Alias, Key } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { describe, expect, test } from 'vitest';
import { ChangeTopic } from '../../lib/change-topic.ts';
import type { DataProtectionProps } from '../../lib/data-protection.ts';
import { EntityOwner } from '../../lib/entity-owner.ts';
import { LocalCache } from '../../lib/local-cache.ts';
import { PipelineMonitoring } from '../../lib/monitoring/pipeline-monitoring.ts';
import { lab, shelf } from '../support/lab.ts';
import { appTemplates, propertiesOf, resourcesOf, stackTemplate } from '../support/shop.ts';
import type { Template } from '../support/table-writers.ts';

/** An owner, one whose database is elsewhere, a cache, and what watches them. */
function pipeline(protection: (stack: Stack) => DataProtectionProps = () => ({})): Template {
  return stackTemplate((stack) => {
    const given = protection(stack);
    const owner = new EntityOwner(stack, 'Owner', { boundary: lab, ...given });
    const cache = new LocalCache(stack, 'Cache', { boundary: shelf, sources: [owner], ...given });
    new ChangeTopic(stack, 'Elsewhere', { boundary: lab, ...given });
    new PipelineMonitoring(stack, 'Watch', { owners: [owner], caches: [cache] });
  });
}

const template = pipeline();
const all = (type: string, of = template) => resourcesOf(of, type);
const queues = all('AWS::SQS::Queue');
const tables = all('AWS::DynamoDB::Table');
const topics = all('AWS::SNS::Topic');
const functions = all('AWS::Lambda::Function');

/** Tables that hold nothing which the next minute or a backfill wouldn't bring. */
const isReplaceable = (id: string) => /Flow|^CacheTable/.test(id);

test('the pipeline has what is looked at here', () => {
  const counts = [queues, tables, topics, functions].map(({ length }) => length);
  expect(counts).toEqual([9, 6, 3, 7]);
});

describe('by default', () => {
  test('every queue is encrypted by SQS', () => {
    for (const [, { Properties }] of queues) expect(Properties).toMatchObject({ SqsManagedSseEnabled: true });
  });

  test('every queue and topic refuses what comes without TLS', () => {
    const refused = (type: string, of: 'Queues' | 'Topics') =>
      all(type).flatMap(([, { Properties }]) => {
        const denies = Properties.PolicyDocument.Statement.some(
          ({ Effect, Condition, Principal }: { Effect: string; Condition?: object; Principal: unknown }) =>
            Effect === 'Deny' && JSON.stringify([Condition, Principal]).includes('"aws:SecureTransport":"false"'),
        );
        return denies ? Properties[of].map(({ Ref }: { Ref: string }) => Ref) : [];
      });
    expect(refused('AWS::SQS::QueuePolicy', 'Queues').sort()).toEqual(queues.map(([id]) => id).sort());
    expect(refused('AWS::SNS::TopicPolicy', 'Topics').sort()).toEqual(topics.map(([id]) => id).sort());
  });

  test("what can't be had again stays when the stack goes, can't be deleted, and can be restored", () => {
    for (const [id, { Properties, DeletionPolicy, UpdateReplacePolicy }] of tables) {
      const isFlow = id.includes('Flow');
      expect([id, DeletionPolicy, UpdateReplacePolicy]).toEqual([id, ...Array(2).fill(isFlow ? 'Delete' : 'Retain')]);
      expect(Properties.DeletionProtectionEnabled).toBe(!isFlow);
      expect(Properties.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled).toBe(!isReplaceable(id));
    }
  });

  test('logs are kept for three months, whatever becomes of the stack', () => {
    const groups = all('AWS::Logs::LogGroup');
    expect(groups).toHaveLength(functions.length);
    for (const [, group] of groups) {
      expect(group).toMatchObject({ DeletionPolicy: 'Retain', Properties: { RetentionInDays: 90 } });
    }
  });

  test('every function is traced, and writes its own log only', () => {
    for (const [, { Properties }] of functions) expect(Properties.TracingConfig).toEqual({ Mode: 'Active' });
    for (const [, { Properties }] of all('AWS::IAM::Role')) expect(Properties.ManagedPolicyArns).toBeUndefined();
    const logged = all('AWS::IAM::Policy').map(([, { Properties }]) =>
      Properties.PolicyDocument.Statement.filter(({ Action }: { Action: unknown }) =>
        JSON.stringify(Action).includes('logs:'),
      ).map(({ Resource }: { Resource: Record<string, [string]> }) => Resource['Fn::GetAtt']?.[0]),
    );
    expect(logged.flat().sort()).toEqual(
      all('AWS::Logs::LogGroup')
        .map(([id]) => id)
        .sort(),
    );
    expect(logged).toHaveLength(functions.length);
  });

  test('no policy of a role allows all of an action or, but for what knows no narrower one, all of a resource', () => {
    const UNRESTRICTED = /^(xray:Put(TraceSegments|TelemetryRecords)|cloudwatch:GetMetricData|dynamodb:ListStreams)$/;
    for (const [, { Properties }] of all('AWS::IAM::Policy')) {
      for (const { Action, Resource } of Properties.PolicyDocument.Statement) {
        const actions = [Action].flat();
        expect(actions.filter((action) => action.includes('*'))).toEqual([]);
        if (JSON.stringify(Resource).includes('*')) expect(actions.filter((a) => !UNRESTRICTED.test(a))).toEqual([]);
      }
    }
  });

  test('what fails goes where it is seen: dead-letter queues of the type of their queue, and a destination of the stream', () => {
    const isFifo = (id: string) => propertiesOf(template, 'AWS::SQS::Queue', id).FifoQueue === true;
    const targetOf = (policy: { deadLetterTargetArn: { 'Fn::GetAtt': [string] } }) =>
      policy.deadLetterTargetArn['Fn::GetAtt'][0];
    expect(isFifo(targetOf(propertiesOf(template, 'AWS::SQS::Queue', 'CacheQueue').RedrivePolicy))).toBe(true);
    const subscription = propertiesOf(template, 'AWS::SNS::Subscription', 'CacheQueue');
    expect(isFifo(targetOf(subscription.RedrivePolicy))).toBe(true);
    const stream = propertiesOf(template, 'AWS::Lambda::EventSourceMapping', 'RelayDynamo');
    expect(isFifo(stream.DestinationConfig.OnFailure.Destination['Fn::GetAtt'][0])).toBe(false);
  });

  test('alarms go to an encrypted topic, each naming its entry of the runbook', () => {
    const alarms = [...all('AWS::CloudWatch::Alarm'), ...all('AWS::CloudWatch::CompositeAlarm')];
    expect(alarms.length).toBeGreaterThan(8);
    const [[topicId, { Properties: topic }] = ['', { Properties: {} }]] = topics.filter(([id]) =>
      id.startsWith('Watch'),
    );
    expect(topic.KmsMasterKeyId).toBeDefined();
    for (const [, { Properties }] of alarms) {
      expect(Properties.AlarmActions).toContainEqual({ Ref: topicId });
      expect(Properties.AlarmDescription).toContain('runbook');
    }
  });
});

describe('in development', () => {
  const development = pipeline(() => ({ stage: 'development' }));

  test('all goes with its stack, and logs are kept for a week', () => {
    const kept = [...all('AWS::DynamoDB::Table', development), ...all('AWS::Logs::LogGroup', development)];
    expect(kept).toHaveLength(tables.length + functions.length);
    for (const [, { Properties, DeletionPolicy }] of kept) {
      expect(DeletionPolicy).toBe('Delete');
      expect(Properties.DeletionProtectionEnabled ?? false).toBe(false);
      expect(Properties.RetentionInDays ?? 7).toBe(7);
    }
  });

  test('encryption, TLS and roles are as in production', () => {
    const same = ['AWS::SQS::QueuePolicy', 'AWS::SNS::TopicPolicy', 'AWS::SNS::Topic', 'AWS::IAM::Policy'];
    for (const type of same) expect(all(type, development)).toEqual(all(type));
  });
});

test('logs are kept as long as the props say', () => {
  const given = pipeline(() => ({ logRetention: RetentionDays.ONE_YEAR }));
  for (const [, { Properties }] of all('AWS::Logs::LogGroup', given)) expect(Properties.RetentionInDays).toBe(365);
});

test("a stage that isn't one is refused", () => {
  const stage = 'prod' as 'production';
  expect(() => pipeline(() => ({ stage }))).toThrow('stage: given: prod. One of: production, development.');
});

describe('with a key of the customer', () => {
  const encrypted = pipeline((stack) => ({ encryptionKey: new Key(stack, 'Key') }));
  const [keyId = ''] = all('AWS::KMS::Key', encrypted).find(([id]) => id.startsWith('Key')) ?? [];
  const arn = { 'Fn::GetAtt': [keyId, 'Arn'] };
  const ours = (type: string) => all(type, encrypted).filter(([id]) => !id.startsWith('Watch'));

  test('tables, queues, topics and logs are encrypted by it', () => {
    for (const [, { Properties }] of ours('AWS::DynamoDB::Table')) {
      expect(Properties.SSESpecification).toEqual({ SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: arn });
    }
    const byId = [...ours('AWS::SQS::Queue'), ...ours('AWS::SNS::Topic')];
    for (const [, { Properties }] of byId) expect(Properties.KmsMasterKeyId).toEqual(arn);
    for (const [, { Properties }] of ours('AWS::Logs::LogGroup')) expect(Properties.KmsKeyId).toEqual(arn);
    expect(byId).toHaveLength(queues.length + 2);
  });

  test('SNS may use it, for the queue and for the dead-letter queue of its subscription, and so may the logs', () => {
    const { Statement } = propertiesOf(encrypted, 'AWS::KMS::Key', keyId).KeyPolicy;
    const allowed = (service: RegExp) =>
      Statement.filter(({ Principal }: { Principal: object }) => service.test(JSON.stringify(Principal))).flatMap(
        ({ Action }: { Action: string[] }) => Action,
      );
    expect(allowed(/sns\.amazonaws/)).toEqual(expect.arrayContaining(['kms:Decrypt', 'kms:GenerateDataKey']));
    expect(allowed(/logs\./)).toEqual(expect.arrayContaining(['kms:Encrypt*', 'kms:Decrypt*', 'kms:GenerateDataKey*']));
  });

  test.each([
    ['OwnerRelayRole', /GenerateDataKey/],
    ['OwnerRepairRole', /GenerateDataKey/],
    ['OwnerFlowGovernorRole', /GenerateDataKey/],
    ['ElsewhereFlowGovernorRole', /GenerateDataKey/],
    ['CacheProjectorRole', /GenerateDataKey/],
    ['CacheRepairRole', /GenerateDataKey/],
    ['CacheReportRole', /GenerateDataKey/],
  ])('%s may decrypt with it, and encrypt what it writes', (role, encrypts) => {
    const { Statement } = propertiesOf(encrypted, 'AWS::IAM::Policy', role).PolicyDocument;
    const actions = Statement.filter(
      ({ Resource }: { Resource: unknown }) => JSON.stringify(Resource) === JSON.stringify(arn),
    ).flatMap(({ Action }: { Action: string | string[] }) => Action);
    expect(actions).toContain('kms:Decrypt');
    expect(actions.join()).toMatch(encrypts);
  });

  test('a key in a stack of its own, for owner and cache in theirs, refers to neither of them', () => {
    // New apps have the flag; by it the CDK's own subscription would let the key's policy name the topic that the key encrypts.
    const flags = { '@aws-cdk/aws-sns-subscriptions:restrictSqsDescryption': true };
    const { Keys } = appTemplates((app) => {
      const encryptionKey = new Key(new Stack(app, 'Keys'), 'Key');
      const owner = new EntityOwner(new Stack(app, 'Owner'), 'Owner', { boundary: lab, encryptionKey });
      const given = { sources: [owner], encryptionKey };
      const cache = new LocalCache(new Stack(app, 'Cache'), 'Cache', { boundary: shelf, ...given });
      new PipelineMonitoring(new Stack(app, 'Watch'), 'Watch', { owners: [owner], caches: [cache] });
    }, flags);
    const policy = JSON.stringify(propertiesOf(Keys, 'AWS::KMS::Key').KeyPolicy);
    expect(policy).toContain('sns.amazonaws.com');
    expect(policy).not.toMatch(/Fn::ImportValue|Changes/);
  });

  test("SNS may use it for topics of the owner's account only", () => {
    const { Statement } = propertiesOf(encrypted, 'AWS::KMS::Key', keyId).KeyPolicy;
    const [{ Condition }] = Statement.filter(({ Principal }: { Principal: object }) =>
      JSON.stringify(Principal).includes('sns.amazonaws'),
    );
    const [, parts] = Condition.ArnLike['aws:SourceArn']['Fn::Join'];
    expect(parts.slice(-2)).toEqual([{ Ref: 'AWS::AccountId' }, ':*']);
  });

  test('an alias is refused', () => {
    const alias = (stack: Stack) => Alias.fromAliasName(stack, 'Alias', 'alias/lab');
    expect(() => pipeline((stack) => ({ encryptionKey: alias(stack) }))).toThrow(
      'encryptionKey: given: an alias, alias/lab. Give the key itself',
    );
  });

  test('of an imported key it is said what its policy must allow', () => {
    const said: string[] = [];
    stackTemplate((stack) => {
      const encryptionKey = Key.fromKeyArn(
        stack,
        'Key',
        'arn:aws:kms:us-east-1:111122223333:key/12345678-1234-1234-1234-123456789012',
      );
      const owner = new EntityOwner(stack, 'Owner', {
        boundary: lab,
        encryptionKey,
        consumerAccounts: ['444455556666'],
      });
      for (const node of owner.node.findAll()) said.push(...node.node.metadata.map(({ data }) => String(data)));
    });
    expect(said.join('\n')).toMatch(/imported key.*logs\.\S+ do kms:Encrypt\*/);
    expect(said.join('\n')).toMatch(/imported key.*accounts 444455556666 do kms:Decrypt, kms:GenerateDataKey\./);
  });
});

describe('highThroughput', () => {
  const high = stackTemplate((stack) => {
    const owner = new EntityOwner(stack, 'Owner', { boundary: lab, highThroughput: true });
    new LocalCache(stack, 'Cache', { boundary: shelf, sources: [owner], highThroughput: true });
  });

  test("of an owner raises its topic's quota to the account's", () => {
    expect(propertiesOf(high, 'AWS::SNS::Topic')).toMatchObject({ FifoThroughputScope: 'MessageGroup' });
    expect(propertiesOf(template, 'AWS::SNS::Topic', 'Owner').FifoThroughputScope).toBeUndefined();
  });

  test('of a cache counts by message group, with the deduplication that it needs', () => {
    expect(propertiesOf(high, 'AWS::SQS::Queue', 'CacheQueue')).toMatchObject({
      FifoThroughputLimit: 'perMessageGroupId',
      DeduplicationScope: 'messageGroup',
    });
    expect(propertiesOf(template, 'AWS::SQS::Queue', 'CacheQueue').FifoThroughputLimit).toBeUndefined();
  });
});
