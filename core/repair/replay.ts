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
  readonly toMs?: number | undefined;
}

/** A subscription of a queue to a topic that may have an archive. */
export interface ReplayableSubscription {
  state(): Promise<SubscriptionState>;
  /** When the topic's archive begins, epoch milliseconds; undefined without an archive. */
  beginningMs(): Promise<number | undefined>;
  /**
   * Replaces the subscription's replay. Without `toMs`, messages follow as they are published; with it, the
   * subscription is paused at the end. The topic refuses a time before its archive, with a reason.
   */
  replay(fromMs: number, toMs?: number): Promise<'started' | { readonly refused: string }>;
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

/** Most looks in a row that may fail. */
const MAX_FAILED_LOOKS = 5;

/** Most looks in a row that may show another replay than the one that was started: on AWS, those of a minute. */
const MAX_STALE_LOOKS = 30;

/** Looks in a row that show a pause which nobody ends: on AWS, those of six seconds. */
const PAUSED_LOOKS = 3;

/**
 * The subscription has another replay than the one that was started: another command replaced it. Nothing is repaired,
 * because that would replace the other one in turn.
 */
export class ReplayReplaced extends Error {
  override readonly name = 'ReplayReplaced';
}

/** A bounded replay is in progress, which another command may follow. Replacing it would lose the rest of it. */
export class ReplayInProgress extends Error {
  override readonly name = 'ReplayInProgress';
  readonly state: SubscriptionState;

