import { FreshetError, quoted } from 'freshet-aws/internal/core/errors';
import type { Deployment, FactQueue, FoundCache, FoundOwner } from '../../deployment/deployment.ts';
import { onlyOne } from '../../deployment/names.ts';

/** An owner, a cache or a queue of facts. Each has a parking table. */
export type ParkingPlace = FoundOwner | FoundCache | FactQueue;

/** All parking places of a deployment. */
export type ParkingPlaces = Pick<Deployment, 'owners' | 'caches' | 'factQueues'>;

/** What has parked events. */
export type ParkingRole = 'cache' | 'owner' | 'fact-queue';

/** The roles of parking places, for people. */
export const ROLES: Readonly<Record<ParkingRole, string>> = {
  cache: 'cache',
  owner: 'owner',
  'fact-queue': 'queue of facts',
};

/** The role of a parking place, wherever an owner's entities are. */
export function roleOf({ deployed: { role } }: ParkingPlace): ParkingRole {
  return role === 'postgres-owner' ? 'owner' : role;
}

/**
 * Returns the parking places with a name, one of each role at most: a boundary may be both a cache and an owner, and a
 * queue of facts may have the same name.
 *
 * @throws FreshetError `UnknownCache` that lists all names, if no parking place has the name
 * @throws UsageError if two stacks have a parking place of the same name and role
 */
export function placesNamed({ caches, owners, factQueues }: ParkingPlaces, name: string): readonly ParkingPlace[] {
  const named = (all: readonly ParkingPlace[], what: string) =>
    onlyOne(
      all.filter((place) => place.name === name),
      `${what} are named ${quoted(name)}`,
    ) ?? [];
  const found = [named(caches, 'caches'), named(owners, 'owners'), named(factQueues, 'queues of facts')].flat();
  if (found.length > 0) return found;
  const names = (places: readonly ParkingPlace[]) => places.map((place) => place.name).join(', ') || 'none';
  throw new FreshetError(
    `name: there is no cache, owner or queue of facts named ${quoted(name)}. Caches: ${names(caches)}. Owners: ` +
      `${names(owners)}. Queues of facts: ${names(factQueues)}.`,
    { code: 'UnknownCache', field: 'name' },
  );
}

export function isCache(at: ParkingPlace): at is FoundCache {
  return at.deployed.role === 'cache';
}

export function isFactQueue(at: ParkingPlace): at is FactQueue {
  return at.deployed.role === 'fact-queue';
}
