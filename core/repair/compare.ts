import type { CachedType } from '../contract.ts';
import { tableKey } from '../entity.ts';
import { isTombstone, type OwnedEntity } from '../own/own.ts';
import type { StoredItem } from '../project/ports.ts';
import { keptState } from '../project/read-message.ts';
import type { State } from '../state.ts';
import { upcast } from '../upcast.ts';

/**
 * How a cache stands to the owner in one entity. `missing`: the cache has never seen it · `behind`, `ahead`: it holds an older version, or one
 * that the owner lacks · `different`: the same version with another digest or other fields · `unowned`: the owner has never heard of it.
 */
export const DIFFERENCES = ['missing', 'behind', 'ahead', 'different', 'unowned'] as const;

/** See `DIFFERENCES`. */
export type Difference = (typeof DIFFERENCES)[number];

/** What a cache holds of an entity, as far as it is compared. */
export type CachedRecord = Pick<StoredItem, 'version' | 'digest' | 'dataJson' | 'stopMarker'>;

/**
 * Compares what a cache holds of an entity with what its owner holds: version, digest, deletion, and every field that the cache keeps. A
 * deletion that the cache has forgotten is `equal`: it has expired there, as deletions do.
 *
 * @param cached undefined where the cache has never seen the entity, or only a stop marker of it
 */
export async function compare(
  owned: OwnedEntity | undefined,
  cached: CachedRecord | undefined,
  kept: CachedType,
): Promise<'equal' | Difference> {
  if (cached === undefined || cached.version === 0)
    return owned === undefined || isTombstone(owned) ? 'equal' : 'missing';
  if (owned === undefined) return 'unowned';
  if (cached.version < owned.version) return 'behind';
  if (cached.version > owned.version) return 'ahead';
  if (cached.digest !== owned.digest) return 'different';
  return cached.dataJson === (await expectedJson(owned, kept)) ? 'equal' : 'different';
}

/** What the projector makes of the owner's state; undefined of a deletion, and of what it would park. */
async function expectedJson({ entity, schemaVersion, stateJson }: OwnedEntity, kept: CachedType) {
  if (stateJson === undefined) return undefined;
  const state = upcast(kept.contract, schemaVersion, JSON.parse(stateJson) as State);
  const expected = await keptState({ entity }, kept, state);
  return 'dataJson' in expected ? expected.dataJson : undefined;
}

/** One entity, as the owner and as a cache list it; at least one of them does. */
export interface Pair {
  readonly id: string;
  readonly owned: OwnedEntity | undefined;
  readonly cached: CachedRecord | undefined;
}

/**
 * Brings the lists of an owner and of a cache together, entity by entity, in one pass and without keeping any: both tables list a type in the
 * order of partition and id.
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
