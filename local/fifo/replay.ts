import type { Archive } from './archive.ts';
import { invalidParameter } from './errors.ts';
import type { Notification } from './notification.ts';
import { parseObject } from './queue-attributes.ts';

/** AWS's words for how far a replay is (sns-api/API_SetSubscriptionAttributes). */
export type ReplayStatus = 'Pending' | 'In progress' | 'Completed' | 'Failed';

/** How far a subscription's replay is. */
export interface ReplayState {
  /** The `ReplayPolicy`, as it was set. */
  readonly policy: string;
  readonly status: ReplayStatus;
  /** The number of the last replayed message. */
  readonly position: number;
}

/** A subscription's replay (sns/message-archiving-and-replay-subscriber). */
export interface Replay {
  state(): ReplayState | undefined;
  /** Replaces the replay. Throws for a policy that SNS refuses. */
  start(policy: string): void;
  /** Replays the next messages. */
  advance(): void;
  isRunning(): boolean;
  /**
   * Whether a newly published message is delivered at once. It isn't while a replay runs, because the replay brings it
   * in its order, nor after a replay with an ending point, which pauses the subscription.
   */
  isLive(): boolean;
}

/** What a replay needs from its surroundings. */
export interface ReplayContext {
  readonly now: () => number;
  readonly archive: Archive | undefined;
  readonly deliver: (notification: Notification) => void;
  /** The replay of an earlier process. @default - none */
  readonly kept?: ReplayState | undefined;
  /** Called with each change. */
  readonly onChange?: ((state: ReplayState) => void) | undefined;
}

/** Maximum number of messages of one step. */
export const REPLAY_STEP = 100;

export function createReplay({ now, archive, deliver, kept, onChange }: ReplayContext): Replay {
  let state = kept;
  let span = kept && readSpan(kept.policy);

  function change(next: ReplayState): void {
    state = next;
    onChange?.(next);
  }

  const isRunning = () => state?.status === 'Pending' || state?.status === 'In progress';

  return {
    state: () => state,
    start(policy) {
      const beginningMs = archive?.beginningMs();
      if (beginningMs === undefined)
        throw invalidParameter('ReplayPolicy: the topic has no message archive. Set its ArchivePolicy first.');
      const read = readSpan(policy);
      if (read.fromMs < beginningMs) {
        const allowed = `Allowed: ${new Date(beginningMs).toISOString()} or later, where the archive begins.`;
        throw invalidParameter(`ReplayPolicy: StartingPoint is before the archive. ${allowed}`);
      }
      span = read;
      change({ policy, status: 'Pending', position: 0 });
    },
    advance() {
      if (state === undefined || span === undefined || !isRunning()) return;
      // AWS doesn't say what happens to a replay whose archive is deactivated. Here it fails, and delivery continues.
      if (archive?.isActive() !== true) return change({ ...state, status: 'Failed' });
      const { fromMs, toMs = Number.POSITIVE_INFINITY } = span;
      const next = archive.after(state.position, fromMs, REPLAY_STEP);
      const due = next.filter(({ notification }) => notification.atMs <= toMs);
      const isAtEnd = due.length < next.length || (next.length < REPLAY_STEP && (span.toMs ?? 0) < now());
      for (const { notification } of due) deliver({ ...notification, isReplayed: true });
      change({
        ...state,
        status: isAtEnd ? 'Completed' : 'In progress',
        position: due.at(-1)?.number ?? state.position,
      });
    },
    isRunning,
    isLive: () => !isRunning() && !(state?.status === 'Completed' && span?.toMs !== undefined),
  };
}

/** The times of a `ReplayPolicy`, epoch milliseconds. Throws for a policy that SNS refuses. */
function readSpan(policy: string): { readonly fromMs: number; readonly toMs?: number } {
  const { PointType, StartingPoint, EndingPoint, ...rest } = parseObject(policy) ?? {};
  const fromMs = timeOf(StartingPoint);
  const toMs = EndingPoint === undefined ? undefined : timeOf(EndingPoint);
  const isValid = PointType === 'Timestamp' && !Number.isNaN(fromMs) && !Number.isNaN(toMs ?? 0);
  if (!isValid || Object.keys(rest).length > 0 || (toMs !== undefined && toMs <= fromMs)) {
    const allowed = 'JSON with PointType Timestamp, a StartingPoint and optionally a later EndingPoint';
    throw invalidParameter(`ReplayPolicy: '${policy}'. Allowed: ${allowed}.`);
  }
  return { fromMs, ...(toMs !== undefined && { toMs }) };
}

function timeOf(text: unknown): number {
  return typeof text === 'string' ? Date.parse(text) : Number.NaN;
}
