import type { CachedType } from '../contract/contract.ts';
import { upcast } from '../contract/upcast.ts';
import { tableKey } from '../entity.ts';
import { isTombstone, type OwnedEntity } from '../own/own.ts';
import type { StoredItem } from '../project/ports.ts';
import { keptOf } from '../project/read-message.ts';
import type { State } from '../state.ts';

/**
 * How a cache differs from the owner in one entity. `missing`: the cache has never received it · `behind`, `ahead`: the
 * cache holds an older version, or a version that the owner lacks · `different`: the same version with another digest
 * or other fields · `unowned`: the owner doesn't know it.
 */
export const DIFFERENCES = ['missing', 'behind', 'ahead', 'different', 'unowned'] as const;

/** See `DIFFERENCES`. */
export type Difference = (typeof DIFFERENCES)[number];

/** What a cache holds of an entity: the part that is compared. */
export type CachedRecord = Pick<StoredItem, 'version' | 'digest' | 'dataJson' | 'stopMarker'>;

/**
 * Compares a cache with the owner in one entity: version, digest, deletion, and every field that the cache keeps, as
 * they are stored. A deletion that the cache has no record of is `equal`: the cache's tombstone has expired.
 *
 * @param cached undefined when the cache holds nothing of the entity, or only a stop marker
 */
export function compare(
  owned: OwnedEntity | undefined,
  cached: CachedRecord | undefined,
  kept: CachedType,
): 'equal' | Difference {
  if (cached === undefined || cached.version === 0)
    return owned === undefined || isTombstone(owned) ? 'equal' : 'missing';
  if (owned === undefined) return 'unowned';
  if (cached.version < owned.version) return 'behind';
  if (cached.version > owned.version) return 'ahead';
  if (cached.digest !== owned.digest) return 'different';
  return cached.dataJson === expectedJson(owned, kept) ? 'equal' : 'different';
}

/** The data that the projector stores for the owner's state; undefined for a deletion. */
function expectedJson({ entity, schemaVersion, stateJson }: OwnedEntity, kept: CachedType): string | undefined {
  if (stateJson === undefined) return undefined;
  return keptOf(entity, kept, upcast(kept.contract, schemaVersion, JSON.parse(stateJson) as State)).dataJson;
}

/** One entity, as the owner lists it and as a cache lists it. At least one of the two is defined. */
export interface Pair {
  readonly id: string;
  readonly owned: OwnedEntity | undefined;
  readonly cached: CachedRecord | undefined;
}

/**
 * Merges the lists of an owner and of a cache, entity by entity, in one pass and without storing them. Both tables list
 * a type in the order of partition and id.
 */
export async function* pairs(
  type: string,
  owned: AsyncIterable<OwnedEntity>,
  cached: AsyncIterable<CachedRecord & { readonly id: string }>,
): AsyncGenerator<Pair> {
  const [own, copies] = [owned[Symbol.asyncIterator](), cached[Symbol.asyncIterator]()];
  const [nextOwned, nextCached] = [() => next(own), () => next(copies)];
  let [one, copy] = await Promise.all([nextOwned(), nextCached()]);
  while (one !== undefined || copy !== undefined) {
    const order = one === undefined ? 1 : copy === undefined ? -1 : inListOrder(type, one.entity.id, copy.id);
    const current: Pair = {
      id: (order <= 0 ? one?.entity.id : copy?.id) ?? '',
      owned: order <= 0 ? one : undefined,
      cached: order >= 0 ? copy : undefined,
    };
    if (order <= 0) one = await nextOwned();
    if (order >= 0) copy = await nextCached();
    yield current;
  }
}

async function next<T>(iterator: AsyncIterator<T>): Promise<T | undefined> {
  const result = await iterator.next();
  return result.done ? undefined : result.value;
}

/** DynamoDB sorts texts by their bytes in UTF-8. */
function inListOrder(type: string, a: string, b: string): number {
  const [first, second] = [tableKey({ type, id: a }).pk, tableKey({ type, id: b }).pk];
  if (first !== second) return first < second ? -1 : 1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
