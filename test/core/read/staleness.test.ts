import { describe, expect, test } from 'vitest';
import { UNVOUCHED_MS } from '../../../core/entity.ts';
import {
  type Completeness,
  completeness,
  receivesAllFromMs,
  type Seen,
  SIGHTINGS_KEPT,
  stalenessMs,
} from '../../../core/read/staleness.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const MINUTE = 60_000;
const nothingWaits = () => undefined;

/** What a report sees at a time, of a type whose newest heartbeat is a second old. */
const seenAt = (atMs: number, types: readonly string[], beatMs = atMs - 1_000): Seen => ({
  beats: Object.fromEntries(types.map((type) => [type, beatMs])),
  atMs,
  pendingSinceMs: nothingWaits,
  queuedSinceMs: undefined,
  hasUnrepaired: false,
  queueCreatedAtMs: undefined,
  intervalMs: MINUTE,
});

describe('completeness', () => {
  test('a cache without pending events is complete up to the newest heartbeat', () => {
    const { until } = completeness(undefined, {
      beats: { Thing: NOW - 40 },
      atMs: NOW,
      pendingSinceMs: nothingWaits,
      queuedSinceMs: undefined,
      hasUnrepaired: false,
      queueCreatedAtMs: undefined,
      intervalMs: MINUTE,
    });
    expect(until).toEqual({ Thing: NOW - 40 });
  });

  test('a type without a heartbeat at the first report may have been added since, so its filter is waited for', () => {
    const first = completeness(undefined, {
      ...seenAt(NOW, ['Thing']),
      beats: { Thing: NOW - 1_000, Added: undefined },
    });
    expect(receivesAllFromMs(first, 'Thing')).toBe(0);
    expect(receivesAllFromMs(first, 'Added')).toBe(Number.POSITIVE_INFINITY);
    const next = completeness(first, seenAt(NOW + MINUTE, ['Thing', 'Added']));
    expect(receivesAllFromMs(next, 'Added')).toBe(NOW + 16 * MINUTE);
  });

  test('a heartbeat that vouches for nothing shows that events arrive, and the next one counts at once', () => {
    const first = completeness(undefined, seenAt(NOW, ['Copied'], UNVOUCHED_MS));
    expect(first).toMatchObject({ until: {}, settledUntil: {}, receivesAllFrom: { Copied: 0 } });
    const next = completeness(first, seenAt(NOW + MINUTE, ['Copied']));
    expect(next.until).toEqual({ Copied: NOW + MINUTE - 1_000 });
    const stopped = completeness(next, seenAt(NOW + 2 * MINUTE, ['Copied'], UNVOUCHED_MS));
    expect(stopped.until).toEqual(next.until);
  });

  test('after missing reports, earlier heartbeats show nothing, because a dead letter may have come and gone', () => {
    const settled = completeness(undefined, seenAt(NOW, ['Thing']));
    const movedMs = NOW + 3 * MINUTE;
    const waiting = { queuedSinceMs: movedMs, pendingSinceMs: () => movedMs };
    const later = (minutes: number) =>
      completeness({ ...settled, until: {} }, { ...seenAt(NOW + minutes * MINUTE, ['Thing']), ...waiting }).until;
    expect(later(3)).toEqual({ Thing: NOW - 1_000 });
    expect(later(4)).toEqual({});
  });

  test('a first report long after the deployment waits for all types, because any may have been added since', () => {
    const first = (minutes: number) =>
      completeness(undefined, { ...seenAt(NOW, ['Thing']), queueCreatedAtMs: NOW - minutes * MINUTE });
    expect(receivesAllFromMs(first(15), 'Thing')).toBe(0);
    expect(receivesAllFromMs(first(16), 'Thing')).toBe(NOW + 15 * MINUTE);
    const next = completeness(first(16), seenAt(NOW + 16 * MINUTE, ['Thing']));
    expect(next.until).toEqual({ Thing: NOW + 16 * MINUTE - 1_000 });
  });

  test('a heartbeat found beside a dead letter shows nothing once the dead letter was moved back', () => {
    const report = (previous: Completeness | undefined, atMs: number, changes: Partial<Seen>) =>
      completeness(previous, { ...seenAt(atMs, ['Thing']), ...changes });
    const settled = report(undefined, NOW, {});
    const dead = report(settled, NOW + MINUTE, { hasUnrepaired: true, queuedSinceMs: 0, pendingSinceMs: () => 0 });
    const movedMs = NOW + 90_000;
    const waiting = { queuedSinceMs: movedMs, pendingSinceMs: () => movedMs };
    const moved = report(dead, NOW + 2 * MINUTE, waiting);
    expect(moved).toMatchObject({ until: { Thing: NOW - 1_000 }, settledUntil: { Thing: NOW - 1_000 } });
    const alive = report(report(settled, NOW + MINUTE, waiting), NOW + 2 * MINUTE, waiting);
    expect(alive).toMatchObject({ until: { Thing: NOW + MINUTE - 1_000 } });
  });

  test('a cache keeps its completeness if a heartbeat is late or missing', () => {
    const before: Completeness = {
      atMs: NOW - 1,
      until: { Thing: NOW - 5, Other: NOW - 5 },
      settledUntil: {},
      sightings: [],
      receivesAllFrom: { Thing: 0, Other: 0 },
    };
    const seen = {
      beats: { Thing: NOW - 900, Other: undefined },
      atMs: NOW,
      pendingSinceMs: nothingWaits,
      queuedSinceMs: undefined,
      hasUnrepaired: false,
      queueCreatedAtMs: undefined,
      intervalMs: MINUTE,
    };
    expect(completeness(before, seen).until).toEqual({ Thing: NOW - 5, Other: NOW - 5 });
  });

  test('the completeness has no types that the cache no longer keeps', () => {
    const before: Completeness = {
      atMs: NOW - 1,
      until: { Gone: NOW - 5, Thing: NOW - 5 },
      settledUntil: {},
      sightings: [],
      receivesAllFrom: { Gone: 0, Thing: 0 },
    };
    const after = completeness(before, {
      beats: { Thing: NOW },
      atMs: NOW,
      pendingSinceMs: nothingWaits,
      queuedSinceMs: undefined,
      hasUnrepaired: false,
      queueCreatedAtMs: undefined,
      intervalMs: MINUTE,
    });
    expect([after.until, after.receivesAllFrom]).toEqual([{ Thing: NOW }, { Thing: 0 }]);
  });

  test("a cache is complete up to now at most, even if its owner's clock is ahead", () => {
    const ahead = {
      beats: { Thing: NOW + 60_000 },
      atMs: NOW,
      pendingSinceMs: nothingWaits,
      queuedSinceMs: undefined,
      hasUnrepaired: false,
      queueCreatedAtMs: undefined,
      intervalMs: MINUTE,
    };
    expect(completeness(undefined, ahead).until).toEqual({ Thing: NOW });
  });

  test('a heartbeat counts only if it was found more than a second before the oldest pending event was sent', () => {
    const pendingAt = (atMs: number, pendingSinceMs: number, before?: Completeness) =>
      completeness(before, {
        beats: { Thing: atMs },
        atMs,
        pendingSinceMs: () => pendingSinceMs,
        queuedSinceMs: undefined,
        hasUnrepaired: false,
        queueCreatedAtMs: undefined,
        intervalMs: MINUTE,
      });
    const first = pendingAt(NOW, 0);
    expect(pendingAt(NOW + 9_000, NOW + 1_000, first).until).toEqual({});
    expect(pendingAt(NOW + 9_000, NOW + 1_001, first).until).toEqual({ Thing: NOW });
  });

  test('the completeness keeps the newest sightings up to the limit', () => {
    let known: Completeness | undefined;
    for (let n = 0; n < SIGHTINGS_KEPT + 5; n += 1) {
      known = completeness(known, {
        beats: {},
        atMs: NOW + n,
        pendingSinceMs: nothingWaits,
        queuedSinceMs: undefined,
        hasUnrepaired: false,
        queueCreatedAtMs: undefined,
        intervalMs: MINUTE,
      });
    }
    expect(known?.sightings).toHaveLength(SIGHTINGS_KEPT);
    expect(known?.sightings.at(-1)?.atMs).toBe(NOW + SIGHTINGS_KEPT + 4);
  });
});

