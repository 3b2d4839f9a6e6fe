import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { type LocalCloud, startLocalCloud } from '../../../local/cloud.ts';
import { readAssembly } from '../../../local/provision/assembly.ts';
import { removeFolders, temporaryFolder, writeAssembly } from './assembly-fixture.ts';

let cloud: LocalCloud | undefined;
afterEach(async () => {
  await cloud?.stop();
  cloud = undefined;
});

afterAll(removeFolders);

async function start(stacks: Parameters<typeof writeAssembly>[0], bundles?: Record<string, string>) {
  cloud = await startLocalCloud({ assembly: writeAssembly(stacks, bundles) });
  return cloud;
}

const queue = (properties: object = {}) => ({ Type: 'AWS::SQS::Queue', Properties: properties });

const trust = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };
const role = (properties: object = {}) => ({
  Type: 'AWS::IAM::Role',
  Properties: { AssumeRolePolicyDocument: { Statement: [trust] }, ...properties },
});

test('stacks are read in the order of their dependencies', () => {
  const none = { Resources: {} };
  const folder = writeAssembly({ A: { ...none, dependencies: ['B'] }, B: { ...none, dependencies: ['C'] }, C: none });
  expect(readAssembly(folder).map(({ name }) => name)).toEqual(['C', 'B', 'A']);
});

