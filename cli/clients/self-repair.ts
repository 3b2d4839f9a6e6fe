import { BatchGetItemCommand } from '@aws-sdk/client-dynamodb';
import { batchGet } from 'freshet-aws/internal/adapters/adopt/batch-get';
import { ATTRIBUTE, type Item } from 'freshet-aws/internal/adapters/aws/items';
import type { CacheTable } from 'freshet-aws/internal/adapters/read/table';
import { createNotes, noteKey, noteOf } from 'freshet-aws/internal/adapters/repair/notes';
import { type BackfillNote, parseBackfillNote } from 'freshet-aws/internal/core/repair/backfill';
import { type InventoryNote, parseInventoryNote } from 'freshet-aws/internal/core/repair/inventory';

/** Keys of one request (ddb/API_BatchGetItem). */
const MAX_KEYS = 100;

/** How far a cache is with filling and checking itself. */
export interface SelfRepairNotes {
  /** The last backfill of a type; undefined if there was none. */
  backfill(type: string): Promise<BackfillNote | undefined>;
  /** The last backfills of types, by type, with a request for 100 of them. */
  backfills(types: readonly string[]): Promise<ReadonlyMap<string, BackfillNote>>;
  /** The last inventory of a type; undefined if there was none. */
  inventory(type: string): Promise<InventoryNote | undefined>;
}

/** Opens the notes of a cache. */
export function createSelfRepairNotes(table: CacheTable): SelfRepairNotes {
  const { client, tableName } = table;
  return {
    async backfills(types) {
      const keys = types.map((type) => noteKey('readiness', type));
      const items = await batchGet(keys, MAX_KEYS, (some) =>
        client.send(new BatchGetItemCommand({ RequestItems: { [tableName]: { Keys: some, ConsistentRead: true } } })),
      );
      return new Map(
        items.flatMap((item) => {
          const note = parseBackfillNote(noteOf('readiness', item));
          return note === undefined ? [] : [[itemType(item), note] as const];
        }),
      );
    },
    backfill: createNotes(table, 'readiness', parseBackfillNote).read,
    inventory: createNotes(table, 'inventory', parseInventoryNote).read,
  };
}

/** The type of a note: the part of its key before the kind. */
function itemType(item: Item): string {
  const pk = item[ATTRIBUTE.partition]?.S ?? '';
  return pk.slice(0, pk.lastIndexOf('#'));
}
