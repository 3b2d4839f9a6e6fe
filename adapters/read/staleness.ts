import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import type { Completeness } from '../../core/read/staleness.ts';
import { isTaken } from '../aws/condition.ts';
import { ATTRIBUTE, type Item, STALENESS_PARTITION } from '../aws/items.ts';
import type { CacheTable } from './table.ts';

/**
 * How long a reader uses the completeness that it read. An old value is never wrong, only lower, because completeness
 * only grows.
 */
const MEMO_MS = 1_000;

const KEY: Item = { [ATTRIBUTE.partition]: { S: STALENESS_PARTITION }, [ATTRIBUTE.id]: { S: 'staleness' } };

const times = z.record(z.string(), z.number());
const sightings = z.array(z.object({ atMs: z.number(), beats: times }));

/** Creates a function that stores a cache's completeness, unless a newer one is stored. */
export function createCompletenessWriter({ tableName, client }: CacheTable): (found: Completeness) => Promise<void> {
  return async ({ atMs, until, settledUntil, sightings, receivesAllFrom }) => {
    const Item = {
      ...KEY,
      at: { N: String(atMs) },
      until: { S: JSON.stringify(until) },
      settledUntil: { S: JSON.stringify(settledUntil) },
      sightings: { S: JSON.stringify(sightings) },
      receivesAllFrom: { S: JSON.stringify(receivesAllFrom) },
    };
    const put = new PutItemCommand({
      TableName: tableName,
      Item,
      ConditionExpression: 'attribute_not_exists(#at) OR #at < :at',
      ExpressionAttributeNames: { '#at': 'at' },
      ExpressionAttributeValues: { ':at': Item.at },
    });
    await isTaken(client.send(put));
  };
}

/** Returns the stored completeness of a cache; undefined if none is stored. */
export async function readCompleteness({ tableName, client }: CacheTable): Promise<Completeness | undefined> {
  const { Item } = await client.send(new GetItemCommand({ TableName: tableName, Key: KEY }));
  if (Item === undefined) return undefined;
  const until = times.parse(JSON.parse(Item.until?.S ?? '{}'));
  const from = Item.receivesAllFrom?.S;
  return {
    atMs: Number(Item.at?.N),
    until,
    settledUntil: times.parse(JSON.parse(Item.settledUntil?.S ?? '{}')),
    sightings: sightings.parse(JSON.parse(Item.sightings?.S ?? '[]')),
    // An item of an earlier version of Freshet, whose types the cache has kept for long.
    receivesAllFrom: from === undefined ? mapped(until, 0) : times.parse(JSON.parse(from)),
  };
}

function mapped(times: Readonly<Record<string, number>>, value: number): Record<string, number> {
  return Object.fromEntries(Object.keys(times).map((type) => [type, value]));
}

/**
 * Creates a function that returns up to when each type is complete. All its calls together read the table at most once
 * a second.
 *
 * @param now returns the current time, epoch milliseconds
 */
export function createCompletenessReader(cache: CacheTable, now: () => number) {
  let known: Completeness['until'] | undefined;
  let pending: Promise<void> | undefined;
  let readAtMs = Number.NEGATIVE_INFINITY;
  const read = async (): Promise<void> => {
    const askedAtMs = now();
    try {
      known = (await readCompleteness(cache))?.until ?? known;
    } catch (error) {
      // The last known value is still true, so it is used for another second.
      if (known === undefined) throw error;
    } finally {
      pending = undefined;
    }
    readAtMs = askedAtMs;
  };
  return async (): Promise<Completeness['until'] | undefined> => {
    if (now() - readAtMs >= MEMO_MS) {
      pending ??= read();
      await pending;
    }
    return known;
  };
}
