import { describe, expect, test } from 'vitest';
import { MAX_VERSION } from '../../../core/entity.ts';
import { assertExpectedVersion, committed, isTombstone, notCommitted } from '../../../core/own/own.ts';
import { canonicalState, TOMBSTONE_DIGEST } from '../../../core/state.ts';
import { CHANGED_AT, deleted, owned, product, stateAt } from '../../support/events.ts';

const entity = product();
const NOW = '2026-11-23T12:00:00.000Z';
const digestAt = (version: number) => canonicalState(entity, stateAt(version)).digest;

describe('an accepted change', () => {
  test('of what never existed creates version 1', () => {
    expect(committed(entity, undefined, digestAt(1), NOW)).toEqual({
      outcome: 'created',
      entity,
      version: 1,
      changedAt: NOW,
    });
  });

  test('of what exists is its next version', () => {
    expect(committed(entity, owned(entity, 4), digestAt(5), NOW)).toMatchObject({ outcome: 'changed', version: 5 });
  });

  test('of what is deleted creates it again and goes on counting', () => {
    expect(committed(entity, deleted(entity, 5), digestAt(1), NOW)).toMatchObject({ outcome: 'created', version: 6 });
  });

  test('may be a deletion, which counts as a version', () => {
    expect(committed(entity, owned(entity, 4), TOMBSTONE_DIGEST, NOW)).toMatchObject({
      outcome: 'deleted',
      version: 5,
    });
  });
});

describe('a refused change', () => {
  test('is unchanged when the state is already so, and tells since when', () => {
    expect(notCommitted(entity, owned(entity, 4), digestAt(4), undefined)).toEqual({
      outcome: 'unchanged',
      entity,
      version: 4,
      changedAt: CHANGED_AT,
    });
  });

  test('is unchanged when the state is already so at the version expected', () => {
    expect(notCommitted(entity, owned(entity, 4), digestAt(4), 4)).toMatchObject({ outcome: 'unchanged', version: 4 });
  });

  test('is unchanged one version further, since it is the write whose answer was lost', () => {
    expect(notCommitted(entity, owned(entity, 5), digestAt(5), 4)).toMatchObject({ outcome: 'unchanged', version: 5 });
    expect(notCommitted(entity, owned(entity, 1), digestAt(1), 0)).toMatchObject({ outcome: 'unchanged', version: 1 });
  });

  test('is unchanged when a deletion finds its own tombstone', () => {
    expect(notCommitted(entity, deleted(entity, 5), TOMBSTONE_DIGEST, 4)).toMatchObject({
      outcome: 'unchanged',
      version: 5,
    });
    expect(notCommitted(entity, deleted(entity, 5), TOMBSTONE_DIGEST, undefined)).toMatchObject({
      outcome: 'unchanged',
    });
  });

  test.each([undefined, 0])('is unknown when a deletion that expects %s finds nothing', (expected) => {
    expect(notCommitted(entity, undefined, TOMBSTONE_DIGEST, expected)).toEqual({
      outcome: 'unknown',
      entity,
      version: 0,
    });
  });

  test.each([
    ['another state at a later version', owned(entity, 5), digestAt(1), 4, 5],
    ['another state one version further', owned(entity, 5), digestAt(6), 4, 5],
    ['the same state two versions further', owned(entity, 6), digestAt(6), 4, 6],
    ['the same state at an earlier version', owned(entity, 3), digestAt(3), 4, 3],
    ['nothing where a version was expected', undefined, digestAt(1), 4, 0],
    ['nothing to delete where a version was expected', undefined, TOMBSTONE_DIGEST, 4, 0],
    ['an entity that should never have existed', owned(entity, 2), digestAt(1), 0, 2],
    ['a tombstone that should never have existed', deleted(entity, 2), digestAt(1), 0, 2],
    ['a tombstone of an earlier deletion', deleted(entity, 9), TOMBSTONE_DIGEST, 4, 9],
  ])('is a conflict when it finds %s', (_, current, digest, expectedVersion, currentVersion) => {
    expect(() => notCommitted(entity, current, digest, expectedVersion)).toThrowError(
      expect.objectContaining({
        code: 'VersionConflict',
        field: 'expectedVersion',
        entity,
        expectedVersion,
        currentVersion,
        message: expect.stringContaining(`is at version ${currentVersion}, given: ${expectedVersion}`),
      }),
    );
  });

  test.each([
    undefined,
    MAX_VERSION,
  ])('is the end of the versions when none is left, expected version %s', (expected) => {
    expect(() => notCommitted(entity, owned(entity, MAX_VERSION), digestAt(1), expected)).toThrowError(
      expect.objectContaining({ code: 'VersionsExhausted', currentVersion: MAX_VERSION }),
    );
  });

  test('of the last version that changes nothing is unchanged', () => {
    const last = owned(entity, MAX_VERSION);
    expect(notCommitted(entity, last, last.digest, undefined)).toMatchObject({
      outcome: 'unchanged',
      version: MAX_VERSION,
    });
  });
});

describe('an expected version', () => {
  test.each([undefined, 0, 1, MAX_VERSION])('may be %s', (expected) => {
    expect(() => assertExpectedVersion(expected)).not.toThrow();
  });

  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, MAX_VERSION + 1])('may not be %s', (expected) => {
    expect(() => assertExpectedVersion(expected)).toThrowError(
      expect.objectContaining({
        code: 'InvalidExpectedVersion',
        field: 'expectedVersion',
        message: expect.stringContaining(`not a version: ${expected}. Allowed: an integer from 0`),
      }),
    );
  });
});

test('an entity is deleted when its digest is the one of tombstones', () => {
  expect(isTombstone(deleted(entity, 2))).toBe(true);
  expect(isTombstone(owned(entity, 2, {}))).toBe(false);
});
