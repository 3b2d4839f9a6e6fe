import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Arn, CfnOutput, CfnStack, NestedStack, Stack, Stage } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { type LocalCloud, startLocalCloud } from '../../../local/cloud.ts';
import { removeFolders, temporaryFolder } from './assembly-fixture.ts';

let cloud: LocalCloud | undefined;
afterEach(async () => {
  await cloud?.stop();
  cloud = undefined;
});
afterAll(removeFolders);

/** Synthesises an app as the CDK does without its command line, so without metadata of assets, and runs it. */
async function run(define: (app: App) => void): Promise<LocalCloud> {
  const app = new App({ outdir: join(temporaryFolder(), 'cdk.out') });
  define(app);
  cloud = await startLocalCloud({ assembly: app.synth().directory });
  return cloud;
}

/** A function that answers with its environment variables of the names A and B. */
function echo(scope: Construct, id: string, environment: Record<string, string> = {}): LambdaFunction {
  const code = join(temporaryFolder(), 'code');
  mkdirSync(code);
  const handler = 'export const handler = async () => ({ a: process.env.A, b: process.env.B });';
  writeFileSync(join(code, 'index.mjs'), handler);
  return new LambdaFunction(scope, id, {
    functionName: id,
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromAsset(code),
    environment,
  });
}

const payload = async (name: string) => {
  const result = await cloud?.functions.invoke(name, {});
  return result?.ok ? result.payload : result;
};

describe('nested stacks', () => {
  test('a nested stack gets parameters, runs its functions, and gives outputs to the stack around it', async () => {
    const { outputs, messaging } = await run((app) => {
      const outer = new Stack(app, 'Orders');
      const given = new Queue(outer, 'Given');
      const nested = new NestedStack(outer, 'Nested');
      const own = new Queue(nested, 'Own');
      const fn = echo(nested, 'inner', { A: given.queueUrl, B: own.queueName });
      given.grantSendMessages(fn);
      echo(outer, 'outer', { A: own.queueName });
      new CfnOutput(outer, 'OwnArn', { value: own.queueArn });
      new CfnOutput(nested, 'Inside', { value: 'of the nested stack' });
    });
    const own = messaging.queues.list().find(({ name }) => name.includes('Own'));
    const given = messaging.queues.list().find(({ name }) => name.includes('Given'));
    expect(await payload('inner')).toEqual({ a: expect.stringContaining(`/${given?.name}`), b: own?.name });
    expect(await payload('outer')).toEqual({ a: own?.name });
    expect(outputs.Orders).toEqual({ OwnArn: own?.arn });
    const [nestedName = ''] = Object.keys(outputs).filter((name) => name !== 'Orders');
    expect(nestedName).toMatch(/^Orders-Nested/);
    expect(outputs[nestedName]).toMatchObject({ Inside: 'of the nested stack' });
  });

  test('a nested stack whose template is elsewhere is left out with the reason', async () => {
    const { leftOut } = await run((app) => {
      new CfnStack(new Stack(app, 'Net'), 'Vpc', { templateUrl: 'https://example.com/vpc.json' });
    });
    expect(leftOut).toEqual([
      {
        path: 'Net/Vpc',
        type: 'AWS::CloudFormation::Stack',
        reason: 'the template https://example.com/vpc.json is not an asset of the app',
      },
    ]);
  });
});

test('a function of a stage runs from its asset, which is one folder up', async () => {
  await run((app) => void echo(new Stack(new Stage(app, 'Production'), 'Orders'), 'staged', { A: 'in the stage' }));
  expect(await payload('staged')).toEqual({ a: 'in the stage' });
});

test('stacks of several accounts and regions run in the local one', async () => {
  const { accountId, region } = await run((app) => {
    const frankfurt = new Stack(app, 'Frankfurt', { env: { account: '111111111111', region: 'eu-central-1' } });
    const ireland = new Stack(app, 'Ireland', { env: { account: '222222222222', region: 'eu-west-1' } });
    new Queue(frankfurt, 'Queue', { queueName: 'orders' });
    const arn = Arn.format({ service: 'sqs', resource: 'orders' }, frankfurt);
    const queue = Queue.fromQueueArn(ireland, 'Queue', arn);
    const fn = echo(ireland, 'reader', { A: queue.queueArn, B: ireland.account });
    queue.grantSendMessages(fn);
    echo(frankfurt, 'other', { A: 'arn:aws:sqs:us-east-2:333333333333:elsewhere', B: 'eu-central-1' });
  });
  expect(await payload('reader')).toEqual({ a: `arn:aws:sqs:${region}:${accountId}:orders`, b: accountId });
  expect(await payload('other'), 'other accounts, and names of regions, stay').toEqual({
    a: 'arn:aws:sqs:us-east-2:333333333333:elsewhere',
    b: 'eu-central-1',
  });
});

test('a function of a nested stack that names a bucket of the stack around it gets a stand-in', async () => {
  const { leftOut } = await run((app) => {
    const stack = new Stack(app, 'Orders');
    const bucket = new Bucket(stack, 'Files');
    const fn = echo(new NestedStack(stack, 'Nested'), 'upload', { A: bucket.bucketName, B: bucket.bucketArn });
    bucket.grantPut(fn);
  });
  expect(leftOut.map(({ type }) => type)).toEqual(['AWS::S3::Bucket']);
  expect(await payload('upload')).toEqual({
    a: expect.stringMatching(/^Orders-Files/),
    b: expect.stringMatching(/^arn:aws:s3:us-east-1:000000000000:Orders-Files/),
  });
});
