/**
 * How a subscription delivers.
 *
 * - `live`: newly published messages, at once
 * - `replaying`: archived messages
 * - `paused`: nothing, because a replay with an ending point has ended
 * - `failed`: the replay could not complete
 */
export type Delivery = 'live' | 'replaying' | 'paused' | 'failed';

/** The state of a subscription, with the times of its last replay, epoch milliseconds. */
export interface SubscriptionState {
  readonly delivery: Delivery;
  readonly fromMs?: number;
  /** Set for a replay with an ending point, which pauses the subscription. */
  readonly toMs?: number;
}

/** A subscription of a queue to a topic that may have an archive. */
export interface ReplayableSubscription {
  state(): Promise<SubscriptionState>;
  /** When the topic's archive begins, epoch milliseconds; undefined without an archive. */
  beginningMs(): Promise<number | undefined>;
  /**
   * Replaces the subscription's replay. Without `toMs`, messages follow as they are published; with it, the
   * subscription is paused at the end. The topic refuses a time before its archive.
   */
  replay(fromMs: number, toMs?: number): Promise<'started' | 'refused'>;
}

/** What following a replay needs from its surroundings. */
export interface Following {
  readonly nowMs: () => number;
  /** Waits until the next look. */
  readonly pause: () => Promise<void>;
  /** Whether following was given up, such as by Ctrl-C. */
  readonly isAborted: () => boolean;
  /** Called at each look. */
  readonly onLook: (state: SubscriptionState) => void;
}

/** Which facts are replayed: those published in a span of time, epoch milliseconds. */
export interface ReplaySpan {
  readonly fromMs: number;
  /** Not in the future. Default: the present, after which facts follow as they are published. */
  readonly toMs?: number | undefined;
}

/**
 * How much is delivered again from before the time at which a bounded replay stopped live delivery. It covers differing
 * clocks, and messages that were published but not yet delivered at that time.
 */
export const RESUME_MARGIN_MS = 3_600_000;

/** An archive moves on with the time, so a replay from its beginning begins a little later if the topic refuses it. */
const BEGINNING_MARGIN_MS = 5_000;

/** Most attempts at the beginning of an archive. */
const MAX_STARTS = 3;

/** Most looks in a row that may fail, or that may still show the replay before. */
const MAX_FAILED_LOOKS = 5;

/** Whether a replay in progress or a paused subscription ends in a pause, unless it is resumed. */
export function needsResume({ delivery, toMs }: SubscriptionState): boolean {
  return delivery === 'paused' || delivery === 'failed' || (delivery === 'replaying' && toMs !== undefined);
}

/**
 * Lets a subscription deliver again after a bounded or failed replay: from the ending point of the bounded replay, as
 * AWS documents, or from the start of the failed one. Live delivery stopped after the ending point, so nothing is lost;
 * facts since then that were delivered before are delivered again. A live subscription stays as it is.
 */
export async function resume(subscription: ReplayableSubscription): Promise<void> {
  const state = await subscription.state();
  if (needsResume(state)) await startFrom(subscription, state.toMs ?? state.fromMs ?? 0);
}

/**
 * Looks at a subscription until its replay has ended, or following is given up. Returns the last state.
 *
 * @param started the replay that was started; default: the one that the subscription has. SNS may show it late
 */
export async function follow(
  subscription: ReplayableSubscription,
  following: Following,
  started?: ReplaySpan,
): Promise<SubscriptionState> {
  for (let [failed, stale] = [0, 0]; ; ) {
    try {
      const state = await subscription.state();
      failed = 0;
      if (started !== undefined && !isOf(started, state) && stale < MAX_FAILED_LOOKS) stale += 1;
      else {
        following.onLook(state);
        if (state.delivery !== 'replaying' || following.isAborted()) return state;
      }
    } catch (error) {
      failed += 1;
      if (failed === MAX_FAILED_LOOKS || following.isAborted()) throw error;
    }
    await following.pause();
  }
}

function isOf(span: ReplaySpan, { fromMs, toMs }: SubscriptionState): boolean {
  return span.fromMs === fromMs && span.toMs === toMs;
}

/**
 * Replays facts at one subscription, and follows the replay until the subscription is live again. An earlier replay
 * ends first, so that none of its facts are lost. A bounded replay never leaves the subscription paused, except if the
 * process is killed: then `resume` repairs it.
 *
 * @returns the last state: `replaying` if following was given up, or `failed`
 */
export async function replay(
  subscription: ReplayableSubscription,
  { fromMs, toMs }: ReplaySpan,
  following: Following,
): Promise<SubscriptionState> {
  await resume(subscription);
  const earlier = await follow(subscription, following);
  if (earlier.delivery !== 'live' || following.isAborted()) return earlier;
  if (toMs === undefined) return follow(subscription, following, await startFrom(subscription, fromMs));
  const stoppedMs = following.nowMs();
  let bounded: SubscriptionState;
  let resumed: ReplaySpan;
  try {
    bounded = await follow(subscription, following, await startFrom(subscription, fromMs, toMs));
  } finally {
    // Up to `toMs`, everything was replayed. Until `stoppedMs`, everything was delivered as it was published.
    resumed = await startFrom(subscription, Math.max(toMs, stoppedMs - RESUME_MARGIN_MS));
  }
  const last = await follow(subscription, following, resumed);
  return bounded.delivery === 'failed' ? bounded : last;
}

/** Starts a replay, at the earliest at the beginning of the archive. Returns what was started. */
async function startFrom(subscription: ReplayableSubscription, fromMs: number, toMs?: number): Promise<ReplaySpan> {
  for (let attempt = 0; attempt < MAX_STARTS; attempt += 1) {
    const beginningMs = await subscription.beginningMs();
    if (beginningMs === undefined) throw new Error('the topic has no archive any more');
    const startMs = Math.max(fromMs, beginningMs + (attempt === 0 ? 0 : BEGINNING_MARGIN_MS));
    if ((await subscription.replay(startMs, toMs)) === 'started') return { fromMs: startMs, toMs };
  }
  throw new Error('the topic refuses the replay');
}
