import type { EntityRef } from '../entity.ts';

/** That a cache misses a version of an entity, as the projector says it and as it is looked at again. */
export interface GapNotice {
  readonly entity: EntityRef;
  /** The version that the cache needs, or any above it. */
  readonly wantedVersion: number;
  /** How often the owner was asked; 0 when the projector came upon it. */
  readonly asked: number;
}

/** Which notice wants a version, and when. */
export interface WantedBy {
  /** The notice's message; the same when it is delivered again. */
  readonly noticeId: string;
  readonly nowMs: number;
  /** A request from before is made anew. */
  readonly staleBeforeMs: number;
}

/** What healing needs. */
export interface HealPorts {
  /**
   * Remembers that the version is wanted. `new` if nothing was wanted of the entity, or the last request is long forgotten, or it was this
   * very notice that began it: what comes again may have failed before the owner was asked.
   */
  want(entity: EntityRef, wantedVersion: number, by: WantedBy): Promise<'new' | 'known'>;
  /** The highest version that is wanted; undefined if none is. */
  wanted(entity: EntityRef): Promise<number | undefined>;
  /** Forgets it, unless a higher one has come to be wanted. */
  forget(entity: EntityRef, wantedVersion: number): Promise<'forgotten' | 'changed'>;
  /** What the cache holds: the version, 0 for none, and whether the entity is stopped. */
  cached(entity: EntityRef): Promise<{ readonly version: number; readonly isStopped: boolean }>;
  /** Asks the entity's owner to publish its whole state. */
  askOwner(entity: EntityRef, wantedVersion: number): Promise<void>;
  /** Brings the notice back after a while. */
  lookAgain(notice: GapNotice, delaySeconds: number): Promise<void>;
}

/** Longest time between two requests for the same entity: SQS delays a message for 15 minutes at most (sqs/sqs-delay-queues). */
export const MAX_ASK_AGAIN_SECONDS = 900;

/**
 * Requests in a row, over more than an hour: each lies safely in a queue until the owner answers it, so what isn't healed by then is either
 * still under way or can't be stored. The next gap asks anew.
 */
export const MAX_ASKED = 12;

/** How often a gap of a stopped entity is looked at. */
export const LOOK_AT_STOPPED_SECONDS = 60;

/** A request of which nothing was heard for so long is made anew by the next gap, should its notice have been lost. */
const STALE_MS = 4 * MAX_ASK_AGAIN_SECONDS * 1000;

/** Seconds until the owner is asked again, after it was asked so often: 5, 10, 20, ... MAX_ASK_AGAIN_SECONDS. */
export function askAgainSeconds(asked: number): number {
  return Math.min(MAX_ASK_AGAIN_SECONDS, 5 * 2 ** Math.min(asked - 1, 20));
}

/**
 * Works on one gap: asks the owner, one request per entity at a time, and again after a deadline that grows, until the cache holds the
 * wanted version or one above it. While the entity is stopped nobody is asked: the answer would only be held.
 *
 * @param noticeId the id of the notice's message, which stays the same when it is delivered again
 */
export async function heal(
  notice: GapNotice,
  noticeId: string,
  ports: HealPorts,
  nowMs: number,
): Promise<'asked' | 'known' | 'healed' | 'waiting' | 'given up'> {
  const { entity, asked } = notice;
  if (asked === 0) {
    await forgetHealed(entity, ports);
    const by = { noticeId, nowMs, staleBeforeMs: nowMs - STALE_MS };
    if ((await ports.want(entity, notice.wantedVersion, by)) === 'known') return 'known';
  }
  const wantedVersion = await ports.wanted(entity);
  if (wantedVersion === undefined) return 'healed';
  const { version, isStopped } = await ports.cached(entity);
  if (version >= wantedVersion && (await ports.forget(entity, wantedVersion)) === 'forgotten') return 'healed';
  if (asked >= MAX_ASKED) return 'given up';
  if (isStopped) {
    await ports.lookAgain({ entity, wantedVersion, asked: Math.max(asked, 1) }, LOOK_AT_STOPPED_SECONDS);
    return 'waiting';
  }
  await ports.askOwner(entity, wantedVersion);
  await ports.lookAgain({ entity, wantedVersion, asked: asked + 1 }, askAgainSeconds(asked + 1));
  return 'asked';
}

/** What was wanted before and has come is forgotten, so that a new gap isn't taken for one that was asked for. */
async function forgetHealed(entity: EntityRef, ports: HealPorts): Promise<void> {
  const before = await ports.wanted(entity);
  if (before !== undefined && (await ports.cached(entity)).version >= before) await ports.forget(entity, before);
}
