import { type EntityRef, messageGroupId } from '../../core/entity.ts';
import type { CachedItem, ProjectPorts, SetAside } from '../../core/project/ports.ts';
import type { HealPorts } from '../../core/repair/heal.ts';
import type { RepairPorts, SetAsideKey } from '../../core/repair/redrive.ts';
import { inMemoryCache } from '../support/in-memory-cache.ts';
import type { CacheName } from './contracts.ts';
import type { CacheTables, World } from './world.ts';

/** A cache's tables as its functions see them, without latency; every change is told to the ledger. */
export interface Tables {
  readonly raw: CacheTables;
  readonly gaps: Map<string, { wanted: number; since: number; noticeId: string }>;
  readonly ports: ProjectPorts;
  readonly repair: RepairPorts;
  readonly healing: Pick<HealPorts, 'want' | 'wanted' | 'forget' | 'cached'>;
  /** The next removals are drops: nothing of what is removed was applied. */
  dropping: boolean;
  /** Forgets tombstones whose time is up; those of stopped entities stay, as the marker keeps them. */
  expire(): void;
}

export function createTables(world: World, name: CacheName, lifeSeconds: number): Tables {
  const { ledger, faults, scheduler, wrong } = world;
  const isUnstorable = (item: CachedItem) => {
    const isSo = !world.isMended && item.dataJson?.includes(`"note":"huge:${name}"`) === true;
    if (isSo) faults.count('unstorable');
    return isSo;
  };
  const raw = inMemoryCache({
    unstorable: isUnstorable,
    ...(wrong.condition && { condition: wrong.condition }),
  });
  const inner = wrong.ports?.(raw.ports, raw) ?? raw.ports;
  const innerRepair = wrong.repair?.(raw.repair, raw) ?? raw.repair;
  const gaps: Tables['gaps'] = new Map();
  const keyOf = ({ groupId, sequenceNumber }: SetAsideKey) => `${groupId} ${sequenceNumber}`;
  const keptAside = (one: SetAside) => ledger.setAside(name, one, raw.aside.get(keyOf(one.message)));

  const ports: ProjectPorts = {
    ...inner,
    async write(item, expectation) {
      const before = raw.stored.get(messageGroupId(item.entity));
      const result = await inner.write(item, expectation);
      if (result.kind === 'stored') ledger.stored(name, item, before);
      return result;
    },
    async park(aside) {
      await inner.park(aside);
      keptAside(aside);
    },
    async stop(entity, aside) {
      const result = await inner.stop(entity, aside);
      if (result === 'stopped') return result;
      ledger.trace?.(`stop ${name} ${messageGroupId(entity)}`);
      faults.count('stop');
      if (messageGroupId(entity) !== aside.message.groupId) {
        ledger.violate('waits-on-others', `${messageGroupId(entity)} is stopped by ${aside.message.groupId}`);
      }
      keptAside(aside);
      return result;
    },
    async hold(entity, asides) {
      const result = await inner.hold(entity, asides);
      if (result === 'done') for (const aside of asides) keptAside(aside);
      return result;
    },
  };

  const tables: Tables = {
    raw,
    gaps,
    ports,
    dropping: false,
    repair: {
      ...innerRepair,
      async removeAside(keys) {
        const removed = keys.flatMap((key) => raw.aside.get(keyOf(key)) ?? []);
        await innerRepair.removeAside(keys);
        for (const one of removed) ledger.removedAside(name, one, tables.dropping);
      },
      async clearStop(entity, marker) {
        const result = await innerRepair.clearStop(entity, marker);
        if (result === 'changed') return result;
        const groupId = messageGroupId(entity);
        ledger.trace?.(`release ${name} ${groupId}`);
        const left = [...raw.aside.values()].find((one) => one.status === 'held' && one.message.groupId === groupId);
        if (left !== undefined) ledger.violate('held-behind-nothing', `${name} ${groupId}@${left.version}`);
        const item = raw.stored.get(groupId);
        if (item !== undefined && item.dataJson === undefined) {
          raw.stored.set(groupId, { ...item, expiresAtSeconds: Math.ceil(scheduler.nowMs() / 1000) + lifeSeconds });
        }
        return result;
      },
    },
    healing: {
      async want(entity, wantedVersion, { noticeId, nowMs, staleBeforeMs }) {
        const known = gaps.get(messageGroupId(entity));
        if (known === undefined || known.since < staleBeforeMs) {
          gaps.set(messageGroupId(entity), { wanted: wantedVersion, since: nowMs, noticeId });
          return 'new';
        }
        known.wanted = Math.max(known.wanted, wantedVersion);
        return known.noticeId === noticeId ? 'new' : 'known';
      },
      wanted: async (entity) => gaps.get(messageGroupId(entity))?.wanted,
      async forget(entity, wantedVersion) {
        const known = gaps.get(messageGroupId(entity));
        if (known !== undefined && known.wanted !== wantedVersion) return 'changed';
        gaps.delete(messageGroupId(entity));
        return 'forgotten';
      },
      cached: async (entity: EntityRef) => {
        const stored = await ports.read(entity);
        return { version: stored?.version ?? 0, isStopped: stored?.stopMarker !== undefined };
      },
    },
    expire() {
      const nowSeconds = scheduler.nowMs() / 1000;
      for (const [groupId, { expiresAtSeconds }] of raw.stored) {
        if (expiresAtSeconds === undefined || expiresAtSeconds > nowSeconds || raw.stopped.has(groupId)) continue;
        raw.stored.delete(groupId);
        faults.count('tombstoneExpired');
        ledger.trace?.(`expire ${name} ${groupId}`);
      }
    },
  };
  return tables;
}
