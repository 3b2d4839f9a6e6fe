import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import { tableKey } from '../../../core/entity.ts';
import type { OwnedEntity } from '../../../core/own/own.ts';
import { type CachedRecord, compare, type Pair, pairs } from '../../../core/repair/compare.ts';
import { canonicalState, type State, TOMBSTONE_DIGEST } from '../../../core/state.ts';
import { catalogue, productSchema } from '../../support/boundaries.ts';
import { anyCharacter } from '../../support/characters.ts';
import { deleted, owned, product, stateAt } from '../../support/events.ts';

const whole = keep(catalogue.owns.Product);
const nameOnly = keep(catalogue.owns.Product, { fields: ['name', 'tags'] });

/** A cache's record of a version: the digest of the owner's whole state, and the data of the kept fields. */
const found = (version: number, data: State = stateAt(version), whole: State = stateAt(version)): CachedRecord => ({
  version,
  digest: canonicalState(product(), whole).digest,
  dataJson: canonicalState(product(), data).json,
  stopMarker: undefined,
});
const gone = (version: number): CachedRecord => ({
  version,
  digest: TOMBSTONE_DIGEST,
  dataJson: undefined,
  stopMarker: undefined,
});
/** A stop marker of an entity without any version in the cache. */
const onlyStopped: CachedRecord = { version: 0, digest: '', dataJson: undefined, stopMarker: 1 };

describe('the comparison of a cached entity with its owner', () => {
  test.each([
    ['equal', 'version and state agree', owned(product(), 3), found(3), whole],
    [
      'equal',
      'its keys are written in another order',
      owned(product(), 3),
      found(3, { price: 3, name: 'bolt' }),
      whole,
    ],
    ['equal', 'the fields that are kept agree', owned(product(), 3), found(3, { name: 'bolt' }), nameOnly],
    ['equal', 'both are deleted at the same version', deleted(product(), 4), gone(4), whole],
    ['equal', "the cache's tombstone has expired", deleted(product(), 4), undefined, whole],
    ['missing', 'the cache has never received it', owned(product(), 3), undefined, whole],
    ['missing', 'the cache only holds its stop marker', owned(product(), 3), onlyStopped, whole],
    ['unowned', 'the owner does not know it', undefined, found(3), whole],
    ['unowned', 'the owner does not know the entity that the cache holds as deleted', undefined, gone(3), whole],
    [
      'different',
      'the digests differ and the kept fields agree',
      owned(product(), 3),
      found(3, { name: 'bolt' }, stateAt(4)),
      nameOnly,
    ],
    ['behind', 'the cache has an older version', owned(product(), 4), found(3), whole],
    ['behind', 'the cache has not received the deletion', deleted(product(), 4), found(3), whole],
    ['behind', 'the cache has not received the version that created it again', owned(product(), 5), gone(4), whole],
    ['ahead', 'the cache has a version that the owner lacks', owned(product(), 3), found(4), whole],
    ['ahead', 'the cache has a deletion that the owner lacks', owned(product(), 3), gone(4), whole],
    ['different', 'a field differs at the same version', owned(product(), 3), found(3, stateAt(4)), whole],
    ['different', 'a kept field is missing', owned(product(), 3), found(3, { price: 3 }), whole],
    ['different', 'it has a field that the cache does not keep', owned(product(), 3), found(3), nameOnly],
    ['different', 'only the owner deleted it', deleted(product(), 4), found(4), whole],
    ['different', 'only the cache holds it as deleted', owned(product(), 4), gone(4), whole],
  ] as const)('a cached entity is %s when %s', async (comparison, _, own, cached, kept) => {
    expect(compare(own, cached, kept)).toBe(comparison);
  });

  test('an owner state of an older schema version is compared in its upcast form', async () => {
    const upcasting = defineBoundary('file:///upcasting.ts', {
      name: 'catalogue',
      owns: {
        Product: {
          schema: productSchema,
          schemaVersion: 2,
          upcasts: { 1: (state: State) => ({ ...state, tags: ['old'] }) },
        },
      },
    });
    const kept = keep(upcasting.owns.Product);
    expect(compare(owned(product(), 3), found(3, { ...stateAt(3), tags: ['old'] }), kept)).toBe('equal');
    expect(compare(owned(product(), 3), found(3), kept)).toBe('different');
  });
});

describe('the merged lists of an owner and of a cache', () => {
  const byKey = (a: string, b: string) => {
    const [left, right] = [tableKey(product(a)), tableKey(product(b))];
    return left.pk === right.pk ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : left.pk < right.pk ? -1 : 1;
  };
  async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
    yield* items;
  }
  const ids = fc.uniqueArray(fc.string({ minLength: 1, unit: anyCharacter }), { maxLength: 30 });

  test('the merged lists have every id once, with the item of each side', async () => {
    await fc.assert(
      fc.asyncProperty(ids, fc.infiniteStream(fc.constantFrom('owner', 'cache', 'both')), async (all, stream) => {
        const sides = new Map(all.map((id) => [id, stream.next().value ?? 'both']));
        const on = (side: string) => all.filter((id) => [side, 'both'].includes(sides.get(id) ?? '')).sort(byKey);
        const together: Pair[] = [];
        const owners: OwnedEntity[] = on('owner').map((id) => owned(product(id), 1));
        const caches = on('cache').map((id) => ({ id, ...found(1) }));
        for await (const pair of pairs('Product', each(owners), each(caches))) together.push(pair);
        expect(together.map(({ id }) => id)).toEqual([...all].sort(byKey));
        for (const { id, owned: own, cached } of together) {
          expect({ id, own: own?.entity.id, cached: cached !== undefined }).toEqual({
            id,
            own: sides.get(id) === 'cache' ? undefined : id,
            cached: sides.get(id) !== 'owner',
          });
        }
      }),
    );
  });
});
