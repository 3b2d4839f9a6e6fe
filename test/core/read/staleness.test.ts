import { describe, expect, test } from 'vitest';
import { type Completeness, completeness, SIGHTINGS_KEPT, stalenessMs } from '../../../core/read/staleness.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const nothingWaits = () => undefined;

describe('completeness', () => {
  test('a cache without pending events is complete up to the newest heartbeat', () => {
    const { until } = completeness(undefined, { beats: { Thing: NOW - 40 }, atMs: NOW, pendingSinceMs: nothingWaits });
    expect(until).toEqual({ Thing: NOW - 40 });
  });

  test('a cache keeps its completeness if a heartbeat is late or missing', () => {
    const before: Completeness = { atMs: NOW - 1, until: { Thing: NOW - 5, Other: NOW - 5 }, sightings: [] };
    const seen = { beats: { Thing: NOW - 900, Other: undefined }, atMs: NOW, pendingSinceMs: nothingWaits };
    expect(completeness(before, seen).until).toEqual({ Thing: NOW - 5, Other: NOW - 5 });
  });

  test('the completeness has no types that the cache no longer keeps', () => {
    const before: Completeness = { atMs: NOW - 1, until: { Gone: NOW - 5 }, sightings: [] };
    expect(completeness(before, { beats: { Thing: NOW }, atMs: NOW, pendingSinceMs: nothingWaits }).until).toEqual({
      Thing: NOW,
    });
  });

  test("a cache is complete up to now at most, even if its owner's clock is ahead", () => {
    const ahead = { beats: { Thing: NOW + 60_000 }, atMs: NOW, pendingSinceMs: nothingWaits };
    expect(completeness(undefined, ahead).until).toEqual({ Thing: NOW });
  });

  test('a heartbeat counts only if it was found more than a second before the oldest pending event was sent', () => {
    const seenAt = (atMs: number, pendingSinceMs: number, before?: Completeness) =>
      completeness(before, { beats: { Thing: atMs }, atMs, pendingSinceMs: () => pendingSinceMs });
    const first = seenAt(NOW, 0);
    expect(seenAt(NOW + 9_000, NOW + 1_000, first).until).toEqual({});
    expect(seenAt(NOW + 9_000, NOW + 1_001, first).until).toEqual({ Thing: NOW });
  });

  test('the completeness keeps the newest sightings up to the limit', () => {
    let known: Completeness | undefined;
    for (let n = 0; n < SIGHTINGS_KEPT + 5; n += 1) {
      known = completeness(known, { beats: {}, atMs: NOW + n, pendingSinceMs: nothingWaits });
    }
    expect(known?.sightings).toHaveLength(SIGHTINGS_KEPT);
    expect(known?.sightings.at(-1)?.atMs).toBe(NOW + SIGHTINGS_KEPT + 4);
  });
});

describe('staleness', () => {
  test('staleness is the time since the cache was complete, and 0 if its clock is behind', () => {
    expect(stalenessMs({ Thing: NOW - 1_500 }, 'Thing', NOW)).toBe(1_500);
    expect(stalenessMs({ Thing: NOW + 1_500 }, 'Thing', NOW)).toBe(0);
  });

  test.each([
    ['there was no report', undefined, 'Thing'],
    ['the completeness of the type is not known', { Other: NOW }, 'Thing'],
    ['the type is named like an inherited property', {}, 'constructor'],
  ])('staleness is infinite if %s', (_, until, type) => {
    expect(stalenessMs(until, type, NOW)).toBe(Number.POSITIVE_INFINITY);
  });
});
