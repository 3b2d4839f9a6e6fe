import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { type FixtureStack, removeFolders, temporaryFolder, writeAssembly } from './provision/assembly-fixture.ts';

const relay = `
  import { SNSClient, PublishCommand } from '@aws-sdk/client-sns';
  const sns = new SNSClient();
  export async function handler({ Records }) {
    for (const { dynamodb } of Records) {
      const [pk, n] = [dynamodb.NewImage.pk.S, dynamodb.NewImage.n.N];
      await sns.send(new PublishCommand({
        TopicArn: process.env.TOPIC_ARN, Message: JSON.stringify({ pk, n }),
        MessageGroupId: pk, MessageDeduplicationId: pk + '.' + n,
        MessageAttributes: { type: { DataType: 'String', StringValue: pk.split('-')[0] } },
      }));
    }
  }`;

const projector = `
  import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
  const dynamodb = new DynamoDBClient();
  export async function handler({ Records }) {
    for (const { body } of Records) {
      const { pk, n } = JSON.parse(body);
      await dynamodb.send(new UpdateItemCommand({
        TableName: process.env.TABLE, Key: { pk: { S: pk } },
        UpdateExpression: 'SET #seen = list_append(if_not_exists(#seen, :none), :n)',
        ExpressionAttributeNames: { '#seen': 'seen' },
        ExpressionAttributeValues: { ':none': { L: [] }, ':n': { L: [{ N: n }] } },
      }));
    }
    console.log(JSON.stringify({
      _aws: { CloudWatchMetrics: [{ Namespace: 'Test', Dimensions: [['cache']], Metrics: [{ Name: 'applied' }] }] },
      cache: 'c', applied: Records.length,
    }));
  }`;

const table = (stream: boolean) => ({
  Type: 'AWS::DynamoDB::Table',
  Properties: {
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    ...(stream && { StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' } }),
  },
});
const fn = (asset: string, variables: object) => ({
  Type: 'AWS::Lambda::Function',
  Properties: {
    Code: { S3Key: `${asset}.zip` },
    Handler: 'index.handler',
    Timeout: 20,
    MemorySize: 256,
    Environment: { Variables: variables },
  },
});

const owner: FixtureStack = {
  Resources: {
    Table: table(true),
    Topic: { Type: 'AWS::SNS::Topic', Properties: { FifoTopic: true } },
    Relay: fn('relay', { TOPIC_ARN: { Ref: 'Topic' } }),
    RelayMapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: {
        FunctionName: { Ref: 'Relay' },
        EventSourceArn: { 'Fn::GetAtt': ['Table', 'StreamArn'] },
        StartingPosition: 'TRIM_HORIZON',
      },
    },
  },
  Outputs: {
    Table: { Value: { Ref: 'Table' } },
    Topic: { Value: { Ref: 'Topic' }, Export: { Name: 'Owner:Topic' } },
  },
};
const cache: FixtureStack = {
  dependencies: ['Owner'],
  Resources: {
    Table: table(false),
    Queue: { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: true, VisibilityTimeout: 120 } },
    Subscription: {
      Type: 'AWS::SNS::Subscription',
      Properties: {
        TopicArn: { 'Fn::ImportValue': 'Owner:Topic' },
        Endpoint: { 'Fn::GetAtt': ['Queue', 'Arn'] },
        Protocol: 'sqs',
        RawMessageDelivery: true,
        FilterPolicy: { type: ['country'] },
      },
    },
    Projector: fn('projector', { TABLE: { Ref: 'Table' } }),
    ProjectorMapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: {
        FunctionName: { Ref: 'Projector' },
        EventSourceArn: { 'Fn::GetAtt': ['Queue', 'Arn'] },
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        ScalingConfig: { MaximumConcurrency: 2 },
      },
    },
  },
  Outputs: { Table: { Value: { Ref: 'Table' } } },
};

let cloud: LocalCloud;
let dynamodb: DynamoDBClient;
let assembly = '';

async function bundle(contents: string): Promise<string> {
  const folder = temporaryFolder();
  await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('../..', import.meta.url)) },
    outfile: join(folder, 'index.js'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
  });
  return folder;
}

beforeAll(async () => {
  const bundles = { relay: await bundle(relay), projector: await bundle(projector) };
  assembly = writeAssembly({ Cache: cache, Owner: owner }, bundles);
  cloud = await startLocalCloud({ assembly, iam: 'off' });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  dynamodb = new DynamoDBClient({ endpoint: cloud.endpoints.dynamodb, region: cloud.region, credentials });
});
afterAll(async () => {
  dynamodb.destroy();
  await cloud.stop();
  removeFolders();
});

async function put(pk: string, n: number): Promise<void> {
  const TableName = cloud.outputs.Owner?.Table;
  await dynamodb.send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, n: { N: String(n) } } }));
}

async function seen(pk: string): Promise<number[] | undefined> {
  const TableName = cloud.outputs.Cache?.Table;
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName, Key: { pk: { S: pk } }, ConsistentRead: true }));
  return Item?.seen?.L?.map(({ N }) => Number(N));
}

test('a change travels from the table through stream, topic and queue to the cache, in order per item', async () => {
  const versions = [...Array(20).keys()];
  for (const n of versions) await Promise.all(['country-a', 'country-b', 'currency-c'].map((pk) => put(pk, n)));
  await cloud.idle();
  expect(await seen('country-a')).toEqual(versions);
  expect(await seen('country-b')).toEqual(versions);
  expect(await seen('currency-c')).toBeUndefined();
  expect(cloud.metrics.query({ metric: 'applied', dimensions: { cache: 'c' } })).toMatchObject({ sum: 40 });
});

test('idle does not wait for the messages of a stopped function, which arrive once the function runs again', async () => {
  cloud.functions.setReservedConcurrency('Owner-Relay', 0);
  await put('country-d', 1);
  await cloud.idle();
  expect(await seen('country-d')).toBeUndefined();
  cloud.functions.setReservedConcurrency('Owner-Relay', undefined);
  await cloud.idle();
  expect(await seen('country-d')).toEqual([1]);
});

test('a stop ends a running wait for idle', async () => {
  const other = await startLocalCloud({ assembly, iam: 'off' });
  other.functions.setReservedConcurrency('Cache-Projector', 0);
  const waiting = other.idle();
  await other.stop();
  await waiting;
  await expect(fetch(other.endpoints.sqs)).rejects.toThrow();
  await expect(fetch(other.endpoints.dynamodb)).rejects.toThrow();
});

test('if a part cannot be started, the parts that were started are stopped', async () => {
  const progress: string[] = [];
  const broken = {
    ...cache,
    Resources: { ...cache.Resources, Broken: { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 43_201 } } },
  };
  const folder = writeAssembly({ Owner: owner, Cache: broken }, { relay: assembly, projector: assembly });
  await expect(
    startLocalCloud({ assembly: folder, iam: 'off', onProgress: (line) => progress.push(line) }),
  ).rejects.toThrow('VisibilityTimeout');
  const urls = progress.flatMap((line) => line.match(/http:\S+/g) ?? []);
  expect(urls).toHaveLength(2);
  for (const url of urls) await expect(fetch(url)).rejects.toThrow();
});

test('a folder without an assembly is refused with an error that says what to do', async () => {
  await expect(startLocalCloud({ assembly: '/nowhere' })).rejects.toThrow('Run cdk synth');
});
