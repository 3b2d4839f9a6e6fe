import { expect, test } from 'vitest';
import { numbers, serveStreamEachTest } from './served-stream.ts';
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

test('a batch has at most 6 MB, and a batch of large records keeps their order', async () => {
  const { put, batches, map } = stream();
  const all = Array.from({ length: 30 }, (_, n) => n);
  for (const n of all) await put('a', n, 'x'.repeat(350_000));
  const mapping = await map(() => success);
  await mapping.caughtUp();
  const sizes = batches.map((batch) => batch.reduce((sum, { dynamodb }) => sum + dynamodb.SizeBytes, 0));
  expect(sizes.length).toBeGreaterThan(1);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(6_000_000);
  expect(batches.flatMap(numbers)).toEqual(all);
  expect(Math.max(...batches.slice(1, -1).map((batch) => batch.length))).toBeGreaterThan(1);
});
