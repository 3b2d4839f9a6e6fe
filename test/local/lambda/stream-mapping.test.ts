import { expect, test } from 'vitest';
import type { EngineClient } from '../../../local/engine/client.ts';
import type { InvokeResult } from '../../../local/lambda/invoke-result.ts';
import { createPause } from '../../../local/lambda/pause.ts';
import {
  type DeliveryOptions,
  deliver,
  type StreamFailure,
  type StreamRecord,
} from '../../../local/lambda/stream-batch.ts';
import { startStreamMapping } from '../../../local/lambda/stream-mapping.ts';

const failure: InvokeResult = { ok: false, error: 'Unhandled', message: 'Error: broken' };
const success: InvokeResult = { ok: true, payload: null };

function record(n: number, atSeconds = 1_000): StreamRecord {
  const SequenceNumber = String(n);
  return {
    eventID: SequenceNumber,
    eventName: 'INSERT',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'us-east-1',
    dynamodb: {
      ApproximateCreationDateTime: atSeconds,
      Keys: { pk: { S: 'a' } },
      SequenceNumber,
      SizeBytes: 1,
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
  };
}

/** Delivers with a clock that only the back-off moves. */
async function run(
  records: StreamRecord[],
  answer: (batch: string[]) => InvokeResult,
  options: Partial<DeliveryOptions>,
) {
  const batches: string[][] = [];
  const waits: number[] = [];
  const discarded: StreamFailure[] = [];
  let nowMs = 1_000_000;
  const pause = createPause(async (ms) => {
    waits.push(ms);
    nowMs += ms;
  });
  const delivery: DeliveryOptions = {
    streamArn: 'arn:stream',
    functionArn: 'arn:function',
    region: 'us-east-1',
    now: () => nowMs,
    onFailure: (each) => void discarded.push(each),
    async invoke({ Records }) {
      const batch = (Records as StreamRecord[]).map(({ dynamodb }) => dynamodb.SequenceNumber);
      batches.push(batch);
      return answer(batch);
    },
    ...options,
  };
  await deliver(records, 'shard', delivery, pause, () => false);
  return { batches, waits, discarded };
}

test('the back-off doubles from 100 ms to 5 s', async () => {
  let failures = 8;
  const { waits } = await run([record(1)], () => (failures-- > 0 ? failure : success), {});
  expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
});

test('a record that grows too old while it is retried is discarded and named', async () => {
  const { discarded, batches } = await run(
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
  ['an identifier of no record', [{ itemIdentifier: 'x' }]],
  ['an empty identifier', [{ itemIdentifier: '' }]],
  ['an entry without an identifier', [{}]],
  ['something else than a list', 'all'],
])('%s fails the whole batch', async (_what, batchItemFailures) => {
  let calls = 0;
  const answer = (): InvokeResult => (++calls === 1 ? { ok: true, payload: { batchItemFailures } } : success);
  const { batches } = await run([record(1), record(2)], answer, { reportBatchItemFailures: true });
  expect(batches).toEqual([
    ['1', '2'],
    ['1', '2'],
  ]);
});

test('without ReportBatchItemFailures the answer does not matter', async () => {
  const payload = { batchItemFailures: [{ itemIdentifier: '1' }] };
  const { batches } = await run([record(1)], () => ({ ok: true, payload }), {});
  expect(batches).toEqual([['1']]);
});

test('a child shard is read after its parent has been processed to its end', async () => {
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
