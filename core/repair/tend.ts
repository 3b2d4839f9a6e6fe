import type { Boundary } from '../contract/contract.ts';
import { type BackfillPorts, currentBackfill, type Kept, tendBackfill } from './backfill.ts';
import { type InventoryPorts, isRunning, lastHealingMs, tendInventory } from './inventory.ts';

/** When the work on a type is looked at again. */
export interface TendSettings {
  /** Time between two inventories in milliseconds; undefined: only on request. */
  readonly everyMs: number | undefined;
  /** How long a page may take before it is asked for again, in milliseconds. */
  readonly stalledMs: number;
}

/** Returns a type that the boundary caches; undefined if it doesn't. */
export function keptType(boundary: Boundary, type: string): Kept | undefined {
  const cached = Object.hasOwn(boundary.caches, type) ? boundary.caches[type] : undefined;
  return cached && { cache: boundary.name, type, cached };
}

/**
 * Does what a type needs now: fills it, and then compares it with its owner from time to time.
 *
 * @param run a token for a new backfill or inventory
 */
export async function tendType(
  kept: Kept,
  ports: BackfillPorts & InventoryPorts,
  { run, nowMs, stalledMs, everyMs }: TendSettings & { readonly run: string; readonly nowMs: number },
): Promise<void> {
  await tendBackfill(kept, ports, { run, nowMs, stalledMs });
  const [note, known] = [await ports.backfills.read(kept.type), await ports.completeness()];
  const filled = currentBackfill(note, known, kept);
  if (filled?.status !== 'ready') return;
  const filledAtMs = Date.parse(filled.readyAt);
  await tendInventory(kept, ports, { run, nowMs, stalledMs, everyMs, filledAtMs });
}

/** What a type needs next. */
export interface NextTend {
  /** When it needs to be looked at, epoch milliseconds: now, unless it is filled and no inventory runs or is due. */
  readonly atMs: number;
  /** How often the owner was asked again for the page that is awaited; 0 if none is awaited. */
  readonly askedAgain: number;
}

/** Returns what a type needs next. */
export async function nextTend(
  kept: Kept,
  ports: Pick<BackfillPorts & InventoryPorts, 'backfills' | 'inventories' | 'completeness'>,
  nowMs: number,
  { everyMs, lookMs }: { readonly everyMs: number | undefined; readonly lookMs: number },
): Promise<NextTend> {
  const { type } = kept;
  const [backfill, inventory, known] = await Promise.all([
    ports.backfills.read(type),
    ports.inventories.read(type),
    ports.completeness(),
  ]);
  const filled = currentBackfill(backfill, known, kept);
  if (filled?.status !== 'ready') return { atMs: nowMs, askedAgain: filled?.askedAgain ?? 0 };
  if (isRunning(inventory, nowMs)) return { atMs: nowMs, askedAgain: inventory.askedAgain };
  const lastMs = lastHealingMs(inventory, Date.parse(filled.readyAt));
  const atMs = everyMs === undefined ? nowMs + lookMs : Math.min(lastMs + everyMs, nowMs + lookMs);
  return { atMs, askedAgain: 0 };
}
