// `assert` in loops of properties: it takes a small part of the time of `expect`.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Completeness,
  completeness,
  type Seen,
  settledUntilMs,
  stalenessMs,
} from '../../../core/read/staleness.ts';

type Complete = typeof completeness;

/** A change or a heartbeat of an owner, and where it currently is. */
interface Change {
  readonly type: string;
  readonly isBeat: boolean;
  readonly committedAtMs: number;
  place: 'stream' | 'queue' | 'dead' | 'parked' | 'missing' | 'applied';
  /** Whether a report has found it in the dead-letter queue. */
  isSeenDead?: boolean;
  /** When it was sent to the queue. */
  sentAtMs: number;
}

const TYPES = ['Thing', 'constructor'] as const;

const steps = fc.array(
  fc.record({
    /** Time that passes before the step. */
    afterMs: fc.oneof(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 500, max: 40_000 })),
    what: fc.constantFrom(
      'commit',
      'commit',
      'beat',
      'relay',
      'relay',
      'apply',
      'apply',
      'apply',
      'park',
      'miss',
      'mend',
      'die',
      'move back',
      'look',
      'report',
      'report',
    ),
    type: fc.constantFrom(...TYPES),
    /** Selects one of the changes that the step can apply to, so that one change can wait while others overtake it. */
    which: fc.nat(),
  }),
  { minLength: 20, maxLength: 120 },
);

/**
 * Simulates an owner that commits, the relay of one shard that pauses and publishes in order, a queue that may deliver
 * any message next, a dead-letter queue whose messages a person moves back, and occasional reports. In every run the
 * cache has all changes that the owner committed longer ago than the staleness. When all events have ended, the
 * staleness is the age of the last heartbeat.
 */
function isUpperBound(complete: Complete) {
  return fc.property(steps, (history) => {
    const changes: Change[] = [];
    const at = (...places: Change['place'][]) => changes.filter(({ place }) => places.includes(place));
    let nowMs = 1_000_000;
    let queuedSinceMs: number | undefined;
    const receivesAllFrom = Object.fromEntries(TYPES.map((type) => [type, 0]));
    let known: Completeness = { atMs: 0, until: {}, settledUntil: {}, sightings: [], receivesAllFrom };

    const oldest = (some: readonly Change[]) => Math.min(...some.map(({ sentAtMs }) => sentAtMs));
    const commit = (type: string, isBeat: boolean) =>
      changes.push({ type, isBeat, committedAtMs: nowMs, place: 'stream', sentAtMs: 0 });
    const relay = (count: number) => {
      for (const one of at('stream').slice(0, count)) Object.assign(one, { place: 'queue', sentAtMs: nowMs });
    };
    const pendingSinceMs = (type: string) => {
      const since = [
        ...(at('queue').length > 0 ? [queuedSinceMs ?? 0] : []),
        ...(at('dead').length > 0 ? [0] : []),
        ...at('parked').flatMap((one) => (one.type === type ? [one.sentAtMs] : [])),
        ...at('missing').flatMap((one) => (one.type === type ? [0] : [])),
      ];
      return since.length === 0 ? undefined : Math.min(...since);
    };
    const report = () => {
      const ofType = (type: string) => at('applied').filter((one) => one.isBeat && one.type === type);
      const newest = (type: string) => Math.max(...ofType(type).map(({ committedAtMs }) => committedAtMs));
      const beats = TYPES.map((type) => [type, ofType(type).length === 0 ? undefined : newest(type)] as const);
      known = complete(known, {
        beats: Object.fromEntries(beats),
        atMs: nowMs,
        pendingSinceMs,
        queuedSinceMs: at('dead').length > 0 ? 0 : at('queue').length > 0 ? (queuedSinceMs ?? 0) : undefined,
        hasUnrepaired: at('dead').length > 0,
        queueCreatedAtMs: undefined,
        intervalMs: 60_000,
      });
      for (const one of at('dead')) one.isSeenDead = true;
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
      die: ({ which }) => move(waiting(), which, 'dead'),
      // A person moves a dead letter back to the queue, which takes it for a new message.
      'move back': ({ which }) => {
        const dead = at('dead').filter(({ isSeenDead }) => isSeenDead);
        const one = dead[which % Math.max(1, dead.length)];
        if (one !== undefined) Object.assign(one, { place: 'queue', sentAtMs: nowMs });
      },
      mend: ({ which }) => move(at('parked', 'missing'), which, 'applied'),
      // The queue's metric of the oldest message's age, which a later report reads.
      look: () => {
        queuedSinceMs = at('queue').length === 0 ? nowMs : oldest(at('queue'));
      },
      report,
    } satisfies Record<string, (step: { readonly type: string; readonly which: number }) => void>;

    for (const step of history) {
      nowMs += step.afterMs;
      acts[step.what](step);
      for (const { type, committedAtMs } of at('stream', 'queue', 'dead', 'parked', 'missing')) {
        assert.ok(stalenessMs(known.until, type, nowMs) >= nowMs - committedAtMs);
      }
      // What is parked or missing has left the queue.
      for (const { type, committedAtMs } of at('stream', 'queue', 'dead')) {
        assert.ok(settledUntilMs(known, type) <= committedAtMs);
      }
    }
    for (const type of TYPES) commit(type, true);
    relay(changes.length);
    for (const change of changes) change.place = 'applied';
    nowMs += 500;
    report();
    for (const type of TYPES) assert.equal(stalenessMs(known.until, type, nowMs), 500);
  });
}

test('a cache has every change older than its staleness, even if events wait, overtake others or are parked', () => {
  fc.assert(isUpperBound(completeness), { numRuns: 400 });
});

/** Calls the real function with changed observations. */
const seeing =
  (change: (seen: Seen) => Partial<Seen>): Complete =>
  (previous, seen) =>
    completeness(previous, { ...seen, ...change(seen) });

test.each<[string, Complete]>([
  ['ignores pending events', seeing(() => ({ pendingSinceMs: () => undefined }))],
  ['takes queued events for settled', seeing(() => ({ queuedSinceMs: undefined }))],
  [
    'uses the time when the oldest pending event was sent instead of a heartbeat before it',
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
    'treats an unknown time as no pending event',
    seeing(({ pendingSinceMs }) => ({ pendingSinceMs: (type) => pendingSinceMs(type) || undefined })),
  ],
  [
    'uses a heartbeat that was found after the oldest pending event was sent',
    seeing(({ pendingSinceMs }) => ({ pendingSinceMs: (type) => (pendingSinceMs(type) ?? Number.NaN) + 60_000 })),
  ],
])('mutant: the property fails for a bound that %s', (_, mutant) => {
  expect(fc.check(isUpperBound(mutant), { numRuns: 1_000, endOnFailure: true }).failed).toBe(true);
});
