import { App, Stack } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { describe, expect, test } from 'vitest';
import { ChangeTopic } from '../../lib/change-topic.ts';
import { EntityOwner } from '../../lib/entity-owner.ts';
import { ImportedSource, type ImportedSourceProps } from '../../lib/imported-source.ts';
import { LocalCache } from '../../lib/local-cache.ts';
import { lab, shelf } from '../support/lab.ts';
import { propertiesOf, resourcesOf, stackTemplate, statementsOf } from '../support/shop.ts';

const OWNER = '111122223333';
const CONSUMERS = ['444455556666', '777788889999'];
const source: Omit<ImportedSourceProps, 'boundary'> = {
  topicArn: `arn:aws:sns:eu-west-1:${OWNER}:Lab-Changes.fifo`,
  resyncQueueArn: `arn:aws:sqs:eu-west-1:${OWNER}:Lab-Resync`,
  reportQueueArn: `arn:aws:sqs:eu-west-1:${OWNER}:Lab-Reports`,
};
const encryptionKeyArn = `arn:aws:kms:eu-west-1:${OWNER}:key/12345678-1234-1234-1234-123456789012`;

describe('a cache with an imported owner', () => {
  const template = stackTemplate((stack) => {
    const imported = new ImportedSource(stack, 'Lab', { boundary: lab, ...source, encryptionKeyArn });
    new LocalCache(stack, 'Cache', { boundary: shelf, sources: [imported] });
  });

  test('a cache with an imported owner subscribes its queue to the topic, by type and with a dead-letter queue', () => {
    expect(propertiesOf(template, 'AWS::SNS::Subscription')).toMatchObject({
      TopicArn: source.topicArn,
      Protocol: 'sqs',
      RawMessageDelivery: true,
      FilterPolicy: { type: ['Thing', 'Other', 'freshet:page'], to: [{ exists: false }, 'shelf'] },
      RedrivePolicy: { deadLetterTargetArn: expect.anything() },
    });
  });

  test("only the imported owner's topic can send to the cache's queue and its dead-letter queue", () => {
    for (const queue of ['CacheQueue', 'CacheUndelivered']) {
      const { Statement } = propertiesOf(template, 'AWS::SQS::QueuePolicy', queue).PolicyDocument;
      expect(Statement).toContainEqual(
        expect.objectContaining({
          Principal: { Service: 'sns.amazonaws.com' },
          Action: 'sqs:SendMessage',
          Condition: { ArnEquals: { 'aws:SourceArn': [source.topicArn] } },
        }),
      );
    }
  });

  test("a cache can request resyncs and report in the account of an imported owner, with the owner's key", () => {
    const sends = (arn: string) => ({ resource: arn, actions: ['sqs:SendMessage'] });
    const key = { resource: encryptionKeyArn, actions: ['kms:Decrypt', 'kms:GenerateDataKey'] };
    expect(statementsOf(template, 'CacheRepairRole')).toEqual(
      expect.arrayContaining([sends(source.resyncQueueArn), key]),
    );
    expect(statementsOf(template, 'CacheReportRole')).toEqual(
      expect.arrayContaining([sends(source.reportQueueArn), key]),
    );
    const { RESYNC_QUEUES } = propertiesOf(template, 'AWS::Lambda::Function', 'CacheRepair').Environment.Variables;
    expect(JSON.stringify(RESYNC_QUEUES)).toMatch(/sqs\.eu-west-1.*111122223333\/Lab-Resync/);
  });
});

