import { Stack } from 'aws-cdk-lib';
import { Alias, Key } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { describe, expect, test } from 'vitest';
import { ChangeTopic } from '../../lib/change-topic.ts';
import type { DataProtectionProps } from '../../lib/data-protection.ts';
import { EntityOwner } from '../../lib/entity-owner.ts';
import { LocalCache } from '../../lib/local-cache.ts';
import { PipelineMonitoring } from '../../lib/monitoring/pipeline-monitoring.ts';
import { catalogue } from '../support/boundaries.ts';
import { lab, shelf } from '../support/lab.ts';
import { appTemplates, propertiesOf, resourcesOf, stackTemplate } from '../support/shop.ts';
import type { Template } from '../support/table-writers.ts';
import { watchedFactsAsIs } from '../support/watched-facts.ts';

/** Synthesises an owner, an owner whose database isn't DynamoDB, a cache, and their monitoring. */
function pipeline(protection: (stack: Stack) => DataProtectionProps = () => ({})): Template {
  return stackTemplate((stack) => {
    const given = protection(stack);
    const owner = new EntityOwner(stack, 'Owner', { boundary: lab, ...given });
    const cache = new LocalCache(stack, 'Cache', { boundary: shelf, sources: [owner], ...given });
    new ChangeTopic(stack, 'Elsewhere', { boundary: catalogue, ...given });
    new PipelineMonitoring(stack, 'Watch', { owners: [owner], caches: [cache] });
  });
}

const template = pipeline();
const all = (type: string, of = template) => resourcesOf(of, type);
const queues = all('AWS::SQS::Queue');
const tables = all('AWS::DynamoDB::Table');
const topics = all('AWS::SNS::Topic');
const functions = all('AWS::Lambda::Function');

/** Whether a table holds only data that the next minute or a backfill restores. */
const isReplaceable = (id: string) => /Flow|^CacheTable/.test(id);

test('the pipeline of this file has ten queues, six tables, three topics and seven functions', () => {
  const counts = [queues, tables, topics, functions].map(({ length }) => length);
  expect(counts).toEqual([10, 6, 3, 7]);
});

