import { expect, test } from 'vitest';
import type { CopyDocument, EntityDocument } from '../../../../cli/console/api/documents.ts';
import {
  arrivalMs,
  type History,
  isComparable,
  isSettled,
  noteVersions,
} from '../../../../cli/console/page/pure/versions.ts';

const COMMIT = '2026-01-01T12:00:00.000Z';

function copy(version: number): CopyDocument {
  return { version, changedAt: COMMIT, isDeleted: false, stateJson: `{"version":${version}}` };
}

function reading(at: string, owner: number, caches: Readonly<Record<string, number | null>>): EntityDocument {
  return {
    at,
    type: 'Country',
    id: 'FR',
    ownerName: 'geography',
    owner: copy(owner),
    caches: Object.entries(caches).map(([cache, version]) => ({
      cache,
      copy: version === null ? null : copy(version),
      isStopped: cache === 'stopped',
      fields: null,
      stalenessSeconds: 1,
      readiness: 'ready',
      verdict: 'current',
      isCertain: true,
      explanation: '',
    })),
  };
}

const seen = (...readings: readonly EntityDocument[]): History =>
  readings.reduce<History | undefined>(noteVersions, undefined) ?? [];

test('a version that arrives while the entity is open is noted with the time since its commit', () => {
  const history = seen(
    reading('2026-01-01T11:59:00.000Z', 3, { ordering: 3, support: 3 }),
    reading('2026-01-01T12:00:00.020Z', 4, { ordering: 3, support: 3 }),
    reading('2026-01-01T12:00:00.300Z', 4, { ordering: 4, support: 3 }),
    reading('2026-01-01T12:00:01.000Z', 4, { ordering: 4, support: 4 }),
  );
  expect(history.map(({ version }) => version)).toEqual([4, 3]);
  expect(['geography', 'ordering', 'support'].map((place) => arrivalMs(history, 4, place))).toEqual([20, 300, 1_000]);
});

test('nothing says when a version arrived that was there when the entity was opened', () => {
  const history = seen(reading('2026-01-01T13:00:00.000Z', 3, { ordering: 3 }));
  expect(arrivalMs(history, 3, 'ordering')).toBeUndefined();
  expect(arrivalMs(history, 9, 'ordering')).toBeUndefined();
});

test('the first version of a new entity arrives at a place that had none', () => {
  const first = reading('2026-01-01T11:59:00.000Z', 1, { ordering: null });
  const history = seen({ ...first, owner: null }, reading('2026-01-01T12:00:00.400Z', 1, { ordering: 1 }));
  expect(arrivalMs(history, 1, 'ordering')).toBe(400);
});

test('a reading that shows nothing new leaves the history as it is', () => {
  const history = seen(reading('2026-01-01T12:00:01.000Z', 3, { ordering: 3, none: null }));
  expect(noteVersions(history, reading('2026-01-01T12:00:09.000Z', 3, { ordering: 3, none: null }))).toBe(history);
});

test('the owner and a cache that show the same version are noted at the same version', () => {
  const history = seen(reading('2026-01-01T12:00:01.000Z', 3, { ordering: 3, support: 2 }));
  expect(history.map(({ version, arrivals }) => [version, [...arrivals.keys()]])).toEqual([
    [3, ['geography', 'ordering']],
    [2, ['support']],
  ]);
});

test('a change is settled when each cache has it, apart from caches where the entity is stopped', () => {
  const at = '2026-01-01T12:00:01.000Z';
  expect(isSettled(reading(at, 4, { ordering: 4, stopped: 2 }), 4)).toBe(true);
  expect(isSettled(reading(at, 4, { ordering: 3 }), 4)).toBe(false);
  expect(isSettled(reading(at, 3, { ordering: 3 }), 4)).toBe(false);
});

test("a cache's part of a state is never compared with the owner's whole state", () => {
  const partial = (at: string, owner: number, ordering: number): EntityDocument => {
    const document = reading(at, owner, { ordering });
    return {
      ...document,
      caches: document.caches.map((cache) => ({
        ...cache,
        fields: ['name'],
        copy: { ...copy(ordering), stateJson: `{"name":${ordering}}` },
      })),
    };
  };
  // The owner went on from version 3 to 5 between two readings, so version 4 was seen in the cache only.
  const [five, four, three] = seen(
    partial('2026-01-01T12:00:00.000Z', 3, 3),
    partial('2026-01-01T12:00:01.000Z', 5, 4),
  );
  if (five === undefined || four === undefined || three === undefined) throw new Error('three versions were seen');
  expect([five, four, three].map(({ version, stateAt }) => [version, stateAt.place])).toEqual([
    [5, 'geography'],
    [4, 'ordering'],
    [3, 'geography'],
  ]);
  expect(isComparable(five, four)).toBe(false);
  expect(isComparable(four, three)).toBe(false);
  expect(isComparable(five, three)).toBe(true);
});

test("the owner's whole state replaces a cache's part that was seen first", () => {
  const ahead = reading('2026-01-01T12:00:00.000Z', 3, { ordering: 4 });
  const first = { ...ahead, caches: ahead.caches.map((cache) => ({ ...cache, fields: ['name'] })) };
  const history = seen(first, reading('2026-01-01T12:00:01.000Z', 4, { ordering: 4 }));
  expect(history[0]?.stateAt).toEqual({ place: 'geography', isWhole: true });
});

test('a deletion can be compared with any state', () => {
  const one = { version: 2, stateJson: null, stateAt: { place: 'ordering', isWhole: false } };
  const other = { version: 1, stateJson: '{}', stateAt: { place: 'geography', isWhole: true } };
  const rest = { changedAt: COMMIT, isDeleted: false, arrivals: new Map() };
  expect(isComparable({ ...rest, ...one }, { ...rest, ...other })).toBe(true);
});
