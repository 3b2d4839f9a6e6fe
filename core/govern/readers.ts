import * as z from 'zod/mini';
import type { CacheReport } from './report.ts';

const reader = z.object({
  cache: z.string(),
  readsCompressed: z.boolean(),
  /** When the cache said so, epoch milliseconds. */
  atMs: z.int(),
});

/** What a cache of an owner has said about the events that it reads. */
export type EventReader = z.infer<typeof reader>;

/** Reads a stored note about a cache. Returns undefined for any other text. */
export function parseEventReader(json: string): EventReader | undefined {
  try {
    return reader.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}

/** Returns what a report says about the events that its cache reads. A report of an earlier release doesn't say it. */
export function eventReader({ cache, atMs, readsCompressed = false }: CacheReport, nowMs: number): EventReader {
  return { cache, readsCompressed, atMs: Math.min(atMs, nowMs) };
}

/**
 * How long a cache counts after its last report. Its queue keeps messages for 14 days (sqs/quotas-messages), so after
 * that nobody waits for an event in it.
 */
export const READER_LIFE_MS = 14 * 86_400_000;

/** How long a governor listens before it knows all caches, in control intervals. Each cache reports once in each. */
const LISTEN_INTERVALS = 15;

/** What a governor knows about the caches that receive an owner's events. */
export interface Readership {
  /** Since when the governor hears which events the caches read, epoch milliseconds. */
  readonly listeningSinceMs: number;
  /** Whether every cache that receives the events has said that it reads compressed data. */
  readonly readsCompressed: boolean;
}

/**
 * Decides whether large states may be compressed in events: once every known cache has said that it reads them, and the
 * governor has listened long enough to know all caches. A cache of an earlier release reports too, and doesn't say it.
 */
export function readership(
  previous: { readonly listeningSinceMs?: number | undefined } | undefined,
  known: readonly EventReader[],
  { intervalSeconds, nowMs }: { readonly intervalSeconds: number; readonly nowMs: number },
): Readership {
  const listeningSinceMs = Math.min(previous?.listeningSinceMs ?? nowMs, nowMs);
  const hasListened = nowMs - listeningSinceMs >= LISTEN_INTERVALS * intervalSeconds * 1000;
  const living = known.filter(({ atMs }) => nowMs - atMs <= READER_LIFE_MS);
  const readsCompressed = hasListened && living.length > 0 && living.every((one) => one.readsCompressed);
  return { listeningSinceMs, readsCompressed };
}
