import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { receivesAllFromMs } from '../../core/read/staleness.ts';
import { ATTRIBUTE, type Item } from '../aws/items.ts';
import { readCompleteness } from './staleness.ts';
import type { CacheTable } from './table.ts';

const readiness = z.discriminatedUnion('status', [
  z.object({ status: z.literal('empty') }),
  z.object({ status: z.literal('filling'), startedAt: z.string(), sent: z.int(), cursor: z.optional(z.string()) }),
  z.object({ status: z.literal('ready'), readyAt: z.string(), sent: z.int() }),
]);

/**
 * The progress of a cached type's backfill.
 *
 * - `empty`: no backfill was started, so the cache has only the changes since its deployment
 * - `filling`: a backfill runs or was interrupted; `startedAt` is ISO 8601, `sent` the number of entities sent so far,
 *   `cursor` where it continues
 * - `ready`: a backfill finished at `readyAt` (ISO 8601) after sending `sent` entities
 */
export type Readiness = z.infer<typeof readiness>;

/** Reads a readiness from an operation's input; undefined for any other value. */
export function parseReadiness(value: unknown): Readiness | undefined {
  return readiness.safeParse(value).data;
}

/** Key of a type's readiness. It is outside the type's partitions, so that no list reads it. */
function readinessKey(type: string): Item {
  return { [ATTRIBUTE.partition]: { S: `${type}#readiness` }, [ATTRIBUTE.id]: { S: 'readiness' } };
}

/**
 * Creates a function that stores the readiness of a type. It refuses a backfill that began before the cache received
 * all events of the type: a change that was filtered out meanwhile would be missing, and the type would be `ready`.
 */
export function createReadinessWriter(
  cache: CacheTable,
): (type: string, state: Readiness) => Promise<{ readonly noted: true } | { readonly refused: string }> {
  return async (type, state) => {
    const fromMs = receivesAllFromMs(await readCompleteness(cache), type);
    if (isBefore(state, fromMs)) return { refused: tooEarly(type, fromMs) };
    const Item = { ...readinessKey(type), readiness: { S: JSON.stringify(state) } };
    await cache.client.send(new PutItemCommand({ TableName: cache.tableName, Item }));
    return { noted: true };
  };
}

/**
 * Returns the readiness of a type; `empty` if none is stored, or if the backfill was before the cache received all
 * events of the type.
 */
export async function readReadiness(cache: CacheTable, type: string): Promise<Readiness> {
  const { tableName, client } = cache;
  const [{ Item }, known] = await Promise.all([
    client.send(new GetItemCommand({ TableName: tableName, Key: readinessKey(type) })),
    readCompleteness(cache),
  ]);
  const stored = parseReadiness(JSON.parse(Item?.readiness?.S ?? 'null'));
  return stored === undefined || isBefore(stored, receivesAllFromMs(known, type)) ? { status: 'empty' } : stored;
}

function isBefore(state: Readiness, fromMs: number): boolean {
  if (state.status === 'empty') return false;
  return Date.parse(state.status === 'filling' ? state.startedAt : state.readyAt) < fromMs;
}

function tooEarly(type: string, fromMs: number): string {
  const why = 'a changed filter policy of SNS takes up to 15 minutes to act';
  return Number.isFinite(fromMs)
    ? `${type}: the cache receives all events of this type from ${new Date(fromMs).toISOString()} on, because ${why}. ` +
        'Start the backfill after that time, with --restart if one was interrupted.'
    : `${type}: the cache has just begun to keep this type, and no heartbeat of its owner has arrived yet. Start the ` +
        `backfill about 15 minutes after the first heartbeat, because ${why}.`;
}
