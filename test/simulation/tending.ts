import { keptType, nextTend } from '../../core/repair/tend.ts';
import { cacheBoundary, type Type } from './contracts.ts';
import type { Cache } from './deployed.ts';
import type { World } from './world.ts';

/** Time between two inventories by schedule; undefined once the faults have stopped, so that everything can end. */
export function everyMs({ faults }: Pick<World, 'faults'>, cache: Cache): number | undefined {
  return faults.isCeased ? undefined : cache.everyMs;
}

/** When each type of a cache needs to be tended next, epoch milliseconds; infinite for never. */
export function nextTends(
  { name, repairRevision, schemaVersion, types, notes }: Cache,
  nowMs: number,
  everyMs: number | undefined,
): Promise<{ readonly type: Type; readonly atMs: number }[]> {
  const boundary = cacheBoundary(name, repairRevision, schemaVersion, types);
  const readOnly = { write: async () => 'changed' as const };
  const ports = {
    backfills: { ...readOnly, read: async (type: string) => notes.backfills.get(type) },
    inventories: { ...readOnly, read: async (type: string) => notes.inventories.get(type) },
    completeness: async () => notes.completeness,
  };
  const lookMs = Number.POSITIVE_INFINITY;
  const times = types.map(async (type) => {
    const kept = keptType(boundary, type);
    const next = kept && (await nextTend(kept, ports, nowMs, { everyMs, lookMs }));
    return { type, atMs: next?.atMs ?? lookMs };
  });
  return Promise.all(times);
}

/** The types that a cache fills, checks, or is about to fill or check. */
export async function dueTypes(world: World, caches: readonly Cache[]): Promise<Type[]> {
  const nowMs = world.scheduler.nowMs();
  const next = await Promise.all(caches.map((cache) => nextTends(cache, nowMs, everyMs(world, cache))));
  const due = next.flat().filter(({ atMs }) => atMs <= nowMs);
  return [...new Set(due.map(({ type }) => type))];
}
