import { isHeartbeatGroup, messageGroupId } from '../../core/entity.ts';
import type { CachedItem } from '../../core/project/ports.ts';
import { MessagingError } from '../../local/fifo/errors.ts';
import { checksumOf } from '../support/in-memory-cache.ts';
import type { Account } from './account.ts';
import type { Type } from './contracts.ts';
import type { Cache } from './deployed.ts';
import { random } from './random.ts';

/** Probabilities of each hand-made loss at each commit. */
const CHANGE = 0.004;
const PURGE = 0.003;

/** Changes of a cache past the projector, by a person with the rights. Only an inventory can find what they lose. */
export interface HandMade {
  /** Now and then makes a change. Returns what was changed. */
  sometimes(): { readonly cache: Cache; readonly type: Type } | undefined;
  /** Makes some changes of a cache in which nothing else happens. */
  certainly(cache: Cache): void;
}

export function createHandMade({ world, deployed }: Account): HandMade {
  const { faults, seed } = world;
  const picks = random(seed, 'hand-made');
  const changes = { handRemoved: remove, handOlder: setBack, handChanged: alter } as const;
  const kinds = Object.keys(changes) as (keyof typeof changes)[];
  return {
    sometimes() {
      const kind = kinds.find((one) => faults.happens(one, CHANGE));
      const isPurge = faults.happens('queuePurged', PURGE);
      if (kind === undefined && !isPurge) return undefined;
      const cache = picks.pick(deployed);
      if (isPurge) purge(cache);
      const changed = kind === undefined ? picks.pick(cache.types) : change(cache, changes[kind]);
      return changed && { cache, type: changed };
    },
    certainly(cache) {
      for (const kind of kinds) if (picks.chance(0.5) && faults.isAllowed(kind)) change(cache, changes[kind]);
    },
  };

  /** Changes one entity. Returns its type. */
  function change(cache: Cache, by: (cache: Cache, groupId: string, item: CachedItem) => void): Type | undefined {
    const { stored, stopped } = cache.tables.raw;
    const { forged } = world.ledger.books[cache.name];
    // The item of a stopped entity carries its stop marker, which nobody can restore.
    const mayChange = (groupId: string) => !isHeartbeatGroup(groupId) && !stopped.has(groupId) && !forged.has(groupId);
    const items = [...stored].filter(([groupId]) => mayChange(groupId));
    if (items.length === 0) return undefined;
    const [groupId, item] = picks.pick(items);
    by(cache, groupId, item);
    return item.entity.type as Type;
  }

  function remove({ name, tables }: Cache, groupId: string, { version }: CachedItem): void {
    tables.raw.stored.delete(groupId);
    tables.raw.checksums.delete(groupId);
    faults.count('handRemoved');
    world.ledger.wounded(name, groupId, { kind: 'removed', version }, 0);
  }

  function setBack({ name, tables }: Cache, groupId: string, { version }: CachedItem): void {
    const older = tables.replaced.get(groupId);
    if (older === undefined || older.version >= version) return;
    tables.raw.stored.set(groupId, older);
    tables.raw.checksums.set(groupId, checksumOf(older));
    faults.count('handOlder');
    world.ledger.wounded(name, groupId, { kind: 'older', version }, older.version);
  }

  function alter({ name, tables }: Cache, groupId: string, item: CachedItem): void {
    if (item.dataJson === undefined) return;
    tables.raw.stored.set(groupId, {
      ...item,
      dataJson: JSON.stringify({ ...JSON.parse(item.dataJson), name: 'hand' }),
    });
    faults.count('handChanged');
    world.ledger.wounded(name, groupId, { kind: 'changed', version: item.version });
  }

  /** Deletes all messages of a cache's queue. An invocation that has some of them goes on. */
  function purge({ name, queue }: Cache): void {
    const { ledger } = world;
    try {
      queue.purge();
    } catch (error) {
      if (error instanceof MessagingError) return;
      throw error;
    }
    faults.count('queuePurged');
    const { expected, finals } = ledger.books[name];
    for (const body of expected) {
      if (finals.has(body)) continue;
      finals.set(body, 'purged');
      if (ledger.garbage.has(body)) continue;
      const { type, subject } = JSON.parse(body) as { type: string; subject: string };
      const groupId = messageGroupId({ type, id: subject });
      if (isHeartbeatGroup(groupId)) continue;
      ledger.wounded(name, groupId, { kind: 'purged', version: ledger.history.currentVersion(groupId) });
    }
  }
}
