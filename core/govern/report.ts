import * as z from 'zod/mini';
import { type Completeness, completeness, receivesAllFromMs, stalenessMs } from '../read/staleness.ts';
import { drainSeconds, ratesOf } from './measure.ts';

const rate = z.number().check(z.gte(0));

const cacheReport = z.object({
  cache: z.string().check(z.minLength(1), z.maxLength(30)),
  /** When it was measured, epoch milliseconds. */
  atMs: z.int().check(z.gte(0)),
  /** Visible, in-flight and delayed messages of the cache's queue. */
  backlog: z.int().check(z.gte(0)),
  productionRate: rate,
  consumptionRate: rate,
  /**
   * Whether the metrics of the queue could not be read. The rates are then their lowest possible values, from the
   * change of the backlog, and the age is 0. Missing if the metrics were read, and in reports of earlier releases.
   */
  isUnmeasured: z.optional(z.boolean()),
  /** Age of the oldest message, in seconds. */
  oldestAgeSeconds: rate,
  /** Drain time in seconds; null if it is infinite. */
  drainSeconds: z.nullable(rate),
  /**
   * The fraction of the cache's consumption that this owner may use: 1 for its only owner, 0.5 for one of two owners.
   */
  share: z.number().check(z.gt(0), z.lte(1)),
  /** Whether the cache reads compressed data. Missing in a report of an earlier release, which doesn't. */
  readsCompressed: z.optional(z.boolean()),
});

/** A cache's report about its queue, which it sends to an owner once per control interval. */
export type CacheReport = z.infer<typeof cacheReport>;

