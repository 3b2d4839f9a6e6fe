import * as z from 'zod/mini';
import { type Completeness, completeness, stalenessMs } from '../read/staleness.ts';
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
  /** Age of the oldest message, seconds. */
  oldestAgeSeconds: rate,
  /** null: infinite. */
  drainSeconds: z.nullable(rate),
  /** The part of the cache's consumption that this owner may use: 1 for its only owner, 0.5 for one of two. */
  share: z.number().check(z.gt(0), z.lte(1)),
});

/** What a cache tells an owner of its queue, once per control interval. */
export type CacheReport = z.infer<typeof cacheReport>;

/** Reads a report; undefined for anything else. */
export function parseCacheReport(body: string): CacheReport | undefined {
  try {
    return cacheReport.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

/** What a cache knows of its lag beside its queue. */
export interface CacheLag {
  /** Since each type was last known to be complete, seconds; undefined while there is a type without a heartbeat. */
  readonly stalenessSeconds: number | undefined;
  /** The type that this is of, or of which nothing is known; undefined for a cache without types. */
  readonly stalestType: string | undefined;
  /** Events that are parked or held. */
  readonly setAside: number;
}

/** What a report is made of. */
export interface ReportPorts {
  /** Visible, in-flight and delayed messages of the queue, now. */
  backlog(): Promise<number>;
  /** Whether the queue is found empty once within a moment: where messages come and go all the time, one look would hardly ever see that. */
  isEmptyOnce(): Promise<boolean>;
  /** Whether messages came back to the queue so often that the age of its oldest leaves them out, since when such a one may wait. */
  leavesOut(nowMs: number): Promise<boolean>;
  /** What a queue's metrics say, which come minutes late. */
  consumption(nowMs: number): Promise<Consumption>;
  /** When the owner committed the newest heartbeat that came through, epoch milliseconds, of each type; undefined where none has. */
  heartbeats(): Promise<Readonly<Record<string, number | undefined>>>;
  /** Messages that left the queue unsettled and that the repair function hasn't looked at: dead letters and notices of gaps. */
  unrepaired(): Promise<number>;
  /** What is set aside or missing. */
  setAside(): Promise<SetAsideSince>;
  /** Up to when the cache was complete at the last report; undefined before the first. */
  completeness(): Promise<Completeness | undefined>;
}

/** See `ReportPorts.consumption`. */
export interface Consumption {
  /** Events a second that ended in the newest whole interval. */
  readonly rate: number;
  /** Age of the oldest message, seconds. */
  readonly oldestAgeSeconds: number;
  /** No message that is in the queue came into it before, epoch milliseconds; undefined: not known. */
  readonly queuedSinceMs: number | undefined;
}

/** See `ReportPorts.setAside`. */
export interface SetAsideSince {
  /** Events that are parked or held. */
  readonly count: number;
  /** By type: when the oldest that is set aside came into the queue, epoch milliseconds; 0 for an unknown time, as for a gap. */
  readonly sinceMs: ReadonlyMap<string, number>;
  /** Whether there is more than was looked at, of whatever type and age. */
  readonly isMore: boolean;
}

/** A backlog at a time. */
export interface Sample {
  readonly backlog: number;
  readonly atMs: number;
}

/** What came of it. */
export interface Measured {
  readonly report: Omit<CacheReport, 'share'>;
  readonly lag: CacheLag;
  readonly completeness: Completeness;
}

/**
 * Measures a cache's queue, against a sample of it from before, and up to when the cache is complete.
 *
 * @param before not older than a few intervals, or the rates say nothing of now
 */
export async function measureCache(
  ports: ReportPorts,
  cache: string,
  before: Sample,
  now: () => number,
): Promise<Measured> {
  // One after the other: an event moves on from the queue to where it is repaired and on to where it is set aside.
  const [beats, previous] = await Promise.all([ports.heartbeats(), ports.completeness()]);
  const seenAtMs = now();
  const backlog = await ports.backlog();
  const atMs = now();
  const isEmpty = backlog === 0 || (await ports.isEmptyOnce());
  const unrepaired = await ports.unrepaired();
  const setAside = await ports.setAside();
  const { rate, oldestAgeSeconds, queuedSinceMs } = await ports.consumption(atMs);
  const isAgeKnown = isEmpty || !(await ports.leavesOut(atMs));
  const seconds = Math.max(0.001, (atMs - before.atMs) / 1000);
  const rates = ratesOf(rate * seconds, [before.backlog, backlog], seconds);
  const drain = drainSeconds(backlog, rates);
  const report = {
    cache,
    atMs,
    backlog,
    ...rates,
    oldestAgeSeconds,
    drainSeconds: Number.isFinite(drain) ? drain : null,
  };
  const isKnown = unrepaired === 0 && !setAside.isMore && isAgeKnown;
  const ofAllMs = isKnown ? (isEmpty ? undefined : (queuedSinceMs ?? 0)) : 0;
  const complete = completeness(previous, {
    beats,
    atMs: seenAtMs,
    pendingSinceMs: (type) => earlier(ofAllMs, setAside.sinceMs.get(type)),
  });
  return { report, lag: lagOf(complete.until, Object.keys(beats), setAside.count, atMs), completeness: complete };
}

function earlier(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}

/** That of the type which is complete up to the earliest time; a type of which nothing is known is the stalest. */
function lagOf(until: Completeness['until'], types: readonly string[], setAside: number, nowMs: number): CacheLag {
  const [stalest] = types
    .map((type) => ({ type, ms: stalenessMs(until, type, nowMs) }))
    .sort((a, b) => (a.ms === b.ms ? 0 : b.ms - a.ms));
  const isKnown = stalest !== undefined && Number.isFinite(stalest.ms);
  return { stalenessSeconds: isKnown ? stalest.ms / 1000 : undefined, stalestType: stalest?.type, setAside };
}
