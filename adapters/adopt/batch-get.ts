import { setTimeout } from 'node:timers/promises';
import type { BatchGetItemCommandOutput } from '@aws-sdk/client-dynamodb';
import type { Item } from '../aws/items.ts';

/** Most calls in a row that process no key. With the waits below, they take 5 seconds at most. */
const MAX_CALLS = 8;

/** The longest wait after a call, which doubles with each call in a row that processes no key, and its limit. */
const WAIT_MS = { first: 50, most: 1_600 } as const;

/** What a test replaces. */
interface Waits {
  readonly pause: (ms: number) => Promise<unknown>;
  /** From 0 to 1. */
  readonly random: () => number;
}

/**
 * Reads items by key, and asks again for the keys that DynamoDB left unprocessed, after a random wait
 * (ddb/API_BatchGetItem).
 *
 * @param size keys per call
 * @throws Error if DynamoDB keeps leaving keys unprocessed, such as when it throttles
 */
export async function batchGet(
  keys: readonly Item[],
  size: number,
  send: (keys: Item[]) => Promise<Pick<BatchGetItemCommandOutput, 'Responses' | 'UnprocessedKeys'>>,
  { pause, random }: Waits = { pause: setTimeout, random: Math.random },
): Promise<Item[]> {
  const found: Item[] = [];
  for (let from = 0; from < keys.length; from += size) {
    let rest: Item[] = keys.slice(from, from + size);
    let inVain = 0;
    for (;;) {
      const { Responses = {}, UnprocessedKeys = {} } = await send(rest);
      found.push(...Object.values(Responses).flat());
      const left = Object.values(UnprocessedKeys).flatMap(({ Keys = [] }) => Keys);
      if (left.length === 0) break;
      inVain = left.length < rest.length ? 0 : inVain + 1;
      if (inVain === MAX_CALLS)
        throw new Error(`${left.length} items can't be read: DynamoDB doesn't process their keys`);
      rest = left;
      await pause(random() * Math.min(WAIT_MS.most, WAIT_MS.first * 2 ** inVain));
    }
  }
  return found;
}
