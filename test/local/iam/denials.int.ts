import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient, ExecuteStatementCommand, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';
import { SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloudWatch } from '../../../local/cloudwatch/cloudwatch.ts';
import { createMetricStore } from '../../../local/cloudwatch/metric-store.ts';
import { type Access, createAccess } from '../../../local/iam/access.ts';
import type { Denial } from '../../../local/iam/denial.ts';
import { readPolicy } from '../../../local/iam/statement.ts';
import { type DynamoDbGateway, startDynamoDbGateway } from '../../../local/wire/dynamodb-gateway.ts';
import { startWire, type Wire } from '../../../local/wire/server.ts';
import { type VirtualAccount, virtualAccount } from '../fifo/virtual-account.ts';

const place = { region: 'eu-central-1', accountId: '000000000000' };
const roleArn = 'arn:aws:iam::000000000000:role/writer-role';
const functionArn = 'arn:aws:lambda:eu-central-1:000000000000:function:other';
const queueUrl = (wire: Wire) => `${wire.url}/000000000000/orders`;

let account: VirtualAccount;
let access: Access;
let told: Denial[];
let wire: Wire;
let gateway: DynamoDbGateway;
let engine: Server;
/** The requests that reached the engine. */
let asked: string[];
const clients: { destroy(): void }[] = [];

beforeEach(async () => {
  account = virtualAccount();
  account.messaging.createQueue('orders');
  account.messaging.createTopic('changes');
  told = [];
  access = createAccess({ place, onDenial: (denial) => told.push(denial) });
  access.addRole(roleArn);
  const trust = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };
  access.protect(roleArn, readPolicy({ Statement: trust }, 'Trust').statements);
  access.assume('writer', roleArn);
  const counts = { running: 0, invocations: 0, errors: 0, timeouts: 0, throttles: 0, coldStarts: 0 };
  const functions = {
    functions: () => [{ name: 'other', arn: functionArn, stopped: false, ...counts }],
    invoke: async () => ({ ok: true, payload: 'done' }) as const,
    invokeLater: () => undefined,
    setReservedConcurrency: () => undefined,
    definition: () => Promise.reject(new Error('not called')) as never,
    redeploy: () => undefined,
  };
  const { messaging } = account;
  const metrics = createMetricStore();
  const cloudWatch = createCloudWatch({
    messaging,
    functions,
    metrics,
    ...place,
    minuteMs: 60_000,
    onFailure: () => {},
  });
  wire = await startWire({
    messaging,
    functions: () => functions,
    cloudWatch: () => cloudWatch,
    guard: access,
  });
  asked = [];
  engine = createServer((request, response) => {
    asked.push(`${request.headers['x-amz-target']}`);
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}');
  });
  await new Promise<void>((resolve) => engine.listen(0, '127.0.0.1', resolve));
  gateway = await startDynamoDbGateway(`http://127.0.0.1:${(engine.address() as AddressInfo).port}`, access);
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await Promise.all([wire.close(), gateway.close(), new Promise((resolve) => engine.close(resolve))]);
});

type Credentials = { readonly accessKeyId: string; readonly secretAccessKey: string };

function configured(credentials: Credentials | undefined = access.credentialsOf('writer'), endpoint = wire.url) {
  if (credentials === undefined) throw new Error('no credentials');
  return { endpoint, region: place.region, credentials, maxAttempts: 1 };
}

function opened<T extends { destroy(): void }>(client: T): T {
  clients.push(client);
  return client;
}

const sqs = (credentials?: Credentials) => opened(new SQSClient(configured(credentials)));
const sns = () => opened(new SNSClient(configured()));
const dynamoDb = (credentials?: Credentials) => opened(new DynamoDBClient(configured(credentials, gateway.url)));

const grant = (Action: string, Resource: string) =>
  access.grant(roleArn, readPolicy({ Statement: { Effect: 'Allow', Action, Resource } }, 'Test').statements);

interface Refusal {
  readonly name: string;
  readonly message: string;
  readonly status: number | undefined;
}

function refusalOf(request: Promise<unknown>): Promise<Refusal> {
  return request.then(
    () => ({ name: 'none', message: '', status: 200 }),
    ({ name, message, $metadata }) => ({ name, message, status: $metadata?.httpStatusCode }),
  );
}