describe('a pipeline by default', () => {
  test('by default, every queue is encrypted by SQS', () => {
    for (const [, { Properties }] of queues) expect(Properties).toMatchObject({ SqsManagedSseEnabled: true });
  });

  test('by default, every queue and topic refuses requests without TLS', () => {
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

  test('by default, irreplaceable tables outlive their stack, are protected from deletion, and can be restored', () => {
    for (const [id, { Properties, DeletionPolicy, UpdateReplacePolicy }] of tables) {
      const isFlow = id.includes('Flow');
      expect([id, DeletionPolicy, UpdateReplacePolicy]).toEqual([id, ...Array(2).fill(isFlow ? 'Delete' : 'Retain')]);
      expect(Properties.DeletionProtectionEnabled).toBe(!isFlow);
      expect(Properties.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled).toBe(!isReplaceable(id));
    }
  });

  test('by default, logs are kept for three months, even if the stack is deleted', () => {
    const groups = all('AWS::Logs::LogGroup');
    expect(groups).toHaveLength(functions.length);
    for (const [, group] of groups) {
      expect(group).toMatchObject({ DeletionPolicy: 'Retain', Properties: { RetentionInDays: 90 } });
    }
  });

  test('by default, every function is traced and writes to its own log only', () => {
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

  test('no role has a wildcard action, or a wildcard resource for an action that accepts a narrower one', () => {
    const UNRESTRICTED = /^(xray:Put(TraceSegments|TelemetryRecords)|cloudwatch:GetMetricData|dynamodb:ListStreams)$/;
    for (const [, { Properties }] of all('AWS::IAM::Policy')) {
      for (const { Action, Resource } of Properties.PolicyDocument.Statement) {
        const actions = [Action].flat();
        expect(actions.filter((action) => action.includes('*'))).toEqual([]);
        if (JSON.stringify(Resource).includes('*')) expect(actions.filter((a) => !UNRESTRICTED.test(a))).toEqual([]);
      }
    }
  });

  test('queue and subscription have a dead-letter queue of their type, and the stream a failure destination', () => {
    const isFifo = (id: string) => propertiesOf(template, 'AWS::SQS::Queue', id).FifoQueue === true;
    const targetOf = (policy: { deadLetterTargetArn: { 'Fn::GetAtt': [string] } }) =>
      policy.deadLetterTargetArn['Fn::GetAtt'][0];
    expect(isFifo(targetOf(propertiesOf(template, 'AWS::SQS::Queue', 'CacheQueue').RedrivePolicy))).toBe(true);
    const subscription = propertiesOf(template, 'AWS::SNS::Subscription', 'CacheQueue');
    expect(isFifo(targetOf(subscription.RedrivePolicy))).toBe(true);
    const stream = propertiesOf(template, 'AWS::Lambda::EventSourceMapping', 'RelayStream');
    expect(isFifo(stream.DestinationConfig.OnFailure.Destination['Fn::GetAtt'][0])).toBe(false);
  });

  test('every alarm goes to an encrypted topic and names its runbook entry', () => {
    const alarms = [...all('AWS::CloudWatch::Alarm'), ...all('AWS::CloudWatch::CompositeAlarm')];
    expect(alarms.length).toBeGreaterThan(8);
    const [[topicId, { Properties: topic }] = ['', { Properties: {} }]] = topics.filter(([id]) =>
      id.startsWith('Monitoring'),
    );
    expect(topic.KmsMasterKeyId).toBeDefined();
    for (const [, { Properties }] of alarms) {
      expect(Properties.AlarmActions).toContainEqual({ Ref: topicId });
      expect(Properties.AlarmDescription).toContain('runbook');
    }
  });
});

describe('a pipeline in development', () => {
  const development = pipeline(() => ({ stage: 'development' }));

  test('in development, tables and logs are deleted with their stack, and logs are kept for a week', () => {
    const kept = [...all('AWS::DynamoDB::Table', development), ...all('AWS::Logs::LogGroup', development)];
    expect(kept).toHaveLength(tables.length + functions.length);
    for (const [, { Properties, DeletionPolicy }] of kept) {
      expect(DeletionPolicy).toBe('Delete');
      expect(Properties.DeletionProtectionEnabled ?? false).toBe(false);
      expect(Properties.RetentionInDays ?? 7).toBe(7);
    }
  });

  test('in development, encryption, TLS and roles are the same as in production', () => {
    const same = ['AWS::SQS::QueuePolicy', 'AWS::SNS::TopicPolicy', 'AWS::SNS::Topic', 'AWS::IAM::Policy'];
    for (const type of same) expect(all(type, development)).toEqual(all(type));
  });
});

test('logs are kept as long as logRetention says', () => {
  const given = pipeline(() => ({ logRetention: RetentionDays.ONE_YEAR }));
  for (const [, { Properties }] of all('AWS::Logs::LogGroup', given)) expect(Properties.RetentionInDays).toBe(365);
});

test('an unknown stage is refused', () => {
  const stage = 'prod' as 'production';
  expect(() => pipeline(() => ({ stage }))).toThrow('stage: unknown: prod. Allowed: production, development.');
});

describe('a customer-managed key', () => {
  const encrypted = pipeline((stack) => ({ encryptionKey: new Key(stack, 'Key') }));
  const [keyId = ''] = all('AWS::KMS::Key', encrypted).find(([id]) => id.startsWith('Key')) ?? [];
  const arn = { 'Fn::GetAtt': [keyId, 'Arn'] };
  const ours = (type: string) => all(type, encrypted).filter(([id]) => !id.startsWith('Monitoring'));

  test('a customer-managed key encrypts tables, queues, topics and logs', () => {
    for (const [, { Properties }] of ours('AWS::DynamoDB::Table')) {
      expect(Properties.SSESpecification).toEqual({ SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: arn });
    }
    const byId = [...ours('AWS::SQS::Queue'), ...ours('AWS::SNS::Topic')];
    for (const [, { Properties }] of byId) expect(Properties.KmsMasterKeyId).toEqual(arn);
    for (const [, { Properties }] of ours('AWS::Logs::LogGroup')) expect(Properties.KmsKeyId).toEqual(arn);
    expect(byId).toHaveLength(queues.length + 2);
  });

  test('SNS and CloudWatch Logs may use a customer-managed key', () => {
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
    ['OwnerFlowGovernorRoleDefaultPolicyLab', /GenerateDataKey/],
    ['OwnerFlowGovernorRoleDefaultPolicyCatalogue', /GenerateDataKey/],
    ['CacheProjectorRole', /GenerateDataKey/],
    ['CacheRepairRole', /GenerateDataKey/],
    ['CacheReportRole', /GenerateDataKey/],
  ])('%s may decrypt with a customer-managed key, and encrypt what the function writes', (role, encrypts) => {
    const { Statement } = propertiesOf(encrypted, 'AWS::IAM::Policy', role).PolicyDocument;
    const actions = Statement.filter(
      ({ Resource }: { Resource: unknown }) => JSON.stringify(Resource) === JSON.stringify(arn),
    ).flatMap(({ Action }: { Action: string | string[] }) => Action);
    expect(actions).toContain('kms:Decrypt');
    expect(actions.join()).toMatch(encrypts);
  });

  test('a key in its own stack refers neither to the stack of the owner nor to the stack of the cache', () => {
    // New apps set this flag. With it, the CDK's own subscription would name the topic in the policy of the topic's
    // key.
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

  test("SNS may use a customer-managed key only for topics of the owner's account", () => {
    const { Statement } = propertiesOf(encrypted, 'AWS::KMS::Key', keyId).KeyPolicy;
    const [{ Condition }] = Statement.filter(({ Principal }: { Principal: object }) =>
      JSON.stringify(Principal).includes('sns.amazonaws'),
    );
    const [, parts] = Condition.ArnLike['aws:SourceArn']['Fn::Join'];
    expect(parts.slice(-2)).toEqual([{ Ref: 'AWS::AccountId' }, ':*']);
  });

  test('an alias is refused as a customer-managed key', () => {
    const alias = (stack: Stack) => Alias.fromAliasName(stack, 'Alias', 'alias/lab');
    expect(() => pipeline((stack) => ({ encryptionKey: alias(stack) }))).toThrow(
      'encryptionKey: an alias: alias/lab. Allowed: the key itself',
    );
  });

  test('a warning says what the policy of an imported key must allow', () => {
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
    expect(said.join('\n')).toMatch(/key is imported.*logs\.\S+ the actions kms:Encrypt\*/);
    expect(said.join('\n')).toMatch(
      /key is imported.*accounts 444455556666 the actions kms:Decrypt, kms:GenerateDataKey\./,
    );
  });
});

describe('throughput', () => {
  test("highThroughput raises the limit of an owner's topic to the account's quota", () => {
    const high = stackTemplate((stack) => {
      new EntityOwner(stack, 'Owner', { boundary: lab, highThroughput: true });
    });
    expect(propertiesOf(high, 'AWS::SNS::Topic')).toMatchObject({ FifoThroughputScope: 'MessageGroup' });
    expect(propertiesOf(template, 'AWS::SNS::Topic', 'OwnerChangesLab').FifoThroughputScope).toBeUndefined();
  });

  const facts = watchedFactsAsIs();
  const fifoQueues = [...queues, ...resourcesOf(facts, 'AWS::SQS::Queue')].filter(
    ([, { Properties }]) => Properties.FifoQueue === true,
  );

  test('throughput and deduplication of every FIFO queue count per message group, those of facts too', () => {
    // Three fact queues: one of a handler, one of a saga, one of the saga's effects.
    expect(
      new Set(fifoQueues.map(([id]) => /^(Cache|FactQueue)(DeadLetters|Queue|Undelivered)/.exec(id)?.[0])),
    ).toEqual(new Set(['Cache', 'FactQueue'].flatMap((of) => [`${of}DeadLetters`, `${of}Queue`, `${of}Undelivered`])));
    expect(fifoQueues).toHaveLength(15);
    for (const [id, { Properties }] of fifoQueues) {
      const { FifoThroughputLimit, DeduplicationScope } = Properties;
      expect([id, FifoThroughputLimit, DeduplicationScope]).toEqual([id, 'perMessageGroupId', 'messageGroup']);
    }
  });

  test('every dead-letter queue takes the largest message of SQS', () => {
    const deadLetterQueues = fifoQueues.filter(([id]) => /DeadLetters|Undelivered/.test(id));
    expect(deadLetterQueues).toHaveLength(10);
    for (const [id, { Properties }] of deadLetterQueues) {
      expect([id, Properties.MaximumMessageSize]).toEqual([id, 1024 * 1024]);
    }
  });
});
