import { UNVOUCHED_MS } from '../entity.ts';

/**
 * The newest heartbeats that a report found in a cache. The relay publishes a heartbeat after all earlier changes, so
 * every change that the owner committed before a heartbeat had reached the cache's queue when the heartbeat was found.
 * This holds for changes in the heartbeat's own shard of the stream that SNS has delivered, see
 * docs/decisions/23-staleness.md, "What it doesn't see".
 */
export interface Sighting {
  /** When the report read the heartbeats, epoch milliseconds. */
  readonly atMs: number;
  /**
   * When the owner committed the newest heartbeat of each type, epoch milliseconds. Types without a heartbeat are left
   * out.
   */
  readonly beats: Readonly<Record<string, number>>;
}

/** Up to when a cache is complete. */
export interface Completeness {
  /** When this was determined, epoch milliseconds. */
  readonly atMs: number;
  /**
   * For each type the time, in epoch milliseconds, before which every change that its owner committed has ended in the
   * cache. The time only grows, because a cache never goes back. Types whose completeness isn't known are left out.
   */
  readonly until: Readonly<Record<string, number>>;
  /**
   * Like `until`, but parked and held events and gaps count as ended: the time before which every change that the owner
   * committed has left the cache's queue.
   */
  readonly settledUntil: Readonly<Record<string, number>>;
  /** The last sightings, oldest first, at most SIGHTINGS_KEPT. */
  readonly sightings: readonly Sighting[];
  /** See `receivesAllFromMs`. Types for which the time isn't known yet are left out. */
  readonly receivesAllFrom: Readonly<Record<string, number>>;
}

/**
 * Number of sightings that are kept: more than the four intervals by which the metric of the oldest message's age may
 * be late.
 */
export const SIGHTINGS_KEPT = 10;

/**
 * Number of intervals, which are minutes on AWS, that a changed filter policy takes at most to act
 * (sns/sns-subscription-filter-policies, 2026-11-29).
 */
const FILTER_CHANGE_INTERVALS = 15;

/**
 * A first report counts as one of the deployment that created the cache's queue if it comes at most so many intervals
 * later. A second deployment that adds a type in that time, before any report succeeds, isn't noticed.
 */
const FIRST_REPORT_INTERVALS = FILTER_CHANGE_INTERVALS;

/**
 * A heartbeat that is at most so many intervals old has just arrived. An older one may be from a time when the cache
 * kept the type before.
 */
const CURRENT_INTERVALS = 3;

/** After so many intervals without a report, dead letters may have come and gone unseen. See `Seen.hasUnrepaired`. */
const UNSEEN_INTERVALS = 3;

/** Number of intervals by which a metric of SQS may be late: up to three minutes on AWS. */
export const METRIC_DELAY_INTERVALS = 3;

/**
 * Staleness of a healthy cache whose queue is never empty, in intervals, without the age of its oldest message: the
 * delay of the metric, its period, the wait for the next report, the time between two sightings, and the time between
 * two heartbeats.
 */
export const NORMAL_STALENESS_INTERVALS = METRIC_DELAY_INTERVALS + 4;

/** Maximum difference between the clocks of the queue and of the report. */
const CLOCK_MARGIN_MS = 1_000;

/**
 * The observations of a report, read in this order, so that an event that moves in the meantime is found in its next
 * place.
 */
export interface Seen {
  /**
   * When the owner committed the newest heartbeat of each type in the cache, epoch milliseconds; undefined if there is
   * none.
   */
  readonly beats: Readonly<Record<string, number | undefined>>;
  /** When the heartbeats were read, epoch milliseconds. */
  readonly atMs: number;
  /**
   * Returns when the oldest pending event of the type was sent to the queue, epoch milliseconds. An event is pending
   * while it is queued, held, parked or in a gap. 0 if the time isn't known; undefined if no event is pending.
   */
  readonly pendingSinceMs: (type: string) => number | undefined;
  /** The same for the events of all types that are queued, or have left the queue without an outcome. */
  readonly queuedSinceMs: number | undefined;
  /**
   * Whether messages have left the queue without an outcome. If a person moves a dead letter back to the queue, its
   * time there begins anew, so a heartbeat that was found before doesn't show that the event has ended.
   */
  readonly hasUnrepaired: boolean;
  /** When the cache's queue was created, epoch milliseconds. Only a first report needs it. */
  readonly queueCreatedAtMs: number | undefined;
  /** Time between two reports and between two heartbeats: a minute on AWS. */
  readonly intervalMs: number;
}

