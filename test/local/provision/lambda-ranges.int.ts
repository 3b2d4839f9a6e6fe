import { afterAll, describe, expect, it } from 'vitest';
import { startLocalCloud } from '../../../local/cloud.ts';
import { removeFolders, temporaryFolder, writeAssembly } from './assembly-fixture.ts';

afterAll(removeFolders);

/** Starts a local cloud with one resource, which is expected to be refused. */
const start = async (Type: string, Properties: object) => {
  const assembly = writeAssembly({ S: { Resources: { R: { Type, Properties } } } }, { code: temporaryFolder() });
  const cloud = await startLocalCloud({ assembly, iam: 'off' });
  await cloud.stop();
};

const FIFO = 'arn:aws:sqs:us-east-1:000000000000:q.fifo';
const STANDARD = 'arn:aws:sqs:us-east-1:000000000000:q';
const STREAM = 'arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/1';

describe('functions · lambda/API_CreateFunction', () => {
  const create = (given: object) =>
    start('AWS::Lambda::Function', { Code: { S3Key: 'code.zip' }, Handler: 'index.handler', ...given });

  it('a function at the ends of the ranges is created', async () => {
    await create({ Timeout: 1, MemorySize: 128 });
    await create({ Timeout: '900', MemorySize: '10240', Environment: { Variables: { A: 'x'.repeat(4_095) } } });
  });

  it.each<[string, object, string]>([
    ['Timeout of 0', { Timeout: 0 }, 'from 1 to 900'],
    ['Timeout of 901', { Timeout: 901 }, 'from 1 to 900'],
    ['Timeout of 1.5', { Timeout: 1.5 }, 'from 1 to 900'],
    ['MemorySize of 127', { MemorySize: 127 }, 'from 128 to 10240'],
    ['MemorySize of 10241', { MemorySize: 10_241 }, 'from 128 to 10240'],
    ['reserved concurrency of -1', { ReservedConcurrentExecutions: -1 }, 'an integer from 0'],
    ['environment above 4 KB', { Environment: { Variables: { A: 'x'.repeat(4_096) } } }, 'exceeded the 4KB limit'],
  ])('a function with a %s is refused', async (_, given, message) => {
    await expect(create(given)).rejects.toThrow(message);
  });
});

describe('event source mappings · lambda/API_CreateEventSourceMapping', () => {
  it.each<[string, string, object, string]>([
    ['FIFO queue', 'BatchSize of 11', { EventSourceArn: FIFO, BatchSize: 11 }, 'BatchSize must be 1 to 10'],
    ['FIFO queue', 'BatchSize of 0', { EventSourceArn: FIFO, BatchSize: 0 }, 'BatchSize must be 1 to 10'],
    [
      'FIFO queue',
      'batching window',
      { EventSourceArn: FIFO, MaximumBatchingWindowInSeconds: 1 },
      'Batching window is not supported for FIFO queues',
    ],
    [
      'standard queue',
      'BatchSize of 11 and no batching window',
      { EventSourceArn: STANDARD, BatchSize: 11 },
      'Maximum batch window in seconds must be greater than 0',
    ],
    [
      'standard queue',
      'BatchSize of 10001',
      { EventSourceArn: STANDARD, BatchSize: 10_001, MaximumBatchingWindowInSeconds: 1 },
      'BatchSize must be 1 to 10000',
    ],
    [
      'standard queue',
      'batching window of 301 s',
      { EventSourceArn: STANDARD, MaximumBatchingWindowInSeconds: 301 },
      'from 0 to 300',
    ],
    ['queue', 'StartingPosition', { EventSourceArn: FIFO, StartingPosition: 'LATEST' }, 'not supported for a queue'],
    ['queue', 'MaximumRetryAttempts', { EventSourceArn: FIFO, MaximumRetryAttempts: 2 }, 'not supported for a queue'],
    ['queue', 'unknown response type', { EventSourceArn: FIFO, FunctionResponseTypes: ['Other'] }, 'cannot be created'],
    [
      'queue',
      'MinimumPollers of 1',
      { EventSourceArn: FIFO, ProvisionedPollerConfig: { MinimumPollers: 1 } },
      'from 2 to 200',
    ],
    [
      'queue',
      'MaximumPollers of 2001',
      { EventSourceArn: FIFO, ProvisionedPollerConfig: { MaximumPollers: 2_001 } },
      'from 2 to 2000',
    ],
    [
      'queue',
      'maximum concurrency in addition to provisioned pollers',
      {
        EventSourceArn: FIFO,
        ProvisionedPollerConfig: { MinimumPollers: 2 },
        ScalingConfig: { MaximumConcurrency: 2 },
      },
      'exclude each other',
    ],
    ['stream', 'missing StartingPosition', { EventSourceArn: STREAM }, 'needs a StartingPosition'],
  ])('a mapping of a %s with a %s is refused', async (_source, _what, given, message) => {
    await expect(start('AWS::Lambda::EventSourceMapping', { FunctionName: 'f', ...given })).rejects.toThrow(message);
  });
});

describe('asynchronous invocations · lambda/API_PutFunctionEventInvokeConfig', () => {
  it.each<[string, object, string]>([
    ['MaximumRetryAttempts of 3', { MaximumRetryAttempts: 3 }, 'from 0 to 2'],
    ['MaximumEventAgeInSeconds of 59', { MaximumEventAgeInSeconds: 59 }, 'from 60 to 21600'],
  ])('an EventInvokeConfig with a %s is refused', async (_, given, message) => {
    const properties = { FunctionName: 'f', Qualifier: '$LATEST', ...given };
    await expect(start('AWS::Lambda::EventInvokeConfig', properties)).rejects.toThrow(message);
  });
});
