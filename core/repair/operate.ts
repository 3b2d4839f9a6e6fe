import { cachedType } from '../contract/define-boundary.ts';
import { entityRef } from '../entity.ts';
import { FreshetError } from '../errors.ts';
import type { Projection } from '../project/group.ts';
import { receivesAllFromMs } from '../read/staleness.ts';
import { type BackfillPorts, beginBackfill, currentBackfill, isFilled, type Kept } from './backfill.ts';
import { beginInventory, type InventoryPorts, isRunning } from './inventory.ts';
import type { Operation } from './operation.ts';
import { isSameKey } from './parked-key.ts';
import { type Redriven, type Released, type RepairPorts, redrive, release } from './redrive.ts';

/** The answer of the repair function. `refused`: the request is invalid, and nothing was done. */
export type OperationResult =
  | { readonly redriven: readonly Redriven[] }
  | Released
  /** The run that does the work, or has done it: a new one, or one that was started before. */
  | { readonly run: string; readonly isNew: boolean }
  | { readonly refused: string };

/** Carries out an operator's request at a cache. */
export async function operate(
  projection: Projection,
  repair: RepairPorts,
  selfRepair: BackfillPorts & InventoryPorts,
  operation: Operation,
  /** A token for a new run. */
  run: string,
): Promise<OperationResult> {
  const { boundary, nowMs } = projection;
  try {
    switch (operation.operation) {
      case 'redrive': {
        const groups = [...new Set(operation.keys.map(({ groupId }) => groupId))];
        const parked = (await Promise.all(groups.map((group) => repair.parkedOf(group)))).flat();
        const events = parked.filter(({ message }) => operation.keys.some((key) => isSameKey(key, message)));
        return { redriven: await redrive(projection, repair, events) };
      }
      case 'release': {
        cachedType(boundary, operation.type);
        return await release(projection, repair, entityRef(operation.type, operation.id), operation.drop);
      }
      case 'backfill': {
        const kept = { cache: boundary.name, type: operation.type, cached: cachedType(boundary, operation.type) };
        return await startBackfill(kept, selfRepair, operation.restart, { run, nowMs: nowMs() });
      }
      case 'inventory': {
        const kept = { cache: boundary.name, type: operation.type, cached: cachedType(boundary, operation.type) };
        return await startInventory(kept, selfRepair, operation.heals, { run, nowMs: nowMs() });
      }
    }
  } catch (error) {
    if (error instanceof FreshetError) return { refused: error.message };
    throw error;
  }
}

/** The token and the time of a new run. */
interface NewRun {
  readonly run: string;
  readonly nowMs: number;
}

async function startBackfill(
  kept: Kept,
  ports: BackfillPorts,
  restart: boolean,
  { run, nowMs }: NewRun,
): Promise<OperationResult> {
  const known = await ports.completeness();
  const fromMs = receivesAllFromMs(known, kept.type);
  if (fromMs > nowMs) return { refused: tooEarly(kept.type, fromMs) };
  const before = currentBackfill(await ports.backfills.read(kept.type), known, kept);
  if (before !== undefined && !restart) return { run: before.run ?? '', isNew: false };
  const begun = await beginBackfill(kept, ports, { run, nowMs });
  return begun === undefined ? BUSY : { run, isNew: true };
}

async function startInventory(
  kept: Kept,
  ports: InventoryPorts,
  heals: boolean,
  { run, nowMs }: NewRun,
): Promise<OperationResult> {
  if (!(await isFilled(kept, ports))) return { refused: notFilled(kept.type) };
  const before = await ports.inventories.read(kept.type);
  // An inventory that heals also reports.
  if (isRunning(before, nowMs) && (before.heals || !heals)) return { run: before.run, isNew: false };
  const begun = await beginInventory(kept, ports, { run, nowMs, heals });
  return begun === undefined ? BUSY : { run, isNew: true };
}

const BUSY = { refused: 'another request started the same work at the same time. Try again.' };

function notFilled(type: string): string {
  return `${type}: the cache isn't filled with this type yet, so it can't be compared. It fills itself.`;
}

function tooEarly(type: string, fromMs: number): string {
  const why = 'a changed filter policy of SNS takes up to 15 minutes to act';
  return Number.isFinite(fromMs)
    ? `${type}: the cache receives all events of this type from ${new Date(fromMs).toISOString()} on, because ${why}. ` +
        'The cache then fills itself.'
    : `${type}: the cache has just begun to keep this type, and no heartbeat of its owner has arrived yet. The cache ` +
        `fills itself about 15 minutes after the first heartbeat, because ${why}.`;
}
