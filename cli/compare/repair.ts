import { messageGroupId } from 'freshet-aws/internal/core/entity';
import { resyncToken } from '../clients/resync-token.ts';
import type { Deployment, OpenCache } from '../deployment/deployment.ts';
import { pause } from '../interrupt.ts';
import { confirmed } from '../output/confirm.ts';
import type { Work } from '../work.ts';
import { type Differing, stillDiffering } from './differences.ts';
import { sideBySide } from './side-by-side.ts';

/** Writes at the owners at once while differences are repaired. The owners have other writes to do as well. */
const WRITES_AT_ONCE = 8;

/** Time between two looks at whether the differences are gone. */
const LOOK_MS = 200;

/** Whether a resync or a burial repairs a difference. Neither repairs an entity that is stopped in the cache. */
export function isRepairable({ difference, sameDigest, stopped }: Differing): boolean {
  if (stopped) return false;
  return difference === 'different' ? sameDigest : difference !== 'ahead';
}

/** Has the owners publish the entities again, and bury the entities that they don't have. Safe to repeat. */
export async function repairDifferences({ deployment, signal }: Work, differing: readonly Differing[]): Promise<void> {
  await sideBySide(
    differing,
    WRITES_AT_ONCE,
    async ({ entity: { type, id }, difference }) => {
      const { owner } = await deployment.ownerOf(type);
      if (difference === 'unowned') await owner.bury(type, id, await highestVersion(deployment, type, id));
      else await owner.resync(type, id, resyncToken());
    },
    signal,
  );
}

/** Asks before owners delete entities that they don't have: the caches may hold the only copies. */
export async function burialConfirmed(work: Work, unowned: number, yes: boolean): Promise<boolean> {
  if (unowned === 0) return true;
  const what = unowned === 1 ? '1 entity' : `${unowned} entities`;
  return confirmed(
    work,
    `Only caches have ${what}. A deletion at the owner will delete ${unowned === 1 ? 'it' : 'them'} from all ` +
      'caches. Export what you may still need first. Go on?',
    yes,
  );
}

/** The highest version that any cache holds. A burial at a lower version would be outdated in that cache. */
async function highestVersion(deployment: Deployment, type: string, id: string): Promise<number> {
  const keepers = await deployment.cachesOf(type);
  const held = await Promise.all(keepers.map(({ records }) => records.get({ type, id })));
  return Math.max(0, ...held.map((record) => record?.version ?? 0));
}

/** How to wait for differences to disappear. */
export interface Waiting {
  readonly signal: AbortSignal;
  /** How long to wait while no difference disappears. */
  readonly patienceMs: number;
  /** Told how many differences are left. */
  readonly onLeft?: (left: number) => void;
  /** Which differences will never disappear, so that nobody waits for them. Called while no difference disappears. */
  readonly hopeless?: (left: readonly Differing[]) => Promise<ReadonlySet<Differing>>;
}

/**
 * Waits until the differences are gone, and returns those that are left. An entity that is ahead by now has changed
 * since, and counts as gone.
 */
export async function untilSettled(
  deployment: Deployment,
  cache: OpenCache,
  differing: readonly Differing[],
  { signal, patienceMs, onLeft, hopeless }: Waiting,
): Promise<Differing[]> {
  const given: Differing[] = [];
  let left = [...differing];
  let deadline = Date.now() + patienceMs;
  while (!signal.aborted) {
    const still = (await stillDiffering(deployment, cache, left, signal)).filter(
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

/** How far the clocks of this machine and of the functions may differ. */
const CLOCK_MARGIN_MS = 5_000;

/**
 * The differences whose event the cache has parked or held since a time: the missing version or a later one, or an
 * event that can't be read. Events that were parked before that time don't matter, since the entities were sent again.
 */
export async function parkedSince(
  cache: OpenCache,
  differing: readonly Differing[],
  sinceMs: number,
): Promise<ReadonlySet<Differing>> {
  const looked = await sideBySide(differing, WRITES_AT_ONCE, async (one) => {
    const wanted = one.ownerVersion ?? 0;
    const events = await cache.parked.ofGroup(messageGroupId(one.entity));
    const isParked = events.some(
      ({ version = wanted, parkedAtMs }) => parkedAtMs >= sinceMs - CLOCK_MARGIN_MS && version >= wanted,
    );
    return isParked ? one : undefined;
  });
  return new Set(looked.filter((one) => one !== undefined));
}
