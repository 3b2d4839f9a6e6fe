import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createEngineClient, type EngineClient } from '../../../local/engine/client.ts';
import { type Engine, startEngine } from '../../../local/engine/start-engine.ts';
import type { InvokeResult } from '../../../local/lambda/invoke-result.ts';
import type { StreamFailure, StreamRecord } from '../../../local/lambda/stream-batch.ts';
import {
  type StreamMapping,
  type StreamMappingOptions,
  startStreamMapping,
} from '../../../local/lambda/stream-mapping.ts';

const success: InvokeResult = { ok: true, payload: null };
const failure: InvokeResult = { ok: false, error: 'Unhandled', message: 'Error: broken' };
const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:fn';

let engine: Engine;
let client: EngineClient;
let table = '';
let streamArn = '';
let tables = 0;
let mapping: StreamMapping | undefined;
let batches: StreamRecord[][] = [];

beforeAll(async () => {
  engine = await startEngine();
  client = createEngineClient(engine.url);
});
afterAll(async () => {
  client.close();
  await engine.stop();
});
beforeEach(async () => {
  tables += 1;
  table = `table-${tables}`;
  batches = [];
  const created = await client.call<{ TableDescription: { LatestStreamArn: string } }>(
    'DynamoDB_20120810.CreateTable',
    {
      TableName: table,
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    },
  );
  streamArn = created.TableDescription.LatestStreamArn;
});
afterEach(() => mapping?.stop());

function put(pk: string, n: number) {
  return client.call('DynamoDB_20120810.PutItem', { TableName: table, Item: { pk: { S: pk }, n: { N: String(n) } } });
}

async function map(answer: (records: StreamRecord[]) => InvokeResult, options: Partial<StreamMappingOptions> = {}) {
  mapping = await startStreamMapping({
    engine: client,
    streamArn,
    functionArn,
    region: 'us-east-1',
    startingPosition: 'TRIM_HORIZON',
    delay: (ms, signal) => new Promise((resolve) => abortableTimer(Math.min(ms, 5), signal, () => resolve(undefined))),
    invoke: async ({ Records }) => {
      const records = Records as StreamRecord[];
      batches.push(records);
      return answer(records);
    },
    ...options,
  });
  return mapping;
}

function abortableTimer(ms: number, signal: AbortSignal, done: () => void): void {
  const timer = setTimeout(done, ms);
  signal.addEventListener('abort', () => {
    clearTimeout(timer);
    done();
  });
}

const numbers = (records: readonly StreamRecord[]) =>
  records.map(({ dynamodb }) => (dynamodb.NewImage as { n: { N: string } }).n.N).map(Number);

test('records arrive in the shape that Lambda gives them', async () => {
  const mapping = await map(() => success);
  await put('a', 1);
  await mapping.caughtUp();
  expect(batches).toEqual([
    [
      {
        eventID: expect.any(String),
        eventName: 'INSERT',
        eventVersion: '1.1',
        eventSource: 'aws:dynamodb',
        awsRegion: 'us-east-1',
        eventSourceARN: streamArn,
        dynamodb: {
          ApproximateCreationDateTime: expect.any(Number),
          Keys: { pk: { S: 'a' } },
          NewImage: { pk: { S: 'a' }, n: { N: '1' } },
          SequenceNumber: expect.any(String),
          SizeBytes: expect.any(Number),
          StreamViewType: 'NEW_AND_OLD_IMAGES',
        },
      },
    ],
  ]);
});

test('every change of every item arrives once and in order, in batches within the limit', async () => {
  const mapping = await map(() => success, { batchSize: 7 });
  for (let n = 0; n < 30; n++) await Promise.all(['a', 'b', 'c'].map((pk) => put(pk, n)));
  await mapping.caughtUp();
  expect(Math.max(...batches.map(({ length }) => length))).toBeLessThanOrEqual(7);
  for (const pk of ['a', 'b', 'c']) {
    const ofItem = batches.flat().filter(({ dynamodb }) => (dynamodb.Keys.pk as { S: string }).S === pk);
    expect(numbers(ofItem)).toEqual([...Array(30).keys()]);
  }
});

