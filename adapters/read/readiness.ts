import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { ATTRIBUTE, type Item } from '../aws/items.ts';
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

/** Creates a function that stores the readiness of a type. */
export function createReadinessWriter({
  tableName,
  client,
}: CacheTable): (type: string, state: Readiness) => Promise<void> {
  return async (type, state) => {
    const Item = { ...readinessKey(type), readiness: { S: JSON.stringify(state) } };
    await client.send(new PutItemCommand({ TableName: tableName, Item }));
  };
}

/** Returns the readiness of a type; `empty` if none is stored. */
export async function readReadiness({ tableName, client }: CacheTable, type: string): Promise<Readiness> {
  const { Item } = await client.send(new GetItemCommand({ TableName: tableName, Key: readinessKey(type) }));
  return parseReadiness(JSON.parse(Item?.readiness?.S ?? 'null')) ?? { status: 'empty' };
}
