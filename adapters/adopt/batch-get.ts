import type { BatchGetItemCommandOutput } from '@aws-sdk/client-dynamodb';
import type { Item } from '../aws/items.ts';

/** Most calls for one batch whose rest DynamoDB keeps leaving unprocessed. */
const MAX_CALLS = 20;

/**
 * Reads items by key, and asks again for the keys that DynamoDB left unprocessed (ddb/API_BatchGetItem).
 *
 * @param size keys per call
 * @throws Error if DynamoDB keeps leaving keys unprocessed, such as when it throttles
 */
export async function batchGet(
  keys: readonly Item[],
  size: number,
  send: (keys: Item[]) => Promise<Pick<BatchGetItemCommandOutput, 'Responses' | 'UnprocessedKeys'>>,
): Promise<Item[]> {
  const found: Item[] = [];
  for (let from = 0; from < keys.length; from += size) {
    let rest: Item[] = keys.slice(from, from + size);
    for (let call = 1; rest.length > 0; call += 1) {
      if (call > MAX_CALLS) throw new Error(`${rest.length} items can't be read: DynamoDB doesn't process their keys`);
      const { Responses = {}, UnprocessedKeys = {} } = await send(rest);
      found.push(...Object.values(Responses).flat());
      rest = Object.values(UnprocessedKeys).flatMap(({ Keys = [] }) => Keys);
    }
  }
  return found;
}
