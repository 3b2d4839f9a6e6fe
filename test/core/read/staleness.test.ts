import { describe, expect, test } from 'vitest';
import { type Completeness, completeness, SIGHTINGS_KEPT, stalenessMs } from '../../../core/read/staleness.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const nothingWaits = () => undefined;

describe('a cache', () => {
  test('is complete up to the heartbeat that was seen, where nothing waits', () => {
    const { until } = completeness(undefined, { beats: { Thing: NOW - 40 }, atMs: NOW, pendingSinceMs: nothingWaits });
    expect(until).toEqual({ Thing: NOW - 40 });
  });

  test('stays complete up to where it was when a heartbeat is late or gone', () => {
    const before: Completeness = { atMs: NOW - 1, until: { Thing: NOW - 5, Other: NOW - 5 }, sightings: [] };
    const seen = { beats: { Thing: NOW - 900, Other: undefined }, atMs: NOW, pendingSinceMs: nothingWaits };
    expect(completeness(before, seen).until).toEqual({ Thing: NOW - 5, Other: NOW - 5 });
  });

  test('forgets types that it keeps no longer', () => {
    const before: Completeness = { atMs: NOW - 1, until: { Gone: NOW - 5 }, sightings: [] };
    expect(completeness(before, { beats: { Thing: NOW }, atMs: NOW, pendingSinceMs: nothingWaits }).until).toEqual({
      Thing: NOW,
    });
  });

  test("is complete up to now at most, however far its owner's clock is ahead", () => {
    const ahead = { beats: { Thing: NOW + 60_000 }, atMs: NOW, pendingSinceMs: nothingWaits };
    expect(completeness(undefined, ahead).until).toEqual({ Thing: NOW });
  });

  test('goes by no heartbeat that was seen within a second of when the oldest came: clocks differ', () => {
    const seenAt = (atMs: number, pendingSinceMs: number, before?: Completeness) =>
      completeness(before, { beats: { Thing: atMs }, atMs, pendingSinceMs: () => pendingSinceMs });
    const first = seenAt(NOW, 0);
    expect(seenAt(NOW + 9_000, NOW + 1_000, first).until).toEqual({});
    expect(seenAt(NOW + 9_000, NOW + 1_001, first).until).toEqual({ Thing: NOW });
  });

  test('remembers what was seen for as long as metrics may be late, and no longer', () => {
    let known: Completeness | undefined;
    for (let n = 0; n < SIGHTINGS_KEPT + 5; n += 1) {
      known = completeness(known, { beats: {}, atMs: NOW + n, pendingSinceMs: nothingWaits });
    }
    expect(known?.sightings).toHaveLength(SIGHTINGS_KEPT);
    expect(known?.sightings.at(-1)?.atMs).toBe(NOW + SIGHTINGS_KEPT + 4);
  });
});

describe('staleness', () => {
  test('is the time since the cache was complete, and none where its clock is behind', () => {
    expect(stalenessMs({ Thing: NOW - 1_500 }, 'Thing', NOW)).toBe(1_500);
    expect(stalenessMs({ Thing: NOW + 1_500 }, 'Thing', NOW)).toBe(0);
  });

  test.each([
    ['nothing was noted', undefined, 'Thing'],
    ['nothing is known of the type', { Other: NOW }, 'Thing'],
    ['the type has a name that every object has', {}, 'constructor'],
  ])('is infinite where %s', (_, until, type) => {
    expect(stalenessMs(until, type, NOW)).toBe(Number.POSITIVE_INFINITY);
  });
});
