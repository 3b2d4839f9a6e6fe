import type { EntityRef } from '../entity.ts';

/**
 * A notice that a cache lacks a version of an entity. The projector sends the first one, and each check sends the next.
 */
export interface GapNotice {
  readonly entity: EntityRef;
  /** The lowest version that closes the gap. */
  readonly wantedVersion: number;
  /** How often the owner was asked or, from MAX_ASKED on, the gap was checked; 0 in the projector's notice. */
  readonly asked: number;
}

/** The notice that wants a version, and the time. */
export interface WantedBy {
  /** The id of the notice's message. It stays the same when the message is delivered again. */
  readonly noticeId: string;
  readonly nowMs: number;
  /** A request that was made before this time is made again. */
  readonly staleBeforeMs: number;
}

/** The ports of healing. */
export interface HealPorts {
  /**
   * Records that the version is wanted. `new`: nothing was wanted of the entity, or the last request is stale, or this
   * same notice made the request: a notice that is delivered again may have failed before the owner was asked.
   */
  want(entity: EntityRef, wantedVersion: number, by: WantedBy): Promise<'new' | 'known'>;
  /** The highest version that is wanted; undefined for none. */
  wanted(entity: EntityRef): Promise<number | undefined>;
  /** Removes the record, unless a higher version is wanted meanwhile. */
  forget(entity: EntityRef, wantedVersion: number): Promise<'forgotten' | 'changed'>;
  /** The version that the cache holds, 0 for none, and whether the entity is stopped. */
  cached(entity: EntityRef): Promise<{ readonly version: number; readonly isStopped: boolean }>;
  /** Asks the entity's owner to publish its whole state. */
  askOwner(entity: EntityRef, wantedVersion: number): Promise<void>;
  /** Sends the notice again, with a delay. */
  lookAgain(notice: GapNotice, delaySeconds: number): Promise<void>;
}

/**
 * Longest time between two requests for the same entity. SQS delays a message by at most 15 minutes
 * (sqs/sqs-delay-queues).
 */
export const MAX_ASK_AGAIN_SECONDS = 900;

/**
 * Requests in a row for one gap, over more than an hour. Each request waits in a queue until the owner answers it. A
 * gap that is still open after that has an answer in flight, for example behind a throttled topic, or the state can't
 * be stored. From then on the gap is only checked, and the owner is asked once a day. The entity's next gap starts new
 * requests.
 */
export const MAX_ASKED = 12;

/** Checks of a gap in a day, MAX_ASK_AGAIN_SECONDS apart. */
const CHECKS_A_DAY = 86_400 / MAX_ASK_AGAIN_SECONDS;

/** After this many checks, 14 days, no request is in the owner's queue any more (sqs/quotas-queues). */
const MAX_CHECKED = MAX_ASKED + 14 * CHECKS_A_DAY;

/** How often the gap of a stopped entity is checked. */
export const LOOK_AT_STOPPED_SECONDS = 60;

/**
 * A request without an answer for this long is stale, and the entity's next gap makes it again: its notice may have
 * been lost.
 */
const STALE_MS = 4 * MAX_ASK_AGAIN_SECONDS * 1000;

/** Seconds until the owner is asked again, by the number of requests so far: 5, 10, 20, ... MAX_ASK_AGAIN_SECONDS. */
export function askAgainSeconds(asked: number): number {
  return Math.min(MAX_ASK_AGAIN_SECONDS, 5 * 2 ** Math.min(asked - 1, 20));
}

/** How a look at a gap ended. `unreachable`: the owner couldn't be asked, with the error. */
export type Healed = 'asked' | 'known' | 'healed' | 'waiting' | 'given up' | { readonly unreachable: unknown };

/**
 * Works on one gap: asks the owner, and asks again after a growing delay, until the cache holds the wanted version or a
 * higher one. Each entity has one request at a time. `given up`: MAX_ASKED requests closed nothing. While the entity is
 * stopped, the owner isn't asked: the answer would only be held.
 *
 * @param noticeId the id of the notice's message; it stays the same when the message is delivered again
 */
export async function heal(notice: GapNotice, noticeId: string, ports: HealPorts, nowMs: number): Promise<Healed> {
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
  // By now the last request is stale, so a later gap has made requests of its own.
  if (asked >= MAX_ASKED && wantedVersion > notice.wantedVersion) return 'known';
  if (asked >= MAX_CHECKED) return 'given up';
  if (asked >= MAX_ASKED && (asked + 1 - MAX_ASKED) % CHECKS_A_DAY > 0) {
    await ports.lookAgain({ entity, wantedVersion, asked: asked + 1 }, MAX_ASK_AGAIN_SECONDS);
    return asked === MAX_ASKED ? 'given up' : 'waiting';
  }
  if (isStopped) {
    await ports.lookAgain({ entity, wantedVersion, asked: Math.max(asked, 1) }, LOOK_AT_STOPPED_SECONDS);
    return 'waiting';
  }
  // A notice that returned to its queue would count as an event without an outcome until the owner can be asked.
  const unreachable = await ports.askOwner(entity, wantedVersion).then(
    () => undefined,
    (error: unknown) => ({ unreachable: error }),
  );
  await ports.lookAgain({ entity, wantedVersion, asked: asked + 1 }, askAgainSeconds(asked + 1));
  return unreachable ?? 'asked';
}

/** Ends the work on a gap of a type that the cache no longer keeps. */
export async function abandon(entity: EntityRef, ports: Pick<HealPorts, 'wanted' | 'forget'>): Promise<void> {
  const wanted = await ports.wanted(entity);
  if (wanted !== undefined) await ports.forget(entity, wanted);
}

/** Removes the record of a gap that is closed. Otherwise a new gap would count as requested already. */
async function forgetHealed(entity: EntityRef, ports: HealPorts): Promise<void> {
  const before = await ports.wanted(entity);
  if (before !== undefined && (await ports.cached(entity)).version >= before) await ports.forget(entity, before);
}
