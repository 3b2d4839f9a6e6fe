import { FreshetError, quoted } from 'freshet-aws/internal/core/errors';
import type { CacheSession, FactQueueSession, OwnerSession, Session } from '../session.ts';

/** Where events are set aside. */
export type Place = OwnerSession | CacheSession | FactQueueSession;

/** All of them. */
export type Places = Pick<Session, 'owners' | 'caches' | 'factQueues'>;

/** What bears a name: a boundary may be cache and owner, and a queue of facts may be named as one is. Throws a `FreshetError` that lists all if nothing does. */
export function placesNamed({ caches, owners, factQueues }: Places, name: string): readonly Place[] {
  const found = [...caches, ...owners, ...factQueues].filter((place) => nameOf(place) === name);
  if (found.length > 0) return found;
  const names = (of: readonly Place[]) => of.map(nameOf).join(', ') || 'none';
  throw new FreshetError(
    `name: there is no cache, no owner and no queue of facts named ${quoted(name)}. Caches: ${names(caches)}. Owners: ${names(owners)}. ` +
      `Queues of facts: ${names(factQueues)}.`,
    { code: 'UnknownCache', field: 'name' },
  );
}

function nameOf(place: Place): string {
  return 'boundary' in place ? place.boundary.name : place.deployed.name;
}

/** Whether this is a cache. */
export function isCache(at: Place): at is CacheSession {
  return at.deployed.role === 'cache';
}

/** Whether this is a queue of facts. */
export function isFactQueue(at: Place): at is FactQueueSession {
  return at.deployed.role === 'fact-queue';
}
