import type { Boundary } from '../../core/contract/contract.ts';
import { parseBackfillNote } from '../../core/repair/backfill.ts';
import { parseInventoryNote } from '../../core/repair/inventory.ts';
import { keptType, nextTend } from '../../core/repair/tend.ts';
import { readCompleteness } from '../read/staleness.ts';
import type { CacheTable } from '../read/table.ts';
import { createNotes } from './notes.ts';
import type { PageQueue } from './page-queue.ts';

/**
 * Creates a function that lets the repair function tend the types that need it now. It remembers when a type needs it
 * next, so a cache that is filled costs no reads. Returns the highest `askedAgain` of the types, see `NextTend`.
 *
 * @param options.everyMs see `TendSettings`
 * @param options.lookMs how long a type that needs nothing is left alone at most, in milliseconds
 */
export function createTending(options: {
  readonly boundary: Boundary;
  readonly cache: CacheTable;
  readonly pages: Pick<PageQueue, 'tend'>;
  readonly everyMs: number | undefined;
  readonly lookMs: number;
}): (nowMs: number) => Promise<number> {
  const { boundary, cache, pages, everyMs, lookMs } = options;
  const ports = {
    backfills: createNotes(cache, 'readiness', parseBackfillNote),
    inventories: createNotes(cache, 'inventory', parseInventoryNote),
    completeness: () => readCompleteness(cache),
  };
  const nextMs = new Map<string, number>();
  return async (nowMs) => {
    const types = Object.keys(boundary.caches).filter((type) => (nextMs.get(type) ?? 0) <= nowMs);
    const asked = await Promise.all(
      types.map(async (type) => {
        const kept = keptType(boundary, type);
        if (kept === undefined) return 0;
        const { atMs, askedAgain } = await nextTend(kept, ports, nowMs, { everyMs, lookMs });
        nextMs.set(type, atMs);
        return askedAgain;
      }),
    );
    const due = types.filter((type) => (nextMs.get(type) ?? 0) <= nowMs);
    if (due.length > 0) await pages.tend(due);
    return Math.max(0, ...asked);
  };
}
