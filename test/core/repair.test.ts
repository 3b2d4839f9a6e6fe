import { describe, expect, test } from 'vitest';
import { keep } from '../../core/contract.ts';
import type { CachedEntity } from '../../core/read.ts';
import { compare } from '../../core/repair.ts';
import type { State } from '../../core/state.ts';
import { catalogue } from '../support/boundaries.ts';
import { CHANGED_AT, deleted, owned, product, stateAt } from '../support/events.ts';

const whole = keep(catalogue.owns.Product);
const nameOnly = keep(catalogue.owns.Product, { fields: ['name', 'tags'] });

const found = (version: number, value: State = stateAt(version)): CachedEntity => ({
  status: 'found',
  id: 'p1',
  version,
  changedAt: CHANGED_AT,
  value,
});
const gone = (version: number): CachedEntity => ({ status: 'deleted', id: 'p1', version, changedAt: CHANGED_AT });
const unknown: CachedEntity = { status: 'unknown', id: 'p1' };

describe('a cached entity compared with its owner’s', () => {
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
    ['missing', 'the cache has never seen it', owned(product(), 3), unknown, whole],
    ['behind', 'the cache has an older version', owned(product(), 4), found(3), whole],
    ['behind', 'the cache has not seen the deletion', deleted(product(), 4), found(3), whole],
    ['behind', 'the cache has not seen that it was created again', owned(product(), 5), gone(4), whole],
    ['ahead', 'the cache has a version that the owner lacks', owned(product(), 3), found(4), whole],
    ['ahead', 'the cache has a deletion that the owner lacks', owned(product(), 3), gone(4), whole],
    ['different', 'a field differs at the same version', owned(product(), 3), found(3, stateAt(4)), whole],
    ['different', 'a kept field is missing', owned(product(), 3), found(3, { price: 3 }), whole],
    ['different', 'it has a field that is not kept', owned(product(), 3), found(3), nameOnly],
    ['different', 'only the owner has it deleted', deleted(product(), 4), found(4), whole],
    ['different', 'only the cache has it deleted', owned(product(), 4), gone(4), whole],
  ] as const)('is %s when %s', (comparison, _, own, cached, kept) => {
    expect(compare(own, cached, kept)).toBe(comparison);
  });
});
