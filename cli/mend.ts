import { messageGroupId } from 'freshet-aws/internal/core/entity';
import { confirmed } from './confirm.ts';
import { type Differing, stillDiffering } from './differences.ts';
import { pause } from './in-session.ts';
import { resyncToken } from './resync.ts';
import { type CacheSession, ownerOf, type Session } from './session.ts';
import { sideBySide } from './side-by-side.ts';

/** Owners' writes at once while differences are mended: the owner has its own work too. */
const WRITES_AT_ONCE = 8;

/** Between two looks at whether differences are gone. */
const LOOK_MS = 200;

/** Whether publishing or burying can mend a difference, as long as the cache hasn't stopped the entity. */
export function isMendable({ difference, sameDigest, stopped }: Differing): boolean {
  if (stopped) return false;
  return difference === 'different' ? sameDigest : difference !== 'ahead';
}

/** Has the owner publish once more what a cache lacks, and bury what it doesn't have. Safe to repeat. */
export async function mend(session: Session, differing: readonly Differing[], signal: AbortSignal): Promise<void> {
  await sideBySide(
    differing,
    WRITES_AT_ONCE,
    async ({ entity: { type, id }, difference }) => {
      const { owner } = ownerOf(session, type);
      if (difference === 'unowned') await owner.bury(type, id, await highestVersion(session, type, id));
      else await owner.resync(type, id, resyncToken());
    },
    signal,
  );
}

/** Asks before owners are made to delete what they don't know: caches may hold the only copies. */
export async function burialConfirmed(unowned: number, yes: boolean, signal: AbortSignal): Promise<boolean> {
  if (unowned === 0) return true;
  const what =
    unowned === 1 ? "1 entity that its owner doesn't know is" : `${unowned} entities that their owners don't know are`;
  return confirmed(
    `${what} to be deleted from all caches, by a deletion at the owner. Export them first if they may be needed. Go on?`,
    yes,
    signal,
  );
}

/** The highest version that any cache holds: a burial below it would be old news there. */
async function highestVersion(session: Session, type: string, id: string): Promise<number> {
  const keepers = session.caches.filter(({ boundary }) => Object.hasOwn(boundary.caches, type));
  const held = await Promise.all(keepers.map(({ records }) => records.get({ type, id })));
  return Math.max(0, ...held.map((record) => record?.version ?? 0));
}

/** How long differences are waited for. */
export interface Waiting {
  readonly signal: AbortSignal;
  /** Given up when so long none of them was settled. */
  readonly patienceMs: number;
  /** Told how many are left. */
  readonly onLeft?: (left: number) => void;
  /** Those that will never be settled, and so aren't waited for; asked for when none was settled for a while. */
  readonly hopeless?: (left: readonly Differing[]) => Promise<ReadonlySet<Differing>>;
}

/** Waits until the differences are gone, and returns those that are left. What is ahead of the owner's list by now counts as gone. */
export async function untilSettled(
  session: Session,
  cache: CacheSession,
  differing: readonly Differing[],
  { signal, patienceMs, onLeft, hopeless }: Waiting,
): Promise<Differing[]> {
  const given: Differing[] = [];
  let left = [...differing];
  let deadline = Date.now() + patienceMs;
  while (!signal.aborted) {
    const still = (await stillDiffering(session, cache, left, signal)).filter(
      ({ difference }) => difference !== 'ahead',
    );
    if (signal.aborted) break;
    if (still.length < left.length) deadline = Date.now() + patienceMs;
    else if (hopeless !== undefined) {
      const lost = await hopeless(still);
      given.push(...lost);
      for (const one of lost) still.splice(still.indexOf(one), 1);
    }
    left = still;
    onLeft?.(left.length);
    if (left.length === 0 || Date.now() >= deadline) break;
    await pause(LOOK_MS, signal);
  }
  return [...given, ...left];
}

/** Clocks of this machine and of the functions may differ by so much. */
const CLOCK_MARGIN_MS = 5_000;

/**
 * Those of which the cache has set an event aside since a time: the missing version or a later one, or one that it couldn't even read. What was
 * set aside before says nothing of what has been sent since.
 */
export async function setAsideOf(
  cache: CacheSession,
  differing: readonly Differing[],
  sinceMs: number,
): Promise<ReadonlySet<Differing>> {
  const looked = await sideBySide(differing, WRITES_AT_ONCE, async (one) => {
    const wanted = one.ownerVersion ?? 0;
    const aside = await cache.aside.ofGroup(messageGroupId(one.entity));
    const isSo = aside.some(
      ({ version = wanted, setAsideAtMs }) => setAsideAtMs >= sinceMs - CLOCK_MARGIN_MS && version >= wanted,
    );
    return isSo ? one : undefined;
  });
  return new Set(looked.filter((one) => one !== undefined));
}
