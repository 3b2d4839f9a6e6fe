import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Completeness, completeness, type Seen, stalenessMs } from '../../../core/read/staleness.ts';

type Complete = typeof completeness;

/** A change or a heartbeat of an owner, and where it is by now. */
interface Change {
  readonly type: string;
  readonly isBeat: boolean;
  readonly committedAtMs: number;
  place: 'stream' | 'queue' | 'parked' | 'missing' | 'applied';
  /** When it came into the queue. */
  sentAtMs: number;
}

const TYPES = ['Thing', 'constructor'] as const;

const steps = fc.array(
  fc.record({
    /** Time that passes before it. */
    afterMs: fc.oneof(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 500, max: 40_000 })),
    what: fc.constantFrom(
      ...(['commit', 'commit', 'beat', 'relay', 'relay', 'apply', 'apply', 'apply', 'park', 'miss', 'mend'] as const),
      ...(['look', 'report', 'report'] as const),
    ),
    type: fc.constantFrom(...TYPES),
    /** Of several that it could be done to, which; so one may wait while others pass it by. */
    which: fc.nat(),
  }),
  { minLength: 20, maxLength: 120 },
);

/**
 * An owner that commits, the relay of one shard that stands and publishes in order, a queue of which any message may be next, and reports now and then. Whatever
 * happens, nothing that the owner committed longer ago than the staleness is missing; and when all has come to its end, the last heartbeat
 * alone counts.
 */
function isUpperBound(complete: Complete) {
  return fc.property(steps, (history) => {
    const changes: Change[] = [];
    const at = (...places: Change['place'][]) => changes.filter(({ place }) => places.includes(place));
    let nowMs = 1_000_000;
    let queuedSinceMs: number | undefined;
    let known: Completeness | undefined;

    const oldest = (some: readonly Change[]) => Math.min(...some.map(({ sentAtMs }) => sentAtMs));
    const commit = (type: string, isBeat: boolean) =>
      changes.push({ type, isBeat, committedAtMs: nowMs, place: 'stream', sentAtMs: 0 });
    const relay = (count: number) => {
      for (const one of at('stream').slice(0, count)) Object.assign(one, { place: 'queue', sentAtMs: nowMs });
    };
    const pendingSinceMs = (type: string) => {
      const since = [
        ...(at('queue').length > 0 ? [queuedSinceMs ?? 0] : []),
        ...at('parked').flatMap((one) => (one.type === type ? [one.sentAtMs] : [])),
        ...at('missing').flatMap((one) => (one.type === type ? [0] : [])),
      ];
      return since.length === 0 ? undefined : Math.min(...since);
    };
    const report = () => {
      const ofType = (type: string) => at('applied').filter((one) => one.isBeat && one.type === type);
      const newest = (type: string) => Math.max(...ofType(type).map(({ committedAtMs }) => committedAtMs));
      const beats = TYPES.map((type) => [type, ofType(type).length === 0 ? undefined : newest(type)] as const);
      known = complete(known, { beats: Object.fromEntries(beats), atMs: nowMs, pendingSinceMs });
    };
    const move = (from: readonly Change[], which: number, place: Change['place']) => {
      const one = from[which % Math.max(1, from.length)];
      if (one !== undefined) one.place = place;
    };
    const waiting = () => at('queue').filter(({ isBeat }) => !isBeat);
    const acts = {
      commit: ({ type }) => commit(type, false),
      beat: ({ type }) => commit(type, true),
      relay: ({ which }) => relay(1 + (which % 5)),
      apply: ({ which }) => move(at('queue'), which, 'applied'),
      park: ({ which }) => move(waiting(), which, 'parked'),
      miss: ({ which }) => move(waiting(), which, 'missing'),
      mend: ({ which }) => move(at('parked', 'missing'), which, 'applied'),
      // The queue's metric of the age, which a report reads some time later.
      look: () => {
        queuedSinceMs = at('queue').length === 0 ? nowMs : oldest(at('queue'));
      },
      report,
    } satisfies Record<string, (step: { readonly type: string; readonly which: number }) => void>;

    for (const step of history) {
      nowMs += step.afterMs;
      acts[step.what](step);
      for (const { type, committedAtMs } of at('stream', 'queue', 'parked', 'missing')) {
        expect(stalenessMs(known?.until, type, nowMs)).toBeGreaterThanOrEqual(nowMs - committedAtMs);
      }
    }
    for (const type of TYPES) commit(type, true);
    relay(changes.length);
    for (const change of changes) change.place = 'applied';
    nowMs += 500;
    report();
    for (const type of TYPES) expect(stalenessMs(known?.until, type, nowMs)).toBe(500);
  });
}

test('nothing that was committed longer ago than the staleness is missing, whatever stands, passes others by or is set aside', () => {
  fc.assert(isUpperBound(completeness), { numRuns: 400 });
});

/** Calls the real one with something else than what was seen. */
const seeing =
  (change: (seen: Seen) => Partial<Seen>): Complete =>
  (previous, seen) =>
    completeness(previous, { ...seen, ...change(seen) });

test.each<[string, Complete]>([
  ['takes the last heartbeat for all', seeing(() => ({ pendingSinceMs: () => undefined }))],
  [
    'goes by the age of what waits, which says nothing of the time before it came into the queue',
    (previous, seen) => {
      const { until, ...rest } = completeness(previous, { ...seen, pendingSinceMs: () => undefined });
      const bounded = Object.entries(until).map(([type, beat]) => [
        type,
        Math.min(beat, seen.pendingSinceMs(type) ?? beat),
      ]);
      return { ...rest, until: Object.fromEntries(bounded) };
    },
  ],
  [
    'takes an unknown time for none',
    seeing(({ pendingSinceMs }) => ({ pendingSinceMs: (type) => pendingSinceMs(type) || undefined })),
  ],
  [
    'takes a heartbeat that was seen after the oldest came',
    seeing(({ pendingSinceMs }) => ({ pendingSinceMs: (type) => (pendingSinceMs(type) ?? Number.NaN) + 60_000 })),
  ],
])('mutant: a bound that %s is found', (_, mutant) => {
  expect(fc.check(isUpperBound(mutant), { numRuns: 1_000, endOnFailure: true }).failed).toBe(true);
});
