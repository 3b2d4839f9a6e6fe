import { expect, test } from 'vitest';
import { batchGet } from '../../../adapters/adopt/batch-get.ts';
import type { Item } from '../../../adapters/aws/items.ts';

const keysOf = (count: number): Item[] => Array.from({ length: count }, (_, n) => ({ pk: { S: `k${n}` } }));

/** Reads keys of a table that processes so many keys of a call, in turn and then the last number of them. */
async function read(count: number, size: number, processed: readonly number[], random = 1) {
  const waits: number[] = [];
  const calls: number[] = [];
  const pause = async (ms: number) => void waits.push(ms);
  const found = batchGet(
    keysOf(count),
    size,
    async (keys) => {
      const some = processed[Math.min(calls.length, processed.length - 1)] ?? 0;
      calls.push(keys.length);
      return { Responses: { t: keys.slice(0, some) }, UnprocessedKeys: { t: { Keys: keys.slice(some) } } };
    },
    { pause, random: () => random },
  );
  const failed = await found.then(
    () => undefined,
    (error: Error) => error.message,
  );
  return { found: await found.catch(() => []), failed, calls, waits };
}

test('keys are read in calls of a size, without a wait', async () => {
  expect(await read(25, 10, [10])).toMatchObject({ found: keysOf(25), calls: [10, 10, 5], waits: [] });
});

test('keys that are left unprocessed are asked for again, after waits that grow while none is processed', async () => {
  const { found, calls, waits } = await read(10, 10, [0, 0, 0, 4, 0, 10]);
  expect(found).toEqual(keysOf(10));
  expect(calls).toEqual([10, 10, 10, 10, 6, 6]);
  expect(waits).toEqual([100, 200, 400, 50, 100]);
});

test('a wait is random, and at most 1.6 seconds', async () => {
  const { waits } = await read(1, 1, [0], 0.5);
  expect(waits).toEqual([50, 100, 200, 400, 800, 800, 800]);
});

test('keys that are never processed fail the reading after a bounded number of calls', async () => {
  const { failed, calls } = await read(3, 3, [1, 0]);
  expect(failed).toBe("2 items can't be read: DynamoDB doesn't process their keys");
  expect(calls).toEqual([3, 2, 2, 2, 2, 2, 2, 2, 2]);
});