/** Reads a report. Returns undefined for any other text. */
export function parseCacheReport(body: string): CacheReport | undefined {
  try {
    return cacheReport.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

/** How far a cache lags. */
export interface CacheLag {
  /** Staleness of the stalest type, in seconds; undefined while a type has no heartbeat. */
  readonly stalenessSeconds: number | undefined;
  /** The stalest type; undefined for a cache without types, and while the cache only begins to keep its types. */
  readonly stalestType: string | undefined;
  /** Number of parked and held events. */
  readonly parked: number;
}

/** The ports that measure a cache. */
export interface ReportPorts {
  /** Returns the queue's current number of visible, in-flight and delayed messages. */
  backlog(): Promise<number>;
  /**
   * Checks several times within a short time whether the queue is empty. A single check of a busy queue would rarely
   * find it empty.
   */
  isEmptyOnce(): Promise<boolean>;
  /**
   * Whether messages that may still be queued came back so often that SQS leaves them out of the age of the oldest
   * message. Undefined if the metrics can't be read.
   */
  leavesOut(nowMs: number): Promise<boolean | undefined>;
  /** Returns the queue's metrics, which arrive minutes late; undefined if they can't be read. */
  consumption(nowMs: number): Promise<Consumption | undefined>;
  /**
   * Returns for each type when the owner committed the newest heartbeat in the cache, epoch milliseconds; undefined if
   * there is none.
   */
  heartbeats(): Promise<Readonly<Record<string, number | undefined>>>;
  /**
   * Returns the number of messages that left the queue without an outcome and that the repair function hasn't handled:
   * dead letters and notices of gaps.
   */
  unrepaired(): Promise<number>;
  /** Returns the parked and held events and the gaps. */
  parked(): Promise<ParkedSince>;
  /** Returns the completeness that the previous report found; undefined before the first report. */
  completeness(): Promise<Completeness | undefined>;
  /** Returns when the cache's queue was created, epoch milliseconds; undefined if that isn't known. */
  queueCreatedAtMs(): Promise<number | undefined>;
}

/** See `ReportPorts.consumption`. */
export interface Consumption {
  /** Events a second that ended in the last complete interval. */
  readonly rate: number;
  /** Age of the oldest message, in seconds. */
  readonly oldestAgeSeconds: number;
  /**
   * Every message in the queue was sent to it at or after this time, epoch milliseconds; undefined if the time isn't
   * known.
   */
  readonly queuedSinceMs: number | undefined;
}

/** See `ReportPorts.parked`. */
export interface ParkedSince {
  /** Number of parked and held events. */
  readonly count: number;
  /**
   * By type: when its oldest parked or held event was sent to the queue, epoch milliseconds; 0 if that isn't known, as
   * for a gap.
   */
  readonly sinceMs: ReadonlyMap<string, number>;
  /** Whether there are more events than were read. Their types and ages aren't known. */
  readonly isMore: boolean;
}

/** A measured backlog with its time, epoch milliseconds. */
export interface Sample {
  readonly backlog: number;
  readonly atMs: number;
}

/** The result of measuring a cache. */
export interface Measured {
  readonly report: Omit<CacheReport, 'share'>;
  readonly lag: CacheLag;
  readonly completeness: Completeness;
}

/** Shortest period that rates are computed over, in seconds. */
const MIN_PERIOD_SECONDS = 0.001;

/**
 * Measures a cache's queue, compares it with an earlier sample, and determines up to when the cache is complete.
 *
 * Without metrics, the ages of queued messages aren't known, so the completeness grows only if the queue was seen to be
 * empty. The rates are then the lowest possible ones, with which no owner ends a limit; see `CacheReport.isUnmeasured`.
 *
 * @param before an earlier sample, at most a few intervals old, because the rates are averages since then
 * @param now returns the current time, epoch milliseconds
 * @param intervalMs the time between two reports
 */
export async function measureCache(
  ports: ReportPorts,
  cache: string,
  before: Sample,
  now: () => number,
  intervalMs: number,
): Promise<Measured> {
  // In this order, because an event moves from the queue to the repair queues and then to the parking table.
  const [beats, previous] = await Promise.all([ports.heartbeats(), ports.completeness()]);
  const seenAtMs = now();
  const backlog = await ports.backlog();
  const atMs = now();
  const isEmpty = backlog === 0 || (await ports.isEmptyOnce());
  const unrepaired = await ports.unrepaired();
  const parked = await ports.parked();
  const consumed = await ports.consumption(atMs);
  const { oldestAgeSeconds = 0, queuedSinceMs } = consumed ?? {};
  const isAgeKnown = isEmpty || (consumed !== undefined && (await ports.leavesOut(atMs)) === false);
  const seconds = Math.max(MIN_PERIOD_SECONDS, (atMs - before.atMs) / 1000);
  const ended = consumed === undefined ? Math.max(0, before.backlog - backlog) : consumed.rate * seconds;
  const rates = ratesOf(ended, [before.backlog, backlog], seconds);
  const drain = drainSeconds(backlog, rates);
  const report = {
    cache,
    atMs,
    backlog,
    ...rates,
    ...(consumed === undefined && { isUnmeasured: true }),
    oldestAgeSeconds,
    drainSeconds: Number.isFinite(drain) ? drain : null,
  };
  // For all types; 0 means that the time isn't known.
  const unsettledSinceMs = unrepaired === 0 && isAgeKnown ? (isEmpty ? undefined : (queuedSinceMs ?? 0)) : 0;
  const pendingSinceMs = parked.isMore ? 0 : unsettledSinceMs;
  const queueCreatedAtMs = previous === undefined ? await ports.queueCreatedAtMs() : undefined;
  const complete = completeness(previous, {
    beats,
    atMs: seenAtMs,
    pendingSinceMs: (type) => earlier(pendingSinceMs, parked.sinceMs.get(type)),
    queuedSinceMs: unsettledSinceMs,
    hasUnrepaired: unrepaired > 0,
    queueCreatedAtMs,
    intervalMs,
  });
  return { report, lag: lagOf(complete, Object.keys(beats), parked.count, atMs), completeness: complete };
}

function earlier(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}

/**
 * Returns the lag of the stalest type. A type whose completeness isn't known is the stalest. A type that the cache
 * begins to keep is left out while its filter changes, because nobody can do anything about that.
 */
function lagOf(known: Completeness, types: readonly string[], parked: number, nowMs: number): CacheLag {
  const { until, receivesAllFrom } = known;
  const [stalest] = types
    .filter((type) => !(Object.hasOwn(receivesAllFrom, type) && receivesAllFromMs(known, type) > nowMs))
    .map((type) => ({ type, ms: stalenessMs(until, type, nowMs) }))
    .sort((a, b) => (a.ms === b.ms ? 0 : b.ms - a.ms));
  const isKnown = stalest !== undefined && Number.isFinite(stalest.ms);
  return { stalenessSeconds: isKnown ? stalest.ms / 1000 : undefined, stalestType: stalest?.type, parked };
}
