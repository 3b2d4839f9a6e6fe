import { messageGroupId } from '../../core/entity.ts';
import type { CachedItem, ParkedEvent, ProjectPorts } from '../../core/project/ports.ts';
import type { HealPorts } from '../../core/repair/heal.ts';
import { parkedKeyText } from '../../core/repair/parked-key.ts';
import type { RepairPorts } from '../../core/repair/redrive.ts';
import { checksumOf, inMemoryCache } from '../support/in-memory-cache.ts';
import type { CacheName } from './contracts.ts';
import type { CacheTables, World } from './world.ts';

type Gaps = Map<string, { wanted: number; since: number; noticeId: string }>;

/** A cache's tables as its functions see them, without latency. The ledger is told of every change. */
export interface Tables {
  readonly raw: CacheTables;
  readonly gaps: Gaps;
  /** Message group to the item that was replaced last. */
  readonly replaced: Map<string, CachedItem>;
  readonly ports: ProjectPorts;
  readonly repair: RepairPorts;
  readonly healing: Pick<HealPorts, 'want' | 'wanted' | 'forget' | 'cached'>;
  /** Whether the next removals are drops: the removed events were not applied. */
  dropping: boolean;
  /** Deletes tombstones whose time is up. Tombstones of stopped entities stay, because they carry the stop marker. */
  expire(): void;
}

/** @param lifeSeconds how long a tombstone is stored */
export function createTables(world: World, name: CacheName, lifeSeconds: number): Tables {
  const { wrong } = world;
  const raw = inMemoryCache({
    unstorable: (item) => isUnstorable(world, name, item),
    ...(wrong.condition && { condition: wrong.condition }),
  });
  const gaps: Gaps = new Map();
  const replaced = new Map<string, CachedItem>();
  const ports = createPorts(world, name, { raw, replaced });
  const tables: Tables = {
    raw,
    gaps,
    replaced,
    ports,
    repair: createRepairPorts(world, name, raw, lifeSeconds, () => tables.dropping),
    healing: createHealingPorts(gaps, ports),
    dropping: false,
    expire: () => expire(world, name, raw),
  };
  return tables;
}

function isUnstorable({ isMended, faults }: World, name: CacheName, item: CachedItem): boolean {
  const isSo = !isMended && item.dataJson?.includes(`"note":"huge:${name}"`) === true;
  if (isSo) faults.count('unstorable');
  return isSo;
}

/** The error of a table that refuses an item as invalid. It isn't transient. */
const refusedItem = () =>
  Object.assign(new Error('refused'), { name: 'ValidationException', $metadata: { httpStatusCode: 400 } });

function createPorts(world: World, name: CacheName, { raw, replaced }: Pick<Tables, 'raw' | 'replaced'>): ProjectPorts {
  const { ledger, faults, wrong } = world;
  const isMended = () => world.isMended;
  const inner = wrong.ports?.(raw.ports, raw) ?? raw.ports;
  const checkParked = (event: ParkedEvent): void =>
    ledger.parked(name, event, raw.parked.get(parkedKeyText(event.message)));
  return {
    ...inner,
    async write(item, expectation) {
      const groupId = messageGroupId(item.entity);
      const before = raw.stored.get(groupId);
      const isIntact = before !== undefined && raw.checksums.get(groupId) === checksumOf(before);
      if (!isMended() && item.dataJson?.includes(`"note":"odd:${name}"`)) throw refusedItem();
      const result = await inner.write(item, expectation);
      if (result.kind !== 'stored') return result;
      if (isIntact) replaced.set(groupId, before);
      ledger.stored(name, item, before);
      return result;
    },
    async park(event) {
      await inner.park(event);
      checkParked(event);
    },
    async stop(entity, event) {
      const result = await inner.stop(entity, event);
      if (result === 'stopped') return result;
      ledger.trace?.(`stop ${name} ${messageGroupId(entity)}`);
      faults.count('stop');
      if (messageGroupId(entity) !== event.message.groupId) {
        ledger.violate('waits-on-others', `${messageGroupId(entity)} is stopped by ${event.message.groupId}`);
      }
      checkParked(event);
      return result;
    },
    async hold(entity, events) {
      const result = await inner.hold(entity, events);
      if (result === 'done') for (const event of events) checkParked(event);
      return result;
    },
  };
}

function createRepairPorts(
  { ledger, scheduler, wrong }: World,
  name: CacheName,
  raw: CacheTables,
  lifeSeconds: number,
  isDropping: () => boolean,
): RepairPorts {
  const inner = wrong.repair?.(raw.repair, raw) ?? raw.repair;
  return {
    ...inner,
    async removeParked(keys) {
      const removed = keys.flatMap((key) => raw.parked.get(parkedKeyText(key)) ?? []);
      await inner.removeParked(keys);
      for (const event of removed) ledger.removed(name, event, isDropping());
    },
    async clearStop(entity, marker) {
      const result = await inner.clearStop(entity, marker);
      if (result === 'changed') return result;
      const groupId = messageGroupId(entity);
      ledger.trace?.(`release ${name} ${groupId}`);
      const left = [...raw.parked.values()].find((one) => one.status === 'held' && one.message.groupId === groupId);
      if (left !== undefined) ledger.violate('held-behind-nothing', `${name} ${groupId}@${left.version}`);
      const item = raw.stored.get(groupId);
      if (item !== undefined && item.dataJson === undefined) {
        raw.stored.set(groupId, { ...item, expiresAtSeconds: Math.ceil(scheduler.nowMs() / 1000) + lifeSeconds });
      }
      return result;
    },
  };
}

function createHealingPorts(gaps: Gaps, ports: ProjectPorts): Tables['healing'] {
  return {
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
    async cached(entity) {
      const stored = await ports.read(entity);
      return { version: stored?.version ?? 0, isStopped: stored?.stopMarker !== undefined };
    },
  };
}

function expire({ scheduler, faults, ledger }: World, name: CacheName, { stored, stopped }: CacheTables): void {
  const nowSeconds = scheduler.nowMs() / 1000;
  for (const [groupId, { expiresAtSeconds }] of stored) {
    if (expiresAtSeconds === undefined || expiresAtSeconds > nowSeconds || stopped.has(groupId)) continue;
    stored.delete(groupId);
    faults.count('tombstoneExpired');
    ledger.trace?.(`expire ${name} ${groupId}`);
  }
}
