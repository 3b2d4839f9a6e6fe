import { expect, test } from 'vitest';
import { serveStreamEachTest } from './served-stream.ts';
import { success } from './virtual-delivery.ts';

const stream = serveStreamEachTest();

test('after a stop nothing is delivered any more, and nobody waits', async () => {
  const mapping = await stream().map(() => success);
  await mapping.stop();
  await stream().put('a', 1);
  await mapping.caughtUp();
  expect(stream().batches).toEqual([]);
});

test('an unknown stream is an error at once', async () => {
  await expect(
    stream().map(() => success, { streamArn: stream().arn.replace(stream().table, 'missing') }),
  ).rejects.toThrow(/DescribeStream was refused/);
});
