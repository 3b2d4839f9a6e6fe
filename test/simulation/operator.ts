import { entityOfGroup, isHeartbeat } from '../../core/entity.ts';
import { isTombstone } from '../../core/own/own.ts';
import type { ParkedEvent } from '../../core/project/ports.ts';
import { MAX_REDRIVE_KEYS } from '../../core/repair/operation.ts';
import type { Account } from './account.ts';
import { SETTINGS, type Type } from './contracts.ts';
import type { Cache } from './deployed.ts';

/** The operations of people at the command line: redrive, release, discard, backfill, restore, reconcile. */
export type Operator = ReturnType<typeof createOperator>;

/** Pause before an operator repeats a request whose function crashed or was busy. */
const ASK_AGAIN_MS = 10_000;

export function createOperator(account: Account) {
  return {
    moveDeadLetters: (cache: Cache) => moveDeadLetters(account, cache),
    redrive: (cache: Cache, groupId: string) => redrive(account, cache, groupId),
    release: (cache: Cache, groupId: string, drop: boolean) => release(account, cache, groupId, drop),
    discardHopeless: (cache: Cache, groupId: string, tried: readonly ParkedEvent[]) =>
      discardHopeless(account, cache, groupId, tried),
    parkedOf,
    parkedGroups: (cache: Cache): string[] => [...new Set(parkedOf(cache).map(({ message }) => message.groupId))],
    backfill: (cache: Cache, type: Type) => backfill(account, cache, type),
    inventory: (cache: Cache, type: Type) => inventory(account, cache, type),
    lift: (afterSeconds: number) => lift(account, afterSeconds),
    bury: () => bury(account),
    differences: (cache: Cache) => differences(account, cache),
  };
}

/** The parked events of a cache, or of one of its groups, in order. */
function parkedOf({ tables }: Cache, groupId?: string): ParkedEvent[] {
  return [...tables.raw.parked.values()]
    .filter(({ message }) => groupId === undefined || message.groupId === groupId)
    .sort((a, b) => (a.message.sequenceNumber < b.message.sequenceNumber ? -1 : 1));
}

/** Moves the messages of a cache's dead-letter queue back to its queue. */
function moveDeadLetters({ world: { messaging, faults } }: Account, { deadLetters }: Cache): void {
  if (deadLetters.counts().visible === 0) return;
  const { moved } = messaging.moveTasks.start({ sourceArn: deadLetters.arn });
  for (let count = 0; count < moved; count += 1) faults.count('deadLetterMoved');
}

/** Tries the parked events of one group again. */
async function redrive({ world: { faults } }: Account, cache: Cache, groupId: string): Promise<void> {
  const keys = parkedOf(cache, groupId)
    .slice(0, MAX_REDRIVE_KEYS)
    .map(({ message }) => message);
  const result = await cache.operate({ operation: 'redrive', keys });
  if (result !== undefined && 'redriven' in result) for (const _ of result.redriven) faults.count('parkingRedrive');
}

async function release(account: Account, cache: Cache, groupId: string, drop: boolean): Promise<void> {
  const entity = entityOfGroup(groupId);
  if (entity === undefined) return;
  const result = await cache.operate({ operation: 'release', ...entity, drop });
  if (result !== undefined && 'status' in result && result.status === 'released') {
    account.world.faults.count(drop ? 'releaseDrop' : 'release');
  }
  if (drop) account.askForResync(entity);
}

/** Whether a parked event can be applied after its cause is repaired. */
function isGenuine({ world: { ledger, scheduler } }: Account, { message }: ParkedEvent): boolean {
  if (ledger.garbage.has(message.body)) return false;
  const { publishedat } = JSON.parse(message.body) as { publishedat: string };
  return scheduler.nowMs() - Date.parse(publishedat) <= SETTINGS.maxEventAgeSeconds * 1000;
}

