import { entityOfGroup } from '../../core/entity.ts';
import { isTombstone } from '../../core/own/own.ts';
import type { SetAside } from '../../core/project/ports.ts';
import { outgoingMessage } from '../../core/relay/message.ts';
import { MAX_REDRIVE_KEYS } from '../../core/repair/operation.ts';
import type { Account } from './account.ts';
import type { Cache } from './cache.ts';
import { SETTINGS } from './contracts.ts';

/** What people do at the command line: redrive, release, discard, backfill, restore, reconcile. */
export type Operator = ReturnType<typeof createOperator>;

export function createOperator({ world, owner, caches, send, askForResync }: Account) {
  const { messaging, faults, ledger, scheduler } = world;
  let backfills = 0;

  const asideOf = ({ tables }: Cache, groupId?: string): SetAside[] =>
    [...tables.raw.aside.values()]
      .filter(({ message }) => groupId === undefined || message.groupId === groupId)
      .sort((a, b) => (a.message.sequenceNumber < b.message.sequenceNumber ? -1 : 1));

  const isGenuine = ({ message }: SetAside): boolean => {
    if (ledger.garbage.has(message.body)) return false;
    const { publishedat } = JSON.parse(message.body) as { publishedat: string };
    return scheduler.nowMs() - Date.parse(publishedat) <= SETTINGS.maxEventAgeSeconds * 1000;
  };

  const operator = {
    /** Moves what is in a cache's dead-letter queue back to its queue. */
    moveDeadLetters({ deadLetters }: Cache): void {
      if (deadLetters.counts().visible === 0) return;
      const { moved } = messaging.moveTasks.start({ sourceArn: deadLetters.arn });
      for (let count = 0; count < moved; count += 1) faults.count('deadLetterMoved');
    },
    /** Tries the events of one group again that are set aside. */
    async redrive(cache: Cache, groupId: string): Promise<void> {
      const keys = asideOf(cache, groupId)
        .slice(0, MAX_REDRIVE_KEYS)
        .map(({ message }) => message);
      const result = await cache.operate({ operation: 'redrive', keys });
      if (result !== undefined && 'redriven' in result) for (const _ of result.redriven) faults.count('parkingRedrive');
    },
    async release(cache: Cache, groupId: string, drop: boolean): Promise<void> {
      const entity = entityOfGroup(groupId);
      if (entity === undefined) return;
      const result = await cache.operate({ operation: 'release', ...entity, drop });
      if (result !== undefined && 'status' in result && result.status === 'released') {
        faults.count(drop ? 'releaseDrop' : 'release');
      }
      if (drop) askForResync(entity);
    },
    /** Of what was tried, discards what will never be applied; in a mended world nothing else may have stayed. */
    async discardHopeless(cache: Cache, groupId: string, tried: readonly SetAside[]): Promise<void> {
      const isStopped = cache.tables.raw.stopped.has(groupId);
      // What came meanwhile hasn't been tried.
      const wasTried = ({ message }: SetAside) => tried.some((one) => one.message.messageId === message.messageId);
      const left = asideOf(cache, groupId).filter(wasTried);
      // Behind a stop only the first that can't be applied is known to be hopeless.
      const hopeless = left.filter((one) => !isGenuine(one)).slice(0, isStopped ? 1 : undefined);
      const [first] = left;
      if (first !== undefined && hopeless.length === 0) {
        ledger.violate('stays-poison', `${cache.name} ${groupId}@${first.version}: ${first.reason}`);
      }
      cache.tables.dropping = true;
      await cache.tables.repair.removeAside(hopeless.map(({ message }) => message));
      cache.tables.dropping = false;
    },
    asideOf,
    groupsAside: (cache: Cache): string[] => [...new Set(asideOf(cache).map(({ message }) => message.groupId))],
    /** Sends all of the owner's entities, deleted ones too, to one cache's queue, while everything goes on. */
    async backfill(cache: Cache): Promise<void> {
      faults.count('backfill');
      backfills += 1;
      const again = { kind: 'backfill', token: `b${backfills}` } as const;
      for (const owned of [...owner.table.items.values()]) {
        const publishedAt = new Date(scheduler.nowMs()).toISOString();
        const message = outgoingMessage(owner.table.boundary, owned, { publishedAt, again });
        await scheduler.sleep(100);
        // What isn't lifted yet can't be sent, and is published when it is.
        if ('reason' in message && message.reason === 'before-epoch') continue;
        if ('reason' in message) throw new Error(message.message);
        const wrong = world.wrong.message?.(message) ?? message;
        if (send(cache, wrong, wrong.deduplicationId).isDuplicate) {
          ledger.violate('publication-dropped', `${cache.name} ${message.groupId}@${owned.version} (backfill)`);
        }
      }
    },
    /** After the table was restored: raises all versions into the new epoch. */
    async lift(): Promise<void> {
      for (const { entity } of [...owner.table.items.values()]) {
        owner.table.lift(entity);
        await scheduler.sleep(200);
      }
    },
    /** Commits the deletion of what caches still hold and the restored table has lost. */
    bury(): void {
      for (const { name, tables } of caches) {
        for (const [groupId, { entity }] of tables.raw.stored) {
          const version = Math.max(...caches.map((cache) => ledger.highestOf(cache.name, groupId)));
          if (!owner.table.items.has(groupId)) ledger.trace?.(`bury ${name} ${groupId}@${version}`);
          owner.table.bury(entity, version);
        }
      }
    },
    /** How a cache differs from its owner, entity by entity; a forgotten deletion is none. */
    differences({ name, tables, fieldsRevision }: Cache): { groupId: string; problem: string }[] {
      const { stored } = tables.raw;
      const stray = [...stored].filter(([groupId]) => !owner.table.items.has(groupId));
      const differing = [...owner.table.items].flatMap(([groupId, owned]) => {
        const item = stored.get(groupId);
        if (item === undefined) {
          const isForgotten = isTombstone(owned) && ledger.highestOf(name, groupId) === owned.version;
          return isForgotten ? [] : [{ groupId, problem: `nothing, not @${owned.version}` }];
        }
        if (item.version !== owned.version) return [{ groupId, problem: `@${item.version}, not @${owned.version}` }];
        const json = ledger.expectedJson(name, owned.entity, owned.version, fieldsRevision);
        return item.dataJson === json ? [] : [{ groupId, problem: `@${item.version} ${item.dataJson}, not ${json}` }];
      });
      return [...stray.map(([groupId]) => ({ groupId, problem: 'unknown to the owner' })), ...differing];
    },
  };
  return operator;
}
