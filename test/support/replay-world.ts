import type { Following, ReplayableSubscription, SubscriptionState } from '../../core/repair/replay.ts';
import { MessagingError } from '../../local/fifo/errors.ts';
import type { Messaging } from '../../local/fifo/messaging.ts';
import type { Subscription } from '../../local/fifo/subscription.ts';

/** A subscription of the local model in virtual time, as `openSubscription` opens one of SNS. */
export function modelSubscription(messaging: Messaging, subscription: Subscription): ReplayableSubscription {
  return {
    async state(): Promise<SubscriptionState> {
      const { ReplayPolicy, ReplayStatus } = subscription.attributes();
      if (ReplayPolicy === undefined) return { delivery: 'live' };
      const { StartingPoint, EndingPoint } = JSON.parse(ReplayPolicy);
      const span = {
        fromMs: Date.parse(StartingPoint),
        ...(EndingPoint !== undefined && { toMs: Date.parse(EndingPoint) }),
      };
      if (ReplayStatus === 'Completed') return { delivery: EndingPoint === undefined ? 'live' : 'paused', ...span };
      return { delivery: ReplayStatus === 'Failed' ? 'failed' : 'replaying', ...span };
    },
    beginningMs: async () => messaging.topics.require(subscription.topicArn).archive.beginningMs(),
    async replay(fromMs, toMs) {
      const policy = {
        PointType: 'Timestamp',
        StartingPoint: new Date(fromMs).toISOString(),
        ...(toMs !== undefined && { EndingPoint: new Date(toMs).toISOString() }),
      };
      try {
        subscription.setAttributes({ ReplayPolicy: JSON.stringify(policy) });
        return 'started';
      } catch (error) {
        if (!(error instanceof MessagingError)) throw error;
        return { refused: error.message };
      }
    },
  };
}

/** Follows replays in virtual time. @param between what happens between two looks, besides the replays */
export function inVirtualTime(
  messaging: Messaging,
  between: () => void = () => {},
  signal?: AbortSignal,
): Following & { readonly seen: SubscriptionState[] } {
  const seen: SubscriptionState[] = [];
  return {
    nowMs: messaging.now,
    async pause() {
      between();
      messaging.replays.advance();
    },
    isAborted: () => signal?.aborted ?? false,
    onLook: (state) => void seen.push(state),
    seen,
  };
}
