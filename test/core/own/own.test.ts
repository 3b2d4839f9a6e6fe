import { describe, expect, test } from 'vitest';
import { MAX_VERSION } from '../../../core/entity.ts';
import { assertExpectedVersion, committed, isTombstone, notCommitted } from '../../../core/own/own.ts';
import { canonicalState, TOMBSTONE_DIGEST } from '../../../core/state.ts';
import { CHANGED_AT, deleted, owned, product, stateAt } from '../../support/events.ts';

const entity = product();
const NOW = '2026-11-23T12:00:00.000Z';
const digestAt = (version: number) => canonicalState(entity, stateAt(version)).digest;

describe('an accepted change', () => {
  test('putting an entity that never existed creates version 1', () => {
    expect(committed(entity, undefined, digestAt(1), NOW)).toEqual({
      outcome: 'created',
      entity,
      version: 1,
      changedAt: NOW,
    });
  });

  test('putting an existing entity gives its next version', () => {
    expect(committed(entity, owned(entity, 4), digestAt(5), NOW)).toMatchObject({ outcome: 'changed', version: 5 });
  });

  test('putting a deleted entity creates it with the next version', () => {
    expect(committed(entity, deleted(entity, 5), digestAt(1), NOW)).toMatchObject({ outcome: 'created', version: 6 });
  });

  test('deleting an entity gives its next version', () => {
    expect(committed(entity, owned(entity, 4), TOMBSTONE_DIGEST, NOW)).toMatchObject({
      outcome: 'deleted',
      version: 5,
    });
  });
});

describe('a refused change', () => {
  test('a refused change is unchanged, with the time of the last change, if the entity already has the state', () => {
    expect(notCommitted(entity, owned(entity, 4), digestAt(4), undefined)).toEqual({
      outcome: 'unchanged',
      entity,
      version: 4,
      changedAt: CHANGED_AT,
    });
  });

  test('a refused change is unchanged if the entity already has the state at the expected version', () => {
    expect(notCommitted(entity, owned(entity, 4), digestAt(4), 4)).toMatchObject({ outcome: 'unchanged', version: 4 });
  });

  test('a refused change is unchanged one version above the expected one, because its own response was lost', () => {
    expect(notCommitted(entity, owned(entity, 5), digestAt(5), 4)).toMatchObject({ outcome: 'unchanged', version: 5 });
    expect(notCommitted(entity, owned(entity, 1), digestAt(1), 0)).toMatchObject({ outcome: 'unchanged', version: 1 });
  });

  test('a refused deletion is unchanged if it finds its own tombstone', () => {
    expect(notCommitted(entity, deleted(entity, 5), TOMBSTONE_DIGEST, 4)).toMatchObject({
      outcome: 'unchanged',
      version: 5,
    });
    expect(notCommitted(entity, deleted(entity, 5), TOMBSTONE_DIGEST, undefined)).toMatchObject({
      outcome: 'unchanged',
    });
  });

  test.each([
    undefined,
    0,
  ])('a deletion of an entity that never existed, with expected version %s, is unknown', (expected) => {
    expect(notCommitted(entity, undefined, TOMBSTONE_DIGEST, expected)).toEqual({
      outcome: 'unknown',
      entity,
      version: 0,
    });
  });

  test.each([
    ['another state at a later version', owned(entity, 5), digestAt(1), 4, 5],
    ['another state one version above', owned(entity, 5), digestAt(6), 4, 5],
    ['the same state two versions above', owned(entity, 6), digestAt(6), 4, 6],
    ['the same state at an earlier version', owned(entity, 3), digestAt(3), 4, 3],
    ['no entity to put, but a version was expected', undefined, digestAt(1), 4, 0],
    ['no entity to delete, but a version was expected', undefined, TOMBSTONE_DIGEST, 4, 0],
    ['an entity that was expected to have never existed', owned(entity, 2), digestAt(1), 0, 2],
    ['a tombstone of an entity that was expected to have never existed', deleted(entity, 2), digestAt(1), 0, 2],
    ['a tombstone of an earlier deletion', deleted(entity, 9), TOMBSTONE_DIGEST, 4, 9],
  ])('a change is a version conflict if it finds %s', (_, current, digest, expectedVersion, currentVersion) => {
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
  ])('a change after the highest version is refused, with expected version %s', (expected) => {
    expect(() => notCommitted(entity, owned(entity, MAX_VERSION), digestAt(1), expected)).toThrowError(
      expect.objectContaining({ code: 'VersionsExhausted', currentVersion: MAX_VERSION }),
    );
  });

  test('a change that repeats the state of the highest version is unchanged', () => {
    const last = owned(entity, MAX_VERSION);
    expect(notCommitted(entity, last, last.digest, undefined)).toMatchObject({
      outcome: 'unchanged',
      version: MAX_VERSION,
    });
  });
});

describe('an expected version', () => {
  test.each([undefined, 0, 1, MAX_VERSION])('an expected version may be %s', (expected) => {
    expect(() => assertExpectedVersion(expected)).not.toThrow();
  });

  test.each([
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    MAX_VERSION + 1,
  ])('an expected version of %s is refused', (expected) => {
    expect(() => assertExpectedVersion(expected)).toThrowError(
      expect.objectContaining({
        code: 'InvalidExpectedVersion',
        field: 'expectedVersion',
        message: expect.stringContaining(`not a version: ${expected}. Allowed: an integer from 0`),
      }),
    );
  });
});

test('an entity is deleted if it has the digest of tombstones', () => {
  expect(isTombstone(deleted(entity, 2))).toBe(true);
  expect(isTombstone(owned(entity, 2, {}))).toBe(false);
});
