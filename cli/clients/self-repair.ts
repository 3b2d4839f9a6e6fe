import type { CacheTable } from 'freshet-aws/internal/adapters/read/table';
import { createNotes } from 'freshet-aws/internal/adapters/repair/notes';
import { type BackfillNote, parseBackfillNote } from 'freshet-aws/internal/core/repair/backfill';
import { type InventoryNote, parseInventoryNote } from 'freshet-aws/internal/core/repair/inventory';

/** How far a cache is with filling and checking itself. */
export interface SelfRepairNotes {
  /** The last backfill of a type; undefined if there was none. */
  backfill(type: string): Promise<BackfillNote | undefined>;
  /** The last inventory of a type; undefined if there was none. */
  inventory(type: string): Promise<InventoryNote | undefined>;
}

/** Opens the notes of a cache. */
export function createSelfRepairNotes(table: CacheTable): SelfRepairNotes {
  return {
    backfill: createNotes(table, 'readiness', parseBackfillNote).read,
    inventory: createNotes(table, 'inventory', parseInventoryNote).read,
  };
}