/**
 * Determines up to when each type is complete. Without pending events that is the newest heartbeat that was found; else
 * the newest heartbeat that was found before the oldest pending event was sent to the queue. A type never becomes less
 * complete. A heartbeat counts only if the cache received all events of the type when the owner committed it.
 */
export function completeness(previous: Completeness | undefined, seen: Seen): Completeness {
  const { beats, atMs, pendingSinceMs, queuedSinceMs, hasUnrepaired, intervalMs } = seen;
  const receivesAllFrom = receivedFrom(previous, seen);
  // If the owner's clock is ahead, a heartbeat must not cover changes that are committed later.
  const heard = Object.entries(beats).flatMap(([type, beat]) =>
    beat === undefined ? [] : [[type, Math.min(beat, atMs)] as const],
  );
  const isUnbroken = previous !== undefined && atMs - previous.atMs <= UNSEEN_INTERVALS * intervalMs;
  const found = [...(isUnbroken ? previous.sightings : []), { atMs, beats: Object.fromEntries(heard) }].slice(
    -SIGHTINGS_KEPT,
  );
  const sightings = hasUnrepaired ? [] : found;
  const completeUntil = (
    before: Completeness['until'] | undefined,
    pendingMs: (type: string) => number | undefined,
  ): Completeness['until'] => {
    const until = Object.keys(beats).flatMap((type) => {
      const sinceMs = pendingMs(type) ?? Number.POSITIVE_INFINITY;
      const fromMs = own(receivesAllFrom, type) ?? Number.POSITIVE_INFINITY;
      const seenBefore = sightings.filter((one) => one.atMs < sinceMs - CLOCK_MARGIN_MS);
      const known = [own(before, type), ...seenBefore.map((one) => own(one.beats, type))]
        .filter((one) => one !== undefined)
        .filter((one) => one >= fromMs && one !== UNVOUCHED_MS);
      return known.length === 0 ? [] : [[type, Math.max(...known)] as const];
    });
    return Object.fromEntries(until);
  };
  return {
    atMs,
    until: completeUntil(previous?.until, pendingSinceMs),
    settledUntil: completeUntil(previous?.settledUntil, () => queuedSinceMs),
    sightings,
    receivesAllFrom,
  };
}

/**
 * The types whose heartbeats the first report of a deployment finds come with the subscription, which never had another
 * filter. For a type that is added later, or before the first report succeeded, the filter policy changes. A first
 * heartbeat shows that the change has begun, so it is complete after FILTER_CHANGE_INTERVALS.
 */
function receivedFrom(
  previous: Completeness | undefined,
  { beats, atMs, queueCreatedAtMs = atMs, intervalMs }: Seen,
): Completeness['receivesAllFrom'] {
  const isOfDeployment = previous === undefined && atMs - queueCreatedAtMs <= FIRST_REPORT_INTERVALS * intervalMs;
  const from = Object.entries(beats).flatMap(([type, beat]) => {
    const known = isOfDeployment && beat !== undefined ? 0 : own(previous?.receivesAllFrom, type);
    if (known !== undefined) return [[type, known] as const];
    const hasArrived = beat !== undefined && beat > atMs - CURRENT_INTERVALS * intervalMs;
    return hasArrived ? [[type, atMs + FILTER_CHANGE_INTERVALS * intervalMs] as const] : [];
  });
  return Object.fromEntries(from);
}

/**
 * Returns the time, epoch milliseconds, from which a cache receives every event of a type. Events before that time may
 * have been filtered out, so neither staleness nor readiness vouch for the type before it. 0 for a cache without a
 * report; infinite while the time isn't known.
 */
export function receivesAllFromMs(known: Completeness | undefined, type: string): number {
  return known === undefined ? 0 : (own(known.receivesAllFrom, type) ?? Number.POSITIVE_INFINITY);
}

/**
 * Returns the time, epoch milliseconds, before which every change that the owner committed has ended in the cache:
 * applied, parked, held or in any other way. 0 while the time isn't known.
 */
export function settledUntilMs(known: Completeness | undefined, type: string): number {
  return own(known?.settledUntil, type) ?? 0;
}

/** Returns the milliseconds since a type was last known to be complete; infinite if its completeness isn't known. */
export function stalenessMs(until: Completeness['until'] | undefined, type: string, nowMs: number): number {
  const untilMs = own(until, type);
  return untilMs === undefined ? Number.POSITIVE_INFINITY : Math.max(0, nowMs - untilMs);
}

/** Returns the time of a type. A type may be named like an inherited property, such as `constructor`. */
function own(times: Readonly<Record<string, number>> | undefined, type: string): number | undefined {
  return times !== undefined && Object.hasOwn(times, type) ? times[type] : undefined;
}