describe('a type that a cache begins to keep', () => {
  /** Reports once a minute. The cache keeps `Added` from the given minute on. */
  const reports = (
    minutes: number,
    addedAt: number,
    beatOfAdded = (atMs: number): number | undefined => atMs - 1_000,
  ) => {
    let known: Completeness | undefined;
    for (let minute = 0; minute <= minutes; minute += 1) {
      const seen = seenAt(NOW + minute * MINUTE, ['Thing']);
      const added = { Added: beatOfAdded(seen.atMs) };
      known = completeness(known, minute < addedAt ? seen : { ...seen, beats: { ...seen.beats, ...added } });
    }
    return known;
  };

  test('an added type is not known to be complete until its filter had 15 minutes to change', () => {
    expect(reports(19, 5)?.until).toEqual({ Thing: NOW + 19 * MINUTE - 1_000 });
    expect(reports(20, 5)?.until).toEqual({ Thing: NOW + 20 * MINUTE - 1_000 });
    const untilMs = NOW + 21 * MINUTE - 1_000;
    expect(reports(21, 5)?.until).toEqual({ Thing: untilMs, Added: untilMs });
  });

  test('the 15 minutes of an added type begin with the first heartbeat that passes the filter', () => {
    const old = NOW - 60 * MINUTE;
    const from = (passes: number) =>
      receivesAllFromMs(
        reports(40, 5, (atMs) => (atMs < NOW + passes * MINUTE ? old : atMs - 1_000)),
        'Added',
      );
    expect(from(5)).toBe(NOW + 20 * MINUTE);
    expect(from(12)).toBe(NOW + 27 * MINUTE);
    expect(from(99)).toBe(Number.POSITIVE_INFINITY);
    expect(
      receivesAllFromMs(
        reports(40, 5, () => undefined),
        'Added',
      ),
    ).toBe(Number.POSITIVE_INFINITY);
  });

  test('a type of a new cache is vouched for at once, because its subscription had no other filter before', () => {
    expect(receivesAllFromMs(undefined, 'Thing')).toBe(0);
    expect(receivesAllFromMs(reports(0, 9), 'Thing')).toBe(0);
    expect(reports(0, 9)?.until).toEqual({ Thing: NOW - 1_000 });
  });

  test('a type that the cache kept before is treated as new when the cache keeps it again', () => {
    let known = reports(3, 0);
    known = completeness(known, seenAt(NOW + 4 * MINUTE, ['Thing']));
    known = completeness(known, seenAt(NOW + 9 * MINUTE, ['Thing', 'Added']));
    expect(known.until).not.toHaveProperty('Added');
    expect(receivesAllFromMs(known, 'Added')).toBe(NOW + 24 * MINUTE);
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