describe.each([
  ['EntityOwner', EntityOwner],
  ['ChangeTopic', ChangeTopic],
])('%s with consumer accounts', (name, Owner) => {
  const template = stackTemplate((stack) => {
    const encryptionKey = new Key(stack, 'Key');
    new Owner(stack, 'Owner', { boundary: lab, consumerAccounts: CONSUMERS, encryptionKey });
  });
  const roots = CONSUMERS.map((account) =>
    expect.objectContaining({ 'Fn::Join': ['', expect.arrayContaining([`:iam::${account}:root`])] }),
  );

  test(`the topic of ${name} lets each consumer account subscribe its own queues and nothing else`, () => {
    const { Statement } = propertiesOf(template, 'AWS::SNS::TopicPolicy').PolicyDocument;
    const theirs = Statement.filter(({ Effect }: { Effect: string }) => Effect === 'Allow');
    const region = { Ref: 'AWS::Region' };
    expect(theirs).toMatchObject([
      ...CONSUMERS.map((account, index) => ({
        Action: 'sns:Subscribe',
        Principal: { AWS: roots[index] },
        Condition: {
          StringEquals: { 'sns:Protocol': 'sqs' },
          StringLike: {
            'sns:Endpoint': {
              'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':sqs:', region, `:${account}:*`]],
            },
          },
        },
      })),
      { Action: 'sns:GetTopicAttributes', Principal: { AWS: roots } },
    ]);
  });

  test(`${name} lets its consumer accounts request resyncs and report, and send to no other queue`, () => {
    const open = resourcesOf(template, 'AWS::SQS::QueuePolicy').filter(([, { Properties }]) =>
      JSON.stringify(Properties).includes(CONSUMERS[0] ?? ''),
    );
    expect(open.map(([id]) => id.replace(/Policy\w+$/, '')).sort()).toEqual(['OwnerFlowReports', 'OwnerResync']);
    for (const [, { Properties }] of open) {
      expect(Properties.PolicyDocument.Statement).toContainEqual(
        expect.objectContaining({ Effect: 'Allow', Action: 'sqs:SendMessage', Principal: { AWS: roots } }),
      );
    }
  });

  test(`${name} lets its consumer accounts use the key through SQS`, () => {
    const { Statement } = propertiesOf(template, 'AWS::KMS::Key').KeyPolicy;
    expect(Statement).toContainEqual(
      expect.objectContaining({
        Principal: { AWS: roots },
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        Condition: { StringEquals: { 'kms:ViaService': expect.anything() } },
      }),
    );
  });

  test(`${name} writes the props of ImportedSource into an output`, () => {
    const [, output] = Object.entries(template.Outputs ?? {}).find(([id]) => id.startsWith('OwnerSource')) ?? [];
    const text = JSON.stringify(output);
    for (const prop of ['topicArn', 'resyncQueueArn', 'reportQueueArn', 'encryptionKeyArn'])
      expect(text).toContain(prop);
  });
});

test.each(['4444', '44445555666x', '', '*'])('the consumer account %j is refused', (account) => {
  const build = () =>
    stackTemplate((stack) => new EntityOwner(stack, 'Owner', { boundary: lab, consumerAccounts: [account] }));
  expect(build).toThrow(
    `consumerAccounts: not an account id: "${account}". Allowed: ids of AWS accounts, 12 digits each, that are known`,
  );
});

test('50 consumer accounts are refused, because the policy of a queue accepts no more than 49', () => {
  const accounts = (length: number) => Array.from({ length }, (_, index) => String(100_000_000_000 + index));
  const build = (length: number) =>
    stackTemplate((stack) => new EntityOwner(stack, 'Owner', { boundary: lab, consumerAccounts: accounts(length) }));
  expect(() => build(49)).not.toThrow();
  expect(() => build(50)).toThrow('consumerAccounts: too many: 50. Allowed: at most 49');
});

test('an owner in another account is refused as a source, and the error names ImportedSource', () => {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
  const stackOf = (account: string) => new Stack(app, `In${account}`, { env: { region: 'eu-west-1', account } });
  const owner = new EntityOwner(stackOf(OWNER), 'Owner', { boundary: lab });
  const build = () => new LocalCache(stackOf(CONSUMERS[0] ?? ''), 'Cache', { boundary: shelf, sources: [owner] });
  expect(build).toThrow(/sources: lab is in another account or region: aws:\/\/111122223333.*ImportedSource/);
});

test.each<[string, Partial<ImportedSourceProps>, RegExp]>([
  [
    'of another service',
    { topicArn: source.resyncQueueArn },
    /topicArn: not an ARN of sns: arn:aws:sqs.*Allowed: an ARN of sns/,
  ],
  ['of a standard topic', { topicArn: source.topicArn.replace('.fifo', '') }, /name ends in \.fifo/],
  [
    'of another region',
    { reportQueueArn: source.reportQueueArn.replace('eu-', 'us-') },
    /in region us-west-1.*eu-west-1/,
  ],
  ["that isn't an ARN", { resyncQueueArn: 'Lab-Resync' }, /resyncQueueArn: not an ARN of sqs: Lab-Resync/],
  ['of an alias of a key', { encryptionKeyArn: 'alias/lab' }, /encryptionKeyArn: not an ARN of kms: alias\/lab/],
])('ImportedSource refuses an ARN %s', (_, wrong, message) => {
  const stack = new Stack(new App(), 'Test', { env: { region: 'eu-west-1', account: CONSUMERS[0] ?? '' } });
  expect(() => new ImportedSource(stack, 'Lab', { boundary: lab, ...source, ...wrong })).toThrow(message);
});
