import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { ATTRIBUTE, type Item } from '../aws/items.ts';
import type { CacheTable } from './cache-table.ts';

const readiness = z.discriminatedUnion('status', [
  z.object({ status: z.literal('empty') }),
  z.object({ status: z.literal('filling'), startedAt: z.string(), sent: z.int(), cursor: z.optional(z.string()) }),
  z.object({ status: z.literal('ready'), readyAt: z.string(), sent: z.int() }),
]);

/**
 * `empty`: no backfill was begun, so only what changed since the cache was deployed is here · `filling`: one is under way, or was
 * interrupted · `ready`: one came to its end.
 */
export type Readiness = z.infer<typeof readiness>;

/** Checks what is to be noted of a backfill; undefined for anything else. */
export function parseReadiness(value: unknown): Readiness | undefined {
  return readiness.safeParse(value).data;
}

/** Beside the type's partitions, so that no list comes upon it. */
function readinessKey(type: string): Item {
  return { [ATTRIBUTE.partition]: { S: `${type}#readiness` }, [ATTRIBUTE.id]: { S: 'readiness' } };
}

/** Notes how far a type's backfill is. */
export function createReadinessWriter({
  tableName,
  client,
}: CacheTable): (type: string, state: Readiness) => Promise<void> {
  return async (type, state) => {
    const Item = { ...readinessKey(type), readiness: { S: JSON.stringify(state) } };
    await client.send(new PutItemCommand({ TableName: tableName, Item }));
  };
}

/** How far a type's backfill is; `empty` where nothing was noted. */
export async function readReadiness({ tableName, client }: CacheTable, type: string): Promise<Readiness> {
  const { Item } = await client.send(new GetItemCommand({ TableName: tableName, Key: readinessKey(type) }));
  return parseReadiness(JSON.parse(Item?.readiness?.S ?? 'null')) ?? { status: 'empty' };
}
