import type { Completeness } from '../../core/read/staleness.ts';
import type { BackfillNote } from '../../core/repair/backfill.ts';
import type { InventoryNote } from '../../core/repair/inventory.ts';
import type { Note, NoteStore } from '../../core/repair/note.ts';
import type { Invocation } from './invocations.ts';

/** What a cache's table notes about its types. */
export interface CacheNotes {
  readonly backfills: Map<string, BackfillNote>;
  readonly inventories: Map<string, InventoryNote>;
  completeness: Completeness | undefined;
  /** When something was last noted, epoch milliseconds. */
  changedAtMs: number;
}

export function createCacheNotes(): CacheNotes {
  return { backfills: new Map(), inventories: new Map(), completeness: undefined, changedAtMs: 0 };
}

/**
 * The notes of one kind as a function sees them, with the condition of adapters/repair/notes.ts.
 *
 * @param onNoted called with each note that was stored, and the note before it
 */
export function noteStore<N extends Note>(
  stored: Map<string, N>,
  invocation: Invocation,
  onNoted: (type: string, before: N | undefined, after: N) => void,
): NoteStore<N> {
  return {
    read: (type) => invocation.call('cacheTable', '', () => stored.get(type)),
    write: (type, note) =>
      invocation.call('cacheTable', '', () => {
        const before = stored.get(type);
        if ((before?.seq ?? 0) !== note.seq - 1) return 'changed';
        stored.set(type, note);
        onNoted(type, before, note);
        return 'stored';
      }),
  };
}
