/**
 * A heartbeat that was seen in a cache: whatever its owner committed before it had come into the cache's queue by then, since the relay
 * publishes a heartbeat after what precedes it. That holds for the heartbeat's own shard of the stream, and for what SNS has delivered: see
 * docs/decisions/23-staleness.md, "What it doesn't see".
 */
export interface Sighting {
  /** When it was seen, epoch milliseconds. */
  readonly atMs: number;
  /** When the owner committed the newest heartbeat of each type, epoch milliseconds; types without one are left out. */
  readonly beats: Readonly<Record<string, number>>;
}

/** Up to when a cache is complete. */
export interface Completeness {
  /** When that was found out, epoch milliseconds. */
  readonly atMs: number;
  /**
   * Of each type: whatever its owner committed before has come to its end in the cache, epoch milliseconds. It only grows, since a cache never
   * goes back. Types of which nothing is known are left out.
   */
  readonly until: Readonly<Record<string, number>>;
  /** Oldest first, SIGHTINGS_KEPT at most. */
  readonly sightings: readonly Sighting[];
}

/** Longer than the age of the oldest message is known late: a metric comes up to four intervals late. */
export const SIGHTINGS_KEPT = 10;

/** By how much a queue's clock and the report's may differ. */
const CLOCK_MARGIN_MS = 1_000;

/** What a report saw, in this order: an event that moves on in the meantime is then seen at its next place. */
export interface Seen {
  /** The heartbeats in the cache; undefined where none has come. */
  readonly beats: Readonly<Record<string, number | undefined>>;
  /** When they had been read. */
  readonly atMs: number;
  /**
   * Since when an event of the type has waited, in the queue or anywhere behind it: none came into the queue earlier. Epoch milliseconds;
   * 0 for an unknown time; undefined if nothing waits.
   */
  readonly pendingSinceMs: (type: string) => number | undefined;
}

/**
 * Finds out up to when each type is complete: where nothing waits, up to the heartbeat that was seen before; else up to the newest one that
 * had come before the oldest that waits came into the queue. What was complete stays so.
 */
export function completeness(previous: Completeness | undefined, { beats, atMs, pendingSinceMs }: Seen): Completeness {
  // An owner's clock that is ahead must not vouch for what comes later.
  const heard = Object.entries(beats).flatMap(([type, beat]) =>
    beat === undefined ? [] : [[type, Math.min(beat, atMs)] as const],
  );
  const sightings = [...(previous?.sightings ?? []), { atMs, beats: Object.fromEntries(heard) }].slice(-SIGHTINGS_KEPT);
  const until = Object.keys(beats).flatMap((type) => {
    const sinceMs = pendingSinceMs(type) ?? Number.POSITIVE_INFINITY;
    const before = sightings.filter((one) => one.atMs < sinceMs - CLOCK_MARGIN_MS).map((one) => own(one.beats, type));
    const known = [own(previous?.until, type), ...before].filter((one) => one !== undefined);
    return known.length === 0 ? [] : [[type, Math.max(...known)] as const];
  });
  return { atMs, until: Object.fromEntries(until), sightings };
}

/** Since a type was last known to be complete, milliseconds; infinite where nothing is known of it. */
export function stalenessMs(until: Completeness['until'] | undefined, type: string, nowMs: number): number {
  const untilMs = own(until, type);
  return untilMs === undefined ? Number.POSITIVE_INFINITY : Math.max(0, nowMs - untilMs);
}

/** Of a type, which may have a name that every object has. */
function own(times: Readonly<Record<string, number>> | undefined, type: string): number | undefined {
  return times !== undefined && Object.hasOwn(times, type) ? times[type] : undefined;
}