/** Discards the tried events that can never be applied. After the repairs, no other event may still be parked. */
async function discardHopeless(
  account: Account,
  cache: Cache,
  groupId: string,
  tried: readonly ParkedEvent[],
): Promise<void> {
  const isStopped = cache.tables.raw.stopped.has(groupId);
  // Events that were parked meanwhile haven't been tried.
  const wasTried = ({ message }: ParkedEvent) => tried.some((one) => one.message.messageId === message.messageId);
  const left = parkedOf(cache, groupId).filter(wasTried);
  // In a stopped entity, only the first event is known to be hopeless.
  const hopeless = left.filter((one) => !isGenuine(account, one)).slice(0, isStopped ? 1 : undefined);
  const [first] = left;
  if (first !== undefined && hopeless.length === 0) {
    account.world.ledger.violate('stays-poison', `${cache.name} ${groupId}@${first.version}: ${first.reason}`);
  }
  cache.tables.dropping = true;
  await cache.tables.repair.removeParked(hopeless.map(({ message }) => message));
  cache.tables.dropping = false;
}

/** Fills a cache with a type again, whether or not a backfill runs. */
async function backfill({ schedule }: Account, cache: Cache, type: Type): Promise<void> {
  await cache.operate({ operation: 'backfill', type, restart: true });
  schedule.wake();
}

/** Compares a type of a cache with its owner, if the cache is filled with it. Asks again until an inventory runs. */
async function inventory({ world, schedule }: Account, cache: Cache, type: Type): Promise<void> {
  while (world.ledger.violations.length === 0) {
    const result = await cache.operate({ operation: 'inventory', type, heals: true });
    const isUnfilled = result !== undefined && 'refused' in result && result.refused.includes("isn't filled");
    if (isUnfilled || (result !== undefined && 'run' in result)) break;
    await world.scheduler.sleep(ASK_AGAIN_MS);
  }
  schedule.wake();
}

/** After a restore of the table: raises all versions into the new epoch. */
async function lift({ world: { scheduler }, owner }: Account, afterSeconds: number): Promise<void> {
  await scheduler.sleep(afterSeconds * 1000);
  for (const { entity } of [...owner.table.items.values()]) {
    owner.table.lift(entity);
    await scheduler.sleep(200);
  }
}

/** Commits the deletion of entities that caches still hold and that the restored table has lost. */
function bury({ world: { ledger }, owner, caches }: Account): void {
  for (const { name, tables } of caches) {
    for (const [groupId, { entity }] of tables.raw.stored) {
      if (isHeartbeat(entity)) continue;
      const version = Math.max(...caches.map((cache) => ledger.highestOf(cache.name, groupId)));
      if (!owner.table.items.has(groupId)) ledger.trace?.(`bury ${name} ${groupId}@${version}`);
      owner.table.bury(entity, version);
    }
  }
}

/** How a cache differs from its owner, entity by entity. A tombstone that has expired is no difference. */
function differences(
  { world: { ledger }, owner }: Account,
  { name, tables, fieldsRevision, types }: Cache,
): { groupId: string; problem: string }[] {
  const { stored } = tables.raw;
  const { wounds, lossy } = ledger.books[name];
  const stray = [...stored].filter(([groupId, { entity }]) => !owner.table.items.has(groupId) && !isHeartbeat(entity));
  const differing = [...owner.table.items].flatMap(([groupId, owned]) => {
    if (isHeartbeat(owned.entity) || !types.includes(owned.entity.type as Type)) return [];
    const item = stored.get(groupId);
    if (item === undefined) {
      // A tombstone that was removed or dropped can't be told from one that has expired.
      const isUnknown = wounds.get(groupId)?.kind === 'removed' || lossy.has(groupId);
      const isExpired = isTombstone(owned) && (isUnknown || ledger.highestOf(name, groupId) === owned.version);
      return isExpired ? [] : [{ groupId, problem: `nothing, not @${owned.version}` }];
    }
    if (item.version !== owned.version) return [{ groupId, problem: `@${item.version}, not @${owned.version}` }];
    const json = ledger.history.expectedJson(name, owned.entity, owned.version, fieldsRevision);
    return item.dataJson === json ? [] : [{ groupId, problem: `@${item.version} ${item.dataJson}, not ${json}` }];
  });
  return [...stray.map(([groupId]) => ({ groupId, problem: 'unknown to the owner' })), ...differing];
}
