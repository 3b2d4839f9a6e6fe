import { FreshetError, quoted } from 'freshet-aws/internal/core/errors';
import { isTombstone } from 'freshet-aws/internal/core/own/own';
import type { Deployment, FoundCache, FoundOwner } from '../../deployment/deployment.ts';
import { readBoundaries, typesOf } from './boundaries.ts';
import type { EntitiesDocument } from './documents.ts';

/** Most entities of a page. */
const PAGE = 100;

/** Where the entities of a type can be listed. */
type Place = { readonly owner: FoundOwner } | { readonly cache: FoundCache };

/**
 * Lists a page of a type's entities: at the owner if it is in this deployment, else in a cache.
 *
 * @param input.prefix only ids that begin with it; empty or undefined for all
 */
export async function readEntities(
  deployment: Deployment,
  {
    type,
    prefix,
    cursor,
  }: { readonly type: string; readonly prefix?: string | undefined; readonly cursor?: string | undefined },
): Promise<EntitiesDocument> {
  const options = { limit: PAGE, cursor, idPrefix: prefix === '' ? undefined : prefix };
  const place = await placeOf(deployment, type);
  if ('owner' in place) {
    const { items, cursor: next } = await place.owner.records.list(type, options);
    const entities = items.map((owned) => ({
      id: owned.entity.id,
      version: owned.version,
      changedAt: owned.changedAt,
      // The digest says so without the state, which may have to be decompressed.
      isDeleted: isTombstone(owned),
    }));
    return { type, listedAt: { role: 'owner', name: place.owner.name }, entities, cursor: next ?? null };
  }
  const { items, cursor: next } = await place.cache.records.list(type, options);
  // Version 0 is a stop marker of an entity that the cache has never stored.
  const entities = items
    .filter(({ version }) => version > 0)
    .map(({ id, version, changedAt = '', digest = '' }) => ({
      id,
      version,
      changedAt,
      isDeleted: isTombstone({ digest }),
    }));
  return { type, listedAt: { role: 'cache', name: place.cache.name }, entities, cursor: next ?? null };
}

async function placeOf(deployment: Deployment, type: string): Promise<Place> {
  const types = typesOf(deployment, await readBoundaries(deployment));
  const known = types.find((one) => one.type === type);
  const owner = deployment.owners.find(({ name }) => name === known?.owner);
  if (owner !== undefined) return { owner };
  const cache = deployment.caches.find(({ name }) => known?.caches.includes(name));
  if (cache !== undefined) return { cache };
  throw unknownType(type, types);
}

/** The error for a type that no owner and no cache here has. */
export function unknownType(type: string, types: readonly { readonly type: string }[]): FreshetError {
  const known = types.map((one) => one.type).join(', ') || 'none, or the contracts are not in this folder';
  return new FreshetError(`type: no owner or cache of this deployment has ${quoted(type)}. Types: ${known}.`, {
    code: 'UnknownEntityType',
    field: 'type',
  });
}
