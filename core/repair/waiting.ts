/** How far the clocks of an owner and of a cache may differ. */
export const CLOCK_MARGIN_MS = 5_000;

/** Up to this number of messages, a cache's queue counts as free: two pages of a backfill. */
export const FREE_BACKLOG = 500;

/** While a cache has a backlog, it waits so many times as long for a page before it asks again. */
const PATIENCE_WITH_BACKLOG = 12;

/** After so many requests for the same page in vain, a run begins anew: about two hours. */
export const MAX_ASKED_AGAIN = 24;

/**
 * Whether a page that was asked for counts as lost. While the cache has a backlog, the page may wait in its queue, and
 * a further one would only make the backlog longer.
 *
 * @param stalledMs how long a page may take, in milliseconds
 */
export async function isPageLost(
  askedAtMs: number,
  { nowMs, stalledMs, backlog }: { nowMs: number; stalledMs: number; backlog: () => Promise<number> },
): Promise<boolean> {
  const waitedMs = nowMs - askedAtMs;
  if (waitedMs < stalledMs) return false;
  return waitedMs >= PATIENCE_WITH_BACKLOG * stalledMs || (await backlog()) <= FREE_BACKLOG;
}
