import { entityOfGroup, isHeartbeatGroup } from '../../core/entity.ts';
import { serialiseEvent } from '../../core/event.ts';
import { canonicalState } from '../../core/state.ts';
import type { Account } from './account.ts';
import type { Cache } from './deployed.ts';
import type { FaultKind } from './faults.ts';
import { random } from './random.ts';

/** Probability of each kind of garbage at each commit. */
const PROBABILITY = 0.006;

/**
 * Sends garbage now and then: a message that no cache can ever apply, in the group of an entity that the cache holds.
 */
export function createGarbage({ world, owner, deployed, send }: Account, seed: number): () => void {
  const { faults, ledger, scheduler } = world;
  const picks = random(seed, 'garbage');
  let count = 0;

  const forged = (cache: Cache, groupId: string, kind: 'invalid' | 'newerSchema' | 'conflict'): string | undefined => {
    const item = cache.tables.raw.stored.get(groupId);
    const entity = entityOfGroup(groupId);
    if (item === undefined || entity === undefined) return undefined;
    const { schemaVersion } = owner.table.boundary.owns[entity.type as 'Price'];
    const state = { name: kind === 'invalid' ? count : 'forged', price: count, note: 'plain' };
    const { json, digest } = canonicalState(entity, state);
    const now = new Date(scheduler.nowMs()).toISOString();
    return serialiseEvent(
      {
        kind: 'state',
        entity,
        version: item.version,
        digest,
        owner: 'catalogue',
        schemaVersion: kind === 'newerSchema' ? 9 : schemaVersion,
        changedAt: now,
        publishedAt: now,
      },
      json,
    );
  };

  const sendOne = (kind: FaultKind & ('malformed' | 'invalid' | 'newerSchema' | 'conflict')): void => {
    const cache = picks.pick(deployed);
    const groups = [...cache.tables.raw.stored.keys()].filter((groupId) => !isHeartbeatGroup(groupId));
    if (groups.length === 0) return;
    const groupId = picks.pick(groups);
    count += 1;
    const body = kind === 'malformed' ? `{"not an event": ${count}` : forged(cache, groupId, kind);
    if (body === undefined) return;
    ledger.garbage.add(body);
    if (kind === 'conflict') ledger.books[cache.name].forged.add(groupId);
    send(cache, { groupId, body }, `garbage-${count}`);
  };

  return () => {
    for (const kind of ['malformed', 'invalid', 'newerSchema', 'conflict'] as const) {
      if (faults.happens(kind, PROBABILITY)) sendOne(kind);
    }
  };
}
