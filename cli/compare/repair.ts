import { entityName, messageGroupId } from 'freshet-aws/internal/core/entity';
import { sideBySide } from 'freshet-aws/internal/core/side-by-side';
import { resyncToken } from '../clients/resync-token.ts';
import type { Deployment, OpenCache } from '../deployment/deployment.ts';
import { pause } from '../interrupt.ts';
import type { DeploymentOptions } from '../options/deployment-options.ts';
import { confirmed } from '../output/confirm.ts';
import { typed } from '../output/typed.ts';
import type { Work } from '../work.ts';
import { type Differing, stillDiffering } from './differences.ts';

/** Concurrent writes at the owners during a repair. The limit leaves room for the owners' other writes. */
const WRITES_AT_ONCE = 8;

/** Time between two checks of whether the differences are gone. */
const LOOK_MS = 200;

/** Whether a resync or a burial repairs a difference. Neither repairs an entity that is stopped in the cache. */
export function isRepairable({ difference, sameDigest, stopped }: Differing): boolean {
  if (stopped) return false;
  return difference === 'different' ? sameDigest : difference !== 'ahead';
}

/**
 * Makes the owners publish entities again, and commit the deletion of entities that only caches have. Safe to repeat.
 */
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

/** Entities that only caches have, divided by whether the owner may commit their deletion. */
export interface Unowned {
  readonly buriable: readonly Differing[];
  /** Of adopted types: only the existing table can tell whether they were deleted. */
  readonly adopted: readonly Differing[];
}

/** The entities among those that differ that only caches have. */
export async function unownedOf({ deployment }: Work, differing: readonly Differing[]): Promise<Unowned> {
  const unowned = differing.filter(({ difference }) => difference === 'unowned');
  const types = [...new Set(unowned.map(({ entity }) => entity.type))];
  const owners = await Promise.all(types.map((type) => deployment.ownerOf(type)));
  const adopted = types.filter((type, index) => owners[index]?.boundary.owns[type]?.adopted !== undefined);
  return {
    buriable: unowned.filter(({ entity }) => !adopted.includes(entity.type)),
    adopted: unowned.filter(({ entity }) => adopted.includes(entity.type)),
  };
}

/** The number of entities that are named. */
const NAMED = 5;

/** Says which entities of adopted types only caches have, and what to do about them; nothing if there are none. */
export function adoptedAdvice(adopted: readonly Differing[], owner: string, on: DeploymentOptions): readonly string[] {
  if (adopted.length === 0) return [];
  const names = [...new Set(adopted.map(({ entity }) => entityName(entity)))];
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return [
    'not deleted, because only a survey of the existing table can tell whether they were deleted: ' +
      `${names.slice(0, NAMED).join(', ')}${more}`,
    `to copy what the table has: ${typed(`survey ${owner}`, on)}. Then run this command again. If a cache still has one ` +
      'of them, write its item to the existing table and delete the item again.',
  ];
}

/** Asks before the entities that only caches have are deleted, because a cache may hold the only copy. */
export async function burialConfirmed(work: Work, unowned: number, yes: boolean): Promise<boolean> {
  if (unowned === 0) return true;
  const what = unowned === 1 ? '1 entity' : `${unowned} entities`;
  return confirmed(
    work,
    `${what} exist${unowned === 1 ? 's' : ''} only in caches and not at the owner. Export first what you still need. ` +
      `Delete ${unowned === 1 ? 'it' : 'them'} from all caches?`,
    yes,
  );
}

/** The highest version in any cache. A deletion with a lower version would be outdated in that cache. */
async function highestVersion(deployment: Deployment, type: string, id: string): Promise<number> {
  const keepers = await deployment.cachesOf(type);
  const held = await Promise.all(keepers.map(({ records }) => records.get({ type, id })));
  return Math.max(0, ...held.map((record) => record?.version ?? 0));
}

/** The settings of a wait for differences to disappear. */
export interface Waiting {
  readonly signal: AbortSignal;
  /** How long to wait while no difference disappears. */
  readonly patienceMs: number;
  /** Called with the number of differences that are left. */
  readonly onLeft?: (left: number) => void;
  /** Returns the differences that will never disappear, so that the wait drops them. Called while none disappears. */
  readonly hopeless?: (left: readonly Differing[]) => Promise<ReadonlySet<Differing>>;
}

/**
 * Waits until the differences are gone, and returns those that are left. An entity that becomes ahead during the wait
 * was changed meanwhile, so its difference counts as gone.
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
 * The differences whose event the cache has parked or held since a time. The event has the missing version or a later
 * one, or can't be read. Events that were parked before that time don't count, because the entities were sent again.
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