  constructor(state: SubscriptionState) {
    super('a bounded replay is in progress');
    this.state = state;
  }
}

/** Whether a replay in progress or a paused subscription ends in a pause, unless it is resumed. */
export function needsResume({ delivery, toMs }: SubscriptionState): boolean {
  return delivery === 'paused' || delivery === 'failed' || (delivery === 'replaying' && toMs !== undefined);
}

/**
 * Lets a subscription deliver again after a bounded or failed replay: from the ending point of the bounded replay, as
 * AWS documents, or from the start of the failed one. Live delivery stopped after the ending point, so nothing is lost;
 * facts since then that were delivered before are delivered again. A live subscription stays as it is.
 *
 * @param inProgress what happens to a bounded replay that hasn't ended
 * @returns the replay that was started, if the subscription needed one
 * @throws ReplayInProgress
 */
export async function resume(
  subscription: ReplayableSubscription,
  inProgress: 'keep' | 'replace' = 'keep',
): Promise<ReplaySpan | undefined> {
  const state = await subscription.state();
  if (inProgress === 'keep' && state.delivery === 'replaying' && state.toMs !== undefined) {
    throw new ReplayInProgress(state);
  }
  return needsResume(state) ? startFrom(subscription, state.toMs ?? state.fromMs ?? 0) : undefined;
}

/**
 * Waits until the bounded replay at a subscription has ended, if one is in progress. The command that started it lets
 * the subscription deliver again by itself, unless it was killed. So the subscription counts as left behind once some
 * looks in a row show a pause.
 *
 * @returns whether following was given up before
 */
export async function awaitBounded(
  subscription: ReplayableSubscription,
  following: Following,
): Promise<'ended' | 'given-up'> {
  const { delivery, toMs } = await subscription.state();
  if (delivery !== 'replaying' || toMs === undefined) return 'ended';
  for (let pauses = 0; pauses < PAUSED_LOOKS; pauses += 1) {
    const state = await follow(subscription, following);
    if (following.isAborted()) return state.delivery === 'replaying' ? 'given-up' : 'ended';
    if (state.delivery !== 'paused') break;
    await following.pause();
  }
  return 'ended';
}

/**
 * Looks at a subscription until its replay has ended, or following is given up. Returns the last state: `replaying`
 * while SNS doesn't show the started replay yet.
 *
 * @param started the replay that was started; default: the one that the subscription has. SNS may show it late
 * @throws ReplayReplaced if the subscription keeps showing another replay than the started one
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
      stale = started === undefined || isOf(started, state) ? 0 : stale + 1;
      if (stale === 0) following.onLook(state);
      if (stale === 0 && (following.isAborted() || state.delivery !== 'replaying')) return state;
      if (following.isAborted()) return { delivery: 'replaying', ...started };
      if (stale === MAX_STALE_LOOKS) throw new ReplayReplaced('another replay replaced it');
    } catch (error) {
      if (error instanceof ReplayReplaced) throw error;
      failed += 1;
      if (failed === MAX_FAILED_LOOKS || following.isAborted()) throw error;
    }
    await following.pause();
  }
}

function isOf(span: ReplaySpan, { fromMs, toMs }: SubscriptionState): boolean {
  return isSameTime(span.fromMs, fromMs) && isSameTime(span.toMs, toMs);
}

/** AWS doesn't document whether it keeps the milliseconds of a policy's times. */
function isSameTime(one: number | undefined, other: number | undefined): boolean {
  return one === other || (one !== undefined && other !== undefined && Math.abs(one - other) < 1000);
}

/**
 * Replays facts at one subscription, and follows the replay until the subscription is live again. An earlier replay
 * ends first, so that none of its facts are lost. A bounded replay never leaves the subscription paused, except if the
 * process is killed: then `resume` repairs it.
 *
 * @param inProgress what happens to a bounded replay that hasn't ended
 * @returns the last state: `replaying` if following was given up, or `failed`; undefined if it was given up before the
 *   replay was begun
 * @throws ReplayInProgress if nothing was begun · ReplayReplaced
 */
export async function replay(
  subscription: ReplayableSubscription,
  { fromMs, toMs }: ReplaySpan,
  following: Following,
  inProgress: 'keep' | 'replace' = 'keep',
): Promise<SubscriptionState | undefined> {
  const earlier = await follow(subscription, following, await resume(subscription, inProgress));
  if (following.isAborted()) return undefined;
  if (earlier.delivery !== 'live') return earlier;
  if (toMs === undefined) return follow(subscription, following, await startFrom(subscription, fromMs));
  const stoppedMs = following.nowMs();
  let bounded: SubscriptionState;
  let resumed: ReplaySpan;
  try {
    bounded = await follow(subscription, following, await startFrom(subscription, fromMs, toMs));
  } finally {
    await refuseOther(subscription, earlier, toMs);
    // Up to `toMs`, everything was replayed. Until `stoppedMs`, everything was delivered as it was published.
    resumed = await startFrom(subscription, Math.max(toMs, stoppedMs - RESUME_MARGIN_MS));
  }
  const last = await follow(subscription, following, resumed);
  return bounded.delivery === 'failed' ? bounded : last;
}

/** Throws ReplayReplaced if a subscription has neither the replay that was started nor the one before. */
async function refuseOther(
  subscription: ReplayableSubscription,
  earlier: SubscriptionState,
  toMs: number,
): Promise<void> {
  // A subscription that can't be read is resumed: a pause that stays is worse than a replay that is replaced.
  const state = await subscription.state().catch(() => earlier);
  // The start isn't compared: if the request to start failed, it isn't known. The one before had ended, so another
  // replay of the same times is in progress.
  const isEarlier =
    state.delivery === earlier.delivery &&
    isSameTime(state.fromMs, earlier.fromMs) &&
    isSameTime(state.toMs, earlier.toMs);
  if (!isSameTime(state.toMs, toMs) && !isEarlier) throw new ReplayReplaced('another replay replaced it');
}

/** Starts a replay, at the earliest at the beginning of the archive. Returns what was started. */
async function startFrom(subscription: ReplayableSubscription, fromMs: number, toMs?: number): Promise<ReplaySpan> {
  let reason = '';
  for (let attempt = 0; attempt < MAX_STARTS; attempt += 1) {
    const beginningMs = await subscription.beginningMs();
    if (beginningMs === undefined) throw new Error('the topic has no archive any more');
    const startMs = Math.max(fromMs, beginningMs + (attempt === 0 ? 0 : BEGINNING_MARGIN_MS));
    const started = await subscription.replay(startMs, toMs);
    if (started === 'started') return { fromMs: startMs, toMs };
    reason = started.refused;
  }
  throw new Error(`the topic refuses the replay: ${reason}`);
}
