import * as z from 'zod/mini';
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
  /** Upper bound on how far any type may lag, seconds; undefined while no heartbeat has come. */
  readonly stalenessSeconds: number | undefined;
  /** The type that the bound is of. */
  readonly stalestType: string | undefined;
  /** Events that are parked or held. */
  readonly setAside: number;
}

/** What a report is made of. */
export interface ReportPorts {
  /** Visible, in-flight and delayed messages of the queue, now. */
  backlog(): Promise<number>;
  /** Events a second that ended in the newest whole interval, and the age of the oldest message in seconds. */
  consumption(nowMs: number): Promise<{ readonly rate: number; readonly oldestAgeSeconds: number }>;
  /** When the owner committed the newest heartbeat that came through, epoch milliseconds, of each type; undefined where none has. */
  heartbeats(): Promise<Readonly<Record<string, number | undefined>>>;
  /** How many events are set aside or missing, and since when the oldest is, epoch milliseconds. */
  setAside(): Promise<{ readonly count: number; readonly oldestMs: number | undefined }>;
}

/** A backlog at a time. */
export interface Sample {
  readonly backlog: number;
  readonly atMs: number;
}

/**
 * Measures a cache's queue, against a sample of it from before.
 *
 * @param before not older than a few intervals, or the rates say nothing of now
 */
export async function measureCache(
  ports: ReportPorts,
  cache: string,
  before: Sample,
  now: () => number,
): Promise<{ readonly report: Omit<CacheReport, 'share'>; readonly lag: CacheLag }> {
  const [backlog, heartbeats, setAside] = await Promise.all([ports.backlog(), ports.heartbeats(), ports.setAside()]);
  const atMs = now();
  const { rate, oldestAgeSeconds } = await ports.consumption(atMs);
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
  return { report, lag: lagOf(heartbeats, setAside, oldestAgeSeconds, atMs) };
}

/** The largest of: time since a type's last heartbeat came through, age of the oldest event that is queued, held, parked or in a gap. */
function lagOf(
  heartbeats: Readonly<Record<string, number | undefined>>,
  { count, oldestMs }: { readonly count: number; readonly oldestMs: number | undefined },
  oldestAgeSeconds: number,
  nowMs: number,
): CacheLag {
  const beats = Object.entries(heartbeats).flatMap(([type, atMs]) => (atMs === undefined ? [] : [{ type, atMs }]));
  const stalest = beats.sort((a, b) => a.atMs - b.atMs)[0];
  if (stalest === undefined) return { stalenessSeconds: undefined, stalestType: undefined, setAside: count };
  const asideSeconds = oldestMs === undefined ? 0 : (nowMs - oldestMs) / 1000;
  const stalenessSeconds = Math.max(0, (nowMs - stalest.atMs) / 1000, oldestAgeSeconds, asideSeconds);
  return { stalenessSeconds, stalestType: stalest.type, setAside: count };
}