const user = 'arn:aws:sts::000000000000:assumed-role/writer-role/writer';
const ARN = {
  queue: 'arn:aws:sqs:eu-central-1:000000000000:orders',
  topic: 'arn:aws:sns:eu-central-1:000000000000:changes',
  table: 'arn:aws:dynamodb:eu-central-1:000000000000:table/countries',
};

describe('calls that a role does not allow', () => {
  const batch = [{ Id: '1', MessageBody: 'x' }];
  test.each<[string, string, string, string, number, () => Promise<unknown>]>([
    [
      'SQS',
      'sqs:SendMessage',
      ARN.queue,
      'AccessDeniedException',
      403,
      () => sqs().send(new SendMessageBatchCommand({ QueueUrl: queueUrl(wire), Entries: batch })),
    ],
    [
      'SNS',
      'sns:Publish',
      ARN.topic,
      'AuthorizationErrorException',
      403,
      () =>
        sns().send(
          new PublishBatchCommand({ TopicArn: ARN.topic, PublishBatchRequestEntries: [{ Id: '1', Message: 'x' }] }),
        ),
    ],
    [
      'Lambda',
      'lambda:InvokeFunction',
      functionArn,
      'AccessDeniedException',
      403,
      () => opened(new LambdaClient(configured())).send(new InvokeCommand({ FunctionName: 'other' })),
    ],
    [
      'CloudWatch',
      'cloudwatch:GetMetricData',
      '*',
      'AccessDeniedException',
      403,
      () =>
        opened(new CloudWatchClient(configured())).send(
          new GetMetricDataCommand({ StartTime: new Date(0), EndTime: new Date(1), MetricDataQueries: [] }),
        ),
    ],
    [
      'DynamoDB',
      'dynamodb:Query',
      `${ARN.table}/index/region`,
      'AccessDeniedException',
      400,
      () => dynamoDb().send(new QueryCommand({ TableName: 'countries', IndexName: 'region' })),
    ],
  ])("a function's call to %s without a grant for %s fails as on AWS and names the missing statement", async (_, action, resource, name, status, request) => {
    const refusal = await refusalOf(request());
    expect(refusal).toMatchObject({ name, status });
    expect(refusal.message).toContain(`User: ${user} is not authorized to perform: ${action} on resource: ${resource}`);
    const statement = { Effect: 'Allow', Action: action, Resource: resource };
    expect(refusal.message).toContain(JSON.stringify(statement));
    expect(access.denials).toMatchObject([{ caller: user, action, resource, statement, count: 1 }]);
    expect(told).toEqual(access.denials);
    expect(asked).toEqual([]);

    grant(action, resource);
    expect(await refusalOf(request())).not.toMatchObject({ name });
    expect(access.denials).toHaveLength(1);
  });
});

test('a call that is refused repeatedly is reported once, with its count', async () => {
  const send = () => refusalOf(sqs().send(new SendMessageCommand({ QueueUrl: queueUrl(wire), MessageBody: 'x' })));
  await send();
  await send();
  expect(told).toHaveLength(1);
  expect(access.denials).toMatchObject([{ action: 'sqs:SendMessage', count: 2 }]);
});

test("the developer's calls, whose keys belong to no role, are all allowed and not recorded", async () => {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  await sqs(credentials).send(new SendMessageCommand({ QueueUrl: queueUrl(wire), MessageBody: 'x' }));
  await dynamoDb(credentials).send(new GetItemCommand({ TableName: 'countries', Key: {} }));
  expect(account.messaging.queues.require('orders').counts().visible).toBe(1);
  expect(asked).toEqual(['DynamoDB_20120810.GetItem']);
  expect(access.calls.filter(({ action }) => action !== 'sts:AssumeRole')).toEqual([]);
});

test('a request to DynamoDB with unknown permissions is refused', async () => {
  grant('*', '*');
  const refusal = await refusalOf(dynamoDb().send(new ExecuteStatementCommand({ Statement: 'SELECT * FROM t' })));
  expect(refusal.name).toBe('AccessDeniedException');
  expect(refusal.message).toContain('the permissions for DynamoDB ExecuteStatement are not emulated');
  expect(asked).toEqual([]);
});