test('Ref and GetAtt return the values of CloudFormation', async () => {
  const { outputs, endpoints } = await start({
    S: {
      Resources: {
        Q: queue(),
        T: { Type: 'AWS::SNS::Topic', Properties: { FifoTopic: true } },
        D: {
          Type: 'AWS::DynamoDB::Table',
          Properties: {
            KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
            AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
            StreamSpecification: { StreamViewType: 'KEYS_ONLY' },
            TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
            PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
            SSESpecification: { SSEEnabled: true },
            DeletionProtectionEnabled: true,
          },
        },
      },
      Outputs: {
        QueueUrl: { Value: { Ref: 'Q' } },
        QueueArn: { Value: { 'Fn::GetAtt': ['Q', 'Arn'] } },
        TopicArn: { Value: { Ref: 'T' } },
        TopicName: { Value: { 'Fn::GetAtt': ['T', 'TopicName'] } },
        TableName: { Value: { Ref: 'D' } },
        StreamArn: { Value: { 'Fn::GetAtt': ['D', 'StreamArn'] } },
      },
    },
  });
  expect(outputs).toEqual({
    S: {
      QueueUrl: `${endpoints.sqs}/000000000000/S-Q`,
      QueueArn: 'arn:aws:sqs:us-east-1:000000000000:S-Q',
      TopicArn: 'arn:aws:sns:us-east-1:000000000000:S-T.fifo',
      TopicName: 'S-T.fifo',
      TableName: 'S-D',
      StreamArn: expect.stringMatching(/^arn:aws:dynamodb:.*:table\/S-D\/stream\//),
    },
  });
});

test('a resource is created after the resources that it refers to, and long names are shortened', async () => {
  const long = 'X'.repeat(90);
  const { messaging } = await start({
    S: {
      Resources: {
        A: queue({
          FifoQueue: true,
          RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': [long, 'Arn'] }, maxReceiveCount: 3 },
        }),
        [long]: queue({ FifoQueue: true, MessageRetentionPeriod: 1209600 }),
      },
    },
  });
  const [dead, first] = messaging.queues.list();
  expect(dead?.name).toMatch(/^S-X+-[0-9a-f]{8}\.fifo$/);
  expect(dead?.name).toHaveLength(80);
  expect(first?.settings().redrive).toEqual({ deadLetterTargetArn: dead?.arn, maxReceiveCount: 3 });
});

test('a stack can import the exports of another stack', async () => {
  const { outputs } = await start({
    User: {
      Resources: {},
      Outputs: { Seen: { Value: { 'Fn::ImportValue': 'Owner:Q' } } },
      dependencies: ['Owner'],
    },
    Owner: {
      Resources: { Q: queue({ QueueName: 'named' }) },
      Outputs: { Q: { Value: { 'Fn::GetAtt': ['Q', 'QueueName'] }, Export: { Name: 'Owner:Q' } } },
    },
  });
  expect(outputs.User).toEqual({ Seen: 'named' });
});

test('resources that are not emulated are counted, can be referred to, and are left out by their condition', async () => {
  const { notEmulated, outputs, messaging } = await start({
    S: {
      Conditions: { Never: { 'Fn::Equals': [1, 2] } },
      Resources: {
        K: { Type: 'AWS::KMS::Key' },
        D: { Type: 'AWS::CloudWatch::Dashboard' },
        D2: { Type: 'AWS::CloudWatch::Dashboard' },
        Q: { ...queue(), Condition: 'Never' },
      },
      Outputs: { Key: { Value: { 'Fn::GetAtt': ['K', 'Arn'] } } },
    },
  });
  expect(notEmulated).toEqual({ 'AWS::KMS::Key': 1, 'AWS::CloudWatch::Dashboard': 2 });
  expect(outputs.S?.Key).toMatch(/^arn:aws:kms:/);
  expect(messaging.queues.list()).toEqual([]);
});

test('a resource of an unknown type is left out, and a function that names it gets a stand-in', async () => {
  const bundle = temporaryFolder();
  writeFileSync(
    join(bundle, 'index.mjs'),
    'export const handler = async () => [process.env.BUCKET, process.env.POOL];',
  );
  const Variables = { BUCKET: { Ref: 'B' }, POOL: { 'Fn::GetAtt': ['P', 'Arn'] } };
  const Properties = {
    Handler: 'index.handler',
    Runtime: 'nodejs24.x',
    Code: { S3Key: 'abc.zip' },
    Environment: { Variables },
    Role: { 'Fn::GetAtt': ['R', 'Arn'] },
  };
  const { leftOut, functions } = await start(
    {
      S: {
        Resources: {
          F: { Type: 'AWS::Lambda::Function', Properties },
          R: role(),
          B: { Type: 'AWS::S3::Bucket' },
          P: { Type: 'AWS::Cognito::UserPool' },
          M: { Type: 'AWS::CDK::Metadata' },
        },
      },
    },
    { abc: bundle },
  );
  expect(leftOut).toEqual([
    { path: 'S/B', type: 'AWS::S3::Bucket' },
    { path: 'S/P', type: 'AWS::Cognito::UserPool' },
  ]);
  const payload = ['S-B', 'arn:aws:cognito:us-east-1:000000000000:S-P'];
  expect(await functions.invoke('S-F', {})).toEqual({ ok: true, payload });
});

test('a function that cannot run here is left out with the resources that connect it, and with the reason', async () => {
  const Properties = { Handler: 'index.handler', Runtime: 'python3.13', Code: { ZipFile: 'def handler(): pass' } };
  const { leftOut, messaging } = await start({
    S: {
      Resources: {
        F: { Type: 'AWS::Lambda::Function', Properties },
        Q: queue(),
        M: {
          Type: 'AWS::Lambda::EventSourceMapping',
          Properties: { FunctionName: { Ref: 'F' }, EventSourceArn: { 'Fn::GetAtt': ['Q', 'Arn'] } },
        },
      },
    },
  });
  expect(leftOut).toEqual([
    {
      path: 'S/F',
      type: 'AWS::Lambda::Function',
      reason: expect.stringContaining('only code in an asset runs locally'),
    },
    { path: 'S/M', type: 'AWS::Lambda::EventSourceMapping', reason: 'F is left out' },
  ]);
  expect(messaging.queues.list()).toHaveLength(1);
});

test('a managed policy that is not emulated is left out of its role', async () => {
  const ManagedPolicyArns = ['arn:aws:iam::aws:policy/ReadOnlyAccess'];
  const { leftOut } = await start({ S: { Resources: { R: role({ ManagedPolicyArns }) } } });
  expect(leftOut).toEqual([
    {
      path: 'S/R',
      type: 'AWS::IAM::Role',
      reason: expect.stringContaining('ReadOnlyAccess, which grants nothing locally'),
    },
  ]);
});

test('a stack reads an output of a stack before it by Fn::GetStackOutput', async () => {
  const { outputs } = await start({
    A: {
      Resources: { Q: queue({ QueueName: 'first' }) },
      Outputs: { Name: { Value: { 'Fn::GetAtt': ['Q', 'QueueName'] } } },
    },
    B: {
      Resources: {},
      Outputs: { Read: { Value: { 'Fn::GetStackOutput': { StackName: 'A', OutputName: 'Name' } } } },
    },
  });
  expect(outputs.B?.Read).toBe('first');
});

test('an invalid property is refused with an error that names its resource', async () => {
  const starting = start({ S: { Resources: { Q: queue({ VisibilityTimeout: 43_201 }) } } });
  await expect(starting).rejects.toThrow(/S\/Q \(AWS::SQS::Queue\) cannot be created locally: .*VisibilityTimeout/);
});

test('a property that cannot be read is refused with its resource, its path, what is given and what is allowed', async () => {
  const starting = start({ S: { Resources: { Q: queue({ FifoQueue: 'maybe' }) } } });
  await expect(starting).rejects.toThrow(
    'S/Q (AWS::SQS::Queue) cannot be created locally: Properties.FifoQueue is "maybe". Allowed: true or false',
  );
});

test('a mapping whose role is read only in part is left out, because the missing permission may be in the other part', async () => {
  const bundle = temporaryFolder();
  writeFileSync(join(bundle, 'index.mjs'), 'export const handler = async () => {};');
  const { leftOut } = await start(
    {
      S: {
        Resources: {
          R: role({ ManagedPolicyArns: ['arn:aws:iam::aws:policy/AmazonSQSFullAccess'] }),
          F: {
            Type: 'AWS::Lambda::Function',
            Properties: {
              Handler: 'index.handler',
              Code: { S3Key: 'abc.zip' },
              Role: { 'Fn::GetAtt': ['R', 'Arn'] },
            },
          },
          Q: queue(),
          M: {
            Type: 'AWS::Lambda::EventSourceMapping',
            Properties: { FunctionName: { Ref: 'F' }, EventSourceArn: { 'Fn::GetAtt': ['Q', 'Arn'] } },
          },
        },
      },
    },
    { abc: bundle },
  );
  expect(leftOut.map(({ path }) => path)).toEqual(['S/R', 'S/M']);
  expect(leftOut[1]?.reason).toContain('does not have permissions to call ReceiveMessage on SQS');
});

test('a mapping that a newer assembly gives a filter is removed, so that it does not run without the filter', async () => {
  const bundle = temporaryFolder();
  writeFileSync(join(bundle, 'index.mjs'), 'export const handler = async () => {};');
  const assembly = (more: object) =>
    writeAssembly(
      {
        S: {
          Resources: {
            F: {
              Type: 'AWS::Lambda::Function',
              Properties: { Handler: 'index.handler', Code: { S3Key: 'abc.zip' } },
            },
            Q: queue(),
            M: {
              Type: 'AWS::Lambda::EventSourceMapping',
              Properties: { FunctionName: { Ref: 'F' }, EventSourceArn: { 'Fn::GetAtt': ['Q', 'Arn'] }, ...more },
            },
          },
        },
      },
      { abc: bundle },
    );
  cloud = await startLocalCloud({ assembly: assembly({}), iam: 'off' });
  const changes = await cloud.apply(assembly({ FilterCriteria: { Filters: [{ Pattern: '{"body":["a"]}' }] } }));
  expect(changes.done).toContain('removed S/M (AWS::Lambda::EventSourceMapping)');
  expect(cloud.leftOut).toEqual([
    {
      path: 'S/M',
      type: 'AWS::Lambda::EventSourceMapping',
      reason: 'FilterCriteria is not emulated, so the function gets no records',
    },
  ]);
  cloud.messaging.queues.require('S-Q').send({ body: 'x' });
  await cloud.idle();
  expect(cloud.functions.functions()).toMatchObject([{ name: 'S-F', invocations: 0 }]);
});

test('a subscription with an operator that is not emulated is left out with the reason', async () => {
  const FilterPolicy = { address: [{ cidr: '10.0.0.0/8' }] };
  const { leftOut } = await start({
    S: {
      Resources: {
        T: { Type: 'AWS::SNS::Topic' },
        Q: queue(),
        Sub: {
          Type: 'AWS::SNS::Subscription',
          Properties: {
            TopicArn: { Ref: 'T' },
            Endpoint: { 'Fn::GetAtt': ['Q', 'Arn'] },
            Protocol: 'sqs',
            FilterPolicy,
          },
        },
      },
    },
  });
  const reason = 'FilterPolicy: address: cidr is not emulated';
  expect(leftOut).toEqual([{ path: 'S/Sub', type: 'AWS::SNS::Subscription', reason }]);
});

test('a circular reference is refused with an error that shows the circle', async () => {
  const referring = (id: string) => queue({ QueueName: { 'Fn::GetAtt': [id, 'QueueName'] } });
  const starting = start({ S: { Resources: { A: referring('B'), B: referring('A') } } });
  await expect(starting).rejects.toThrow('circular reference A → B → A');
});

test('a function runs with its resolved environment, from the asset of its S3 key', async () => {
  const bundle = temporaryFolder();
  writeFileSync(join(bundle, 'main.mjs'), 'export const run = async () => [process.env.Q, process.env.N];');
  const { functions } = await start(
    {
      S: {
        Resources: {
          F: {
            Type: 'AWS::Lambda::Function',
            Properties: {
              Code: { S3Key: 'abc.zip' },
              Handler: 'main.run',
              Environment: { Variables: { Q: { 'Fn::GetAtt': ['Q', 'QueueName'] }, N: 1 } },
              Role: { 'Fn::GetAtt': ['R', 'Arn'] },
            },
          },
          Q: queue(),
          R: role(),
        },
      },
    },
    { abc: bundle },
  );
  expect(await functions.invoke('S-F', {})).toEqual({ ok: true, payload: ['S-Q', '1'] });
});

const functionUrl = (given: object) => ({
  S: {
    Resources: { U: { Type: 'AWS::Lambda::Url', Properties: { TargetFunctionArn: 'f', AuthType: 'NONE', ...given } } },
  },
});

test.each<[string, object, string]>([
  [
    'with response streaming',
    { InvokeMode: 'RESPONSE_STREAM' },
    'the InvokeMode RESPONSE_STREAM is not emulated. Emulated: BUFFERED',
  ],
  ['for an alias', { Qualifier: 'live' }, 'aliases are not emulated. Given as Qualifier: live'],
])('a function URL %s is left out with the reason', async (_, given, reason) => {
  const { leftOut } = await start(functionUrl(given));
  expect(leftOut).toEqual([{ path: 'S/U', type: 'AWS::Lambda::Url', reason }]);
});

test('a function URL of a function that is not part of the app is left out with the reason', async () => {
  const { leftOut } = await start(functionUrl({}));
  const reason = 'the function f is not part of the app';
  expect(leftOut).toEqual([{ path: 'S/U', type: 'AWS::Lambda::Url', reason }]);
});