test('a write that changes nothing is no record', async () => {
  const mapping = await map(() => success);
  await put('a', 1);
  await put('a', 1);
  await put('a', 2);
  await mapping.caughtUp();
  expect(numbers(batches.flat())).toEqual([1, 2]);
});

test('LATEST leaves out what was written before', async () => {
  await put('a', 1);
  const mapping = await map(() => success, { startingPosition: 'LATEST' });
  await put('a', 2);
  await mapping.caughtUp();
  expect(numbers(batches.flat())).toEqual([2]);
});

test('a failed batch comes again before anything later', async () => {
  let failures = 2;
  const mapping = await map(() => (failures-- > 0 ? failure : success), { batchSize: 2 });
  for (let n = 1; n <= 4; n++) await put('a', n);
  await mapping.caughtUp();
  const [first = []] = batches;
  expect(batches.slice(0, 3)).toEqual([first, first, first]);
  expect(numbers(batches.slice(2).flat())).toEqual([1, 2, 3, 4]);
});

test('a partial failure restarts the batch from the lowest failed record', async () => {
  for (let n = 1; n <= 4; n++) await put('a', n);
  let failed = false;
  const answer = (records: StreamRecord[]): InvokeResult => {
    if (failed) return success;
    failed = true;
    const failures = [records[3], records[1]].map((record) => ({ itemIdentifier: record?.dynamodb.SequenceNumber }));
    return { ok: true, payload: { batchItemFailures: failures } };
  };
  const mapping = await map(answer, { reportBatchItemFailures: true });
  await mapping.caughtUp();
  expect(batches.map(numbers)).toEqual([
    [1, 2, 3, 4],
    [2, 3, 4],
  ]);
});

test('what exhausts its retries goes to the on-failure destination and the rest goes on', async () => {
  for (let n = 1; n <= 3; n++) await put('a', n);
  const failures: StreamFailure[] = [];
  const mapping = await map((records) => (numbers(records).includes(2) ? failure : success), {
    bisectBatchOnFunctionError: true,
    maximumRetryAttempts: 1,
    onFailure: (discarded) => void failures.push(discarded),
  });
  await mapping.caughtUp();
  expect(batches.map(numbers)).toEqual([[1, 2, 3], [1, 2], [1], [2], [2], [3]]);
  expect(failures).toMatchObject([
    {
      requestContext: { functionArn, condition: 'RetryAttemptsExhausted' },
      responseContext: { functionError: 'Unhandled' },
      version: '1.0',
      DDBStreamBatchInfo: { batchSize: 1, startSequenceNumber: '2', endSequenceNumber: '2', streamArn },
    },
  ]);
});

test('throttled invocations block the shard and use up no retries', async () => {
  let stopped = true;
  const failures: StreamFailure[] = [];
  const mapping = await map(() => (stopped ? { ok: false, error: 'Throttled', message: 'stopped' } : success), {
    maximumRetryAttempts: 0,
    onFailure: (discarded) => void failures.push(discarded),
  });
  await put('a', 1);
  await vi.waitFor(() => expect(batches.length).toBeGreaterThan(3), { interval: 1 });
  stopped = false;
  await mapping.caughtUp();
  expect(failures).toEqual([]);
  expect(numbers(batches.at(-1) ?? [])).toEqual([1]);
});

test('after a stop nothing is delivered any more, and nobody waits', async () => {
  const mapping = await map(() => success);
  await mapping.stop();
  await put('a', 1);
  await mapping.caughtUp();
  expect(batches).toEqual([]);
});

test('an option out of range is refused with the range', async () => {
  await expect(map(() => success, { batchSize: 0 })).rejects.toThrow('batchSize of a stream mapping is 0');
  await expect(map(() => success, { parallelizationFactor: 11 })).rejects.toThrow('from 1 to 10');
});

test('an unknown stream is an error at once', async () => {
  await expect(map(() => success, { streamArn: streamArn.replace(table, 'missing') })).rejects.toThrow(
    /DescribeStream was refused/,
  );
});
