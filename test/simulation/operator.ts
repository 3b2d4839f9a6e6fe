import { entityOfGroup } from '../../core/entity.ts';
import { isTombstone } from '../../core/own/own.ts';
import type { ParkedEvent } from '../../core/project/ports.ts';
import { outgoingMessage } from '../../core/relay/message.ts';
import { MAX_REDRIVE_KEYS } from '../../core/repair/operation.ts';
import type { Account } from './account.ts';
import type { Cache } from './cache.ts';
import { SETTINGS, type Type } from './contracts.ts';

/** The operations of people at the command line: redrive, release, discard, backfill, restore, reconcile. */
export type Operator = ReturnType<typeof createOperator>;

export function createOperator(account: Account) {
  let backfills = 0;
  return {
    moveDeadLetters: (cache: Cache) => moveDeadLetters(account, cache),
    redrive: (cache: Cache, groupId: string) => redrive(account, cache, groupId),
    release: (cache: Cache, groupId: string, drop: boolean) => release(account, cache, groupId, drop),
    discardHopeless: (cache: Cache, groupId: string, tried: readonly ParkedEvent[]) =>
      discardHopeless(account, cache, groupId, tried),
    parkedOf,
    parkedGroups: (cache: Cache): string[] => [...new Set(parkedOf(cache).map(({ message }) => message.groupId))],
    backfill(cache: Cache): Promise<void> {
      backfills += 1;
      return backfill(account, cache, `b${backfills}`);
    },
    lift: () => lift(account),
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

/** Sends all entities of the owner, deleted ones too, to one cache's queue, during all other activity. */
async function backfill({ world, owner, send }: Account, cache: Cache, token: string): Promise<void> {
  const { faults, ledger, scheduler, wrong } = world;
  faults.count('backfill');
  const again = { kind: 'backfill', token } as const;
  for (const owned of [...owner.table.items.values()]) {
    const publishedAt = new Date(scheduler.nowMs()).toISOString();
    const message = outgoingMessage(owner.table.boundary, owned, { publishedAt, again });
    await scheduler.sleep(100);
    // An entity that isn't lifted yet can't be sent. It is published when it is lifted.
    if ('reason' in message && message.reason === 'before-epoch') continue;
    if ('reason' in message) throw new Error(message.message);
    const sent = wrong.message?.(message) ?? message;
    if (send(cache, sent, sent.deduplicationId).isDuplicate) {
      ledger.violate('publication-dropped', `${cache.name} ${message.groupId}@${owned.version} (backfill)`);
    }
  }
}

/** After a restore of the table: raises all versions into the new epoch. */
async function lift({ world: { scheduler }, owner }: Account): Promise<void> {
  for (const { entity } of [...owner.table.items.values()]) {
    owner.table.lift(entity);
    await scheduler.sleep(200);
  }
}

/** Commits the deletion of entities that caches still hold and that the restored table has lost. */
function bury({ world: { ledger }, owner, caches }: Account): void {
  for (const { name, tables } of caches) {
    for (const [groupId, { entity }] of tables.raw.stored) {
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
  const stray = [...stored].filter(([groupId]) => !owner.table.items.has(groupId));
  const differing = [...owner.table.items].flatMap(([groupId, owned]) => {
    if (!types.includes(owned.entity.type as Type)) return [];
    const item = stored.get(groupId);
    if (item === undefined) {
      const isExpired = isTombstone(owned) && ledger.highestOf(name, groupId) === owned.version;
      return isExpired ? [] : [{ groupId, problem: `nothing, not @${owned.version}` }];
    }
    if (item.version !== owned.version) return [{ groupId, problem: `@${item.version}, not @${owned.version}` }];
    const json = ledger.history.expectedJson(name, owned.entity, owned.version, fieldsRevision);
    return item.dataJson === json ? [] : [{ groupId, problem: `@${item.version} ${item.dataJson}, not ${json}` }];
  });
  return [...stray.map(([groupId]) => ({ groupId, problem: 'unknown to the owner' })), ...differing];
}
