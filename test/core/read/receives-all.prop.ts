import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Completeness, completeness, receivesAllFromMs } from '../../../core/read/staleness.ts';

type Complete = typeof completeness;

const MINUTE = 60_000;
const START = 1_000 * MINUTE;
const MINUTES = 60;
const FILTER_CHANGE_MINUTES = 15;

const histories = fc.record({
  /** The minute from which the report knows the type. */
  deployed: fc.integer({ min: 1, max: 20 }),
  /** The minute in which the filter begins to change: before or after the functions know the type. */
  changes: fc.integer({ min: 1, max: 25 }),
  /** Where in their minutes the heartbeats and the reports are. */
  phases: fc.tuple(fc.integer({ min: 0, max: 59_000 }), fc.integer({ min: 0, max: 59_000 })),
  /** Whether an event passes while the filter changes. */
  passes: fc.array(fc.boolean(), { minLength: 4 * MINUTES, maxLength: 4 * MINUTES }),
  /** An old heartbeat from when the cache kept the type before; 0 for none. */
  keptUntil: fc.integer({ min: 0, max: 1 }),
});

/**
 * Simulates a cache that begins to keep a type. Its owner changes an entity three times a minute and commits a
 * heartbeat once a minute. While the filter changes, any event may be dropped. In every history, the changes that the
 * filter dropped are from before the time from which the cache claims to receive all events, and in the end the type
 * is vouched for.
 */
function vouchesForNothingDropped(complete: Complete) {
  return fc.property(histories, ({ deployed, changes, phases: [beatAt, reportAt], passes, keptUntil }) => {
    const begun = START + changes * MINUTE;
    let event = 0;
    const isDropped = (atMs: number): boolean => {
      const passesByChance = passes[event++ % passes.length] === true;
      return atMs < begun || (atMs < begun + FILTER_CHANGE_MINUTES * MINUTE && !passesByChance);
    };
    let known: Completeness | undefined;
    let beat = keptUntil === 0 ? undefined : START - 60 * MINUTE;
    let lastDroppedMs = 0;
    for (let minute = 0; minute < MINUTES; minute += 1) {
      const atMs = START + minute * MINUTE;
      const commit = () => {
        if (!isDropped(atMs + beatAt)) beat = atMs + beatAt;
        for (const second of [5, 25, 45]) if (isDropped(atMs + second * 1_000)) lastDroppedMs = atMs + second * 1_000;
      };
      const report = () => {
        const beats = { Other: atMs + reportAt - 1_000, ...(minute >= deployed && { Added: beat }) };
        const seen = {
          beats,
          atMs: atMs + reportAt,
          pendingSinceMs: () => undefined,
          queuedSinceMs: undefined,
          hasUnrepaired: false,
          queueCreatedAtMs: undefined,
          intervalMs: MINUTE,
        };
        known = complete(known, seen);
      };
      if (beatAt <= reportAt) commit();
      report();
      if (beatAt > reportAt) commit();
      if (known?.until.Added === undefined) continue;
      const fromMs = receivesAllFromMs(known, 'Added');
      if (lastDroppedMs >= fromMs || known.until.Added < fromMs) return false;
    }
    return known?.until.Added !== undefined;
  });
}

test('a cache never vouches for a type of which its filter still drops events', () => {
  fc.assert(vouchesForNothingDropped(completeness), { numRuns: 300 });
});

test.each<[string, Complete]>([
  [
    'counts the 15 minutes from the first report that knows the type',
    (previous, seen) => {
      const from = previous?.receivesAllFrom.Added ?? seen.atMs + FILTER_CHANGE_MINUTES * MINUTE;
      const begun = 'Added' in seen.beats && previous ? { Added: from } : {};
      return completeness(
        previous && { ...previous, receivesAllFrom: { ...previous.receivesAllFrom, ...begun } },
        seen,
      );
    },
  ],
  [
    'vouches for a type as soon as a heartbeat arrives',
    (previous, seen) => {
      const begun = { Added: seen.beats.Added ?? Number.POSITIVE_INFINITY };
      return completeness(
        previous && { ...previous, receivesAllFrom: { ...begun, ...previous.receivesAllFrom } },
        seen,
      );
    },
  ],
])('mutant: the property fails for a report that %s', (_, mutant) => {
  expect(fc.check(vouchesForNothingDropped(mutant), { numRuns: 500, endOnFailure: true }).failed).toBe(true);
});
