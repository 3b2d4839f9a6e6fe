import { expect, test } from 'vitest';
import { serveStreamEachTest } from './served-stream.ts';
import { success } from './virtual-delivery.ts';

const stream = serveStreamEachTest();

test('after its stop, a stream mapping delivers no records and keeps no caller waiting', async () => {
  const mapping = await stream().map(() => success);
  await mapping.stop();
  await stream().put('a', 1);
  await mapping.caughtUp();
  expect(stream().batches).toEqual([]);
});

test('a stream mapping on an unknown stream fails at once', async () => {
  await expect(
    stream().map(() => success, { streamArn: stream().arn.replace(stream().table, 'missing') }),
  ).rejects.toThrow(/DescribeStream was refused/);
});
