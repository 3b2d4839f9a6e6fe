import { expect, test, vi } from 'vitest';
import type { EngineClient } from '../../local/engine/client.ts';
import type { InvokeResult } from '../../local/lambda/invoke-result.ts';
import type { StreamFailure, StreamRecord } from '../../local/lambda/stream-batch.ts';
import { startStreamMapping } from '../../local/lambda/stream-mapping.ts';
import { functionArn, numbers, serveStreamEachTest } from '../local/lambda/served-stream.ts';
import { failure, record, runDelivery, success } from '../local/lambda/virtual-delivery.ts';

// Other endpoints don't run these functions, so the tests are about the local event source mapping only.

const stream = serveStreamEachTest();

test("a stream mapping passes records on in Lambda's format · lam/with-ddb", async () => {
  const mapping = await stream().map(() => success);
  await stream().put('a', 1);
  await mapping.caughtUp();
  expect(stream().batches).toEqual([
    [
      {
        eventID: expect.any(String),
        eventName: 'INSERT',
        eventVersion: '1.1',
        eventSource: 'aws:dynamodb',
        awsRegion: 'us-east-1',
        eventSourceARN: stream().arn,
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

test('a stream mapping delivers every change of every item once and in order, in batches within the limit · ddb/Streams', async () => {
  const mapping = await stream().map(() => success, { batchSize: 7 });
  for (let n = 0; n < 30; n++) await Promise.all(['a', 'b', 'c'].map((pk) => stream().put(pk, n)));
  await mapping.caughtUp();
  expect(Math.max(...stream().batches.map(({ length }) => length))).toBeLessThanOrEqual(7);
  for (const pk of ['a', 'b', 'c']) {
    const ofItem = stream()
      .batches.flat()
      .filter(({ dynamodb }) => (dynamodb.Keys.pk as { S: string }).S === pk);
    expect(numbers(ofItem)).toEqual([...Array(30).keys()]);
  }
});

test('a stream mapping delivers no record for a write that changes nothing · ddb/Streams', async () => {
  const mapping = await stream().map(() => success);
  await stream().put('a', 1);
  await stream().put('a', 1);
  await stream().put('a', 2);
  await mapping.caughtUp();
  expect(numbers(stream().batches.flat())).toEqual([1, 2]);
});

test('a stream mapping from LATEST leaves out earlier writes · lam/services-ddb-params', async () => {
  await stream().put('a', 1);
  const mapping = await stream().map(() => success, { startingPosition: 'LATEST' });
  await stream().put('a', 2);
  await mapping.caughtUp();
  expect(numbers(stream().batches.flat())).toEqual([2]);
});

test('a failed batch of a stream is delivered again before later records · lam/services-dynamodb-errors', async () => {
  let failures = 2;
  const mapping = await stream().map(() => (failures-- > 0 ? failure : success), { batchSize: 2 });
  for (let n = 1; n <= 4; n++) await stream().put('a', n);
  await mapping.caughtUp();
  const [first = []] = stream().batches;
  expect(stream().batches.slice(0, 3)).toEqual([first, first, first]);
  expect(numbers(stream().batches.slice(2).flat())).toEqual([1, 2, 3, 4]);
});

test('a partial failure restarts a stream batch from the lowest failed record · lam/services-ddb-batchfailurereporting', async () => {
  for (let n = 1; n <= 4; n++) await stream().put('a', n);
  let failed = false;
  const answer = (records: StreamRecord[]): InvokeResult => {
    if (failed) return success;
    failed = true;
    const failures = [records[3], records[1]].map((record) => ({ itemIdentifier: record?.dynamodb.SequenceNumber }));
    return { ok: true, payload: { batchItemFailures: failures } };
  };
  const mapping = await stream().map(answer, { reportBatchItemFailures: true });
  await mapping.caughtUp();
  expect(stream().batches.map(numbers)).toEqual([
    [1, 2, 3, 4],
    [2, 3, 4],
  ]);
});

test('records that exhaust their retries go to the on-failure destination, and the rest of the bisected batch goes on · lam/services-dynamodb-errors', async () => {
  for (let n = 1; n <= 3; n++) await stream().put('a', n);
  const failures: StreamFailure[] = [];
  const mapping = await stream().map((records) => (numbers(records).includes(2) ? failure : success), {
    bisectBatchOnFunctionError: true,
    maximumRetryAttempts: 1,
    onFailure: (discarded) => void failures.push(discarded),
  });
  await mapping.caughtUp();
  expect(stream().batches.map(numbers)).toEqual([[1, 2, 3], [1, 2], [1], [2], [2], [3]]);
  expect(failures).toMatchObject([
    {
      requestContext: { functionArn, condition: 'RetryAttemptsExhausted' },
      responseContext: { functionError: 'Unhandled' },
      version: '1.0',
      DDBStreamBatchInfo: { batchSize: 1, startSequenceNumber: '2', endSequenceNumber: '2', streamArn: stream().arn },
    },
  ]);
});

test('throttled invocations block a shard and use no retries · lam/services-dynamodb-errors', async () => {
  let stopped = true;
  const failures: StreamFailure[] = [];
  const mapping = await stream().map(
    () => (stopped ? { ok: false, error: 'Throttled', message: 'stopped' } : success),
    {
      maximumRetryAttempts: 0,
      onFailure: (discarded) => void failures.push(discarded),
    },
  );
  await stream().put('a', 1);
  await vi.waitFor(() => expect(stream().batches.length).toBeGreaterThan(3), { interval: 1 });
  stopped = false;
  await mapping.caughtUp();
  expect(failures).toEqual([]);
  expect(numbers(stream().batches.at(-1) ?? [])).toEqual([1]);
});

test('an option of a stream mapping that is out of range is refused with the range · lam/services-ddb-params', async () => {
  await expect(stream().map(() => success, { batchSize: 0 })).rejects.toThrow('batchSize of a stream mapping is 0');
  await expect(stream().map(() => success, { parallelizationFactor: 11 })).rejects.toThrow('from 1 to 10');
  for (const maximumRecordAgeSeconds of [0, 59])
    await expect(stream().map(() => success, { maximumRecordAgeSeconds })).rejects.toThrow('integers from 60');
});

test('a stream record that becomes too old during its retries is discarded and reported · lam/services-dynamodb-errors', async () => {
  const { discarded, batches } = await runDelivery(
    [record(1), record(2, 2_000)],
    (batch) => (batch.includes('1') ? failure : success),
    {
      maximumRecordAgeSeconds: 1,
    },
  );
  expect(discarded).toMatchObject([
    {
      requestContext: { condition: 'RecordAgeExceeded' },
      DDBStreamBatchInfo: { startSequenceNumber: '1', batchSize: 1 },
    },
  ]);
  expect(batches.at(-1)).toEqual(['2']);
});

test.each([
  ['an unknown identifier', [{ itemIdentifier: 'x' }]],
  ['an empty identifier', [{ itemIdentifier: '' }]],
  ['an entry without an identifier', [{}]],
  ['a value that is not a list', 'all'],
])('a partial batch response with %s fails the whole stream batch · lam/services-ddb-batchfailurereporting', async (_what, batchItemFailures) => {
  let calls = 0;
  const answer = (): InvokeResult => (++calls === 1 ? { ok: true, payload: { batchItemFailures } } : success);
  const { batches } = await runDelivery([record(1), record(2)], answer, { reportBatchItemFailures: true });
  expect(batches).toEqual([
    ['1', '2'],
    ['1', '2'],
  ]);
});

test('a stream mapping without ReportBatchItemFailures ignores the response · lam/services-ddb-batchfailurereporting', async () => {
  const payload = { batchItemFailures: [{ itemIdentifier: '1' }] };
  const { batches } = await runDelivery([record(1)], () => ({ ok: true, payload }), {});
  expect(batches).toEqual([['1']]);
});

test('a child shard is read after its parent has been processed to its end · ddb/Streams', async () => {
  const shards = [{ ShardId: 'child', ParentShardId: 'parent' }, { ShardId: 'parent' }];
  const pages: Record<string, object> = {
    parent: { Records: [record(1), record(2)] },
    child: { Records: [record(3)], NextShardIterator: 'child-end' },
    'child-end': { Records: [], NextShardIterator: 'child-end' },
  };
  const engine: EngineClient = {
    async call<Output>(target: string, input: object) {
      const { ShardId, ShardIterator } = input as { ShardId?: string; ShardIterator?: string };
      if (target.endsWith('DescribeStream')) return { StreamDescription: { Shards: shards } } as Output;
      if (target.endsWith('GetShardIterator')) return { ShardIterator: ShardId } as Output;
      return pages[ShardIterator ?? ''] as Output;
    },
    close() {},
  };
  const seen: string[] = [];
  const mapping = await startStreamMapping({
    engine,
    streamArn: 'arn:stream',
    functionArn: 'arn:function',
    region: 'us-east-1',
    startingPosition: 'TRIM_HORIZON',
    async invoke({ Records }) {
      seen.push(...(Records as StreamRecord[]).map(({ dynamodb }) => dynamodb.SequenceNumber));
      return success;
    },
  });
  await mapping.caughtUp();
  expect(seen).toEqual(['1', '2', '3']);
  await mapping.stop();
});
