import {
  awaitBounded,
  type Following,
  follow,
  ReplayInProgress,
  ReplayReplaced,
  replay,
  resume,
  type SubscriptionState,
} from 'freshet-aws/internal/core/repair/replay';
import { pause } from '../../interrupt.ts';
import type { DeploymentOptions } from '../../options/deployment-options.ts';
import { typed } from '../../output/typed.ts';
import type { Work } from '../../work.ts';
import type { Target } from './targets.ts';

/** How the replay at one subscription ended. */
export interface Outcome {
  readonly arn: string;
  readonly boundary: string;
  /** `not-begun`: it was interrupted before. `waiting`: it was interrupted while a bounded replay was in progress. */
  readonly state: 'live' | 'replaying' | 'failed' | 'not-begun' | 'waiting';
  /** Why it failed, if a request failed. */
  readonly error?: string;
}

/** What is asked of the subscriptions. */
export interface Asked {
  /** Default: no replay is started, and the subscriptions deliver again. */
  readonly span?: { readonly from: number | 'beginning'; readonly to?: number | undefined } | undefined;
  /** Whether a bounded replay that hasn't ended is replaced. @default false */
  readonly replace?: boolean | undefined;
  /** Without a span: whether to wait until a bounded replay in progress has ended, instead of refusing. */
  readonly wait?: boolean | undefined;
}

/** Time between two looks at a subscription. */
const LOOK_MS = { local: 50, aws: 2_000 } as const;

/**
 * Replays a span of time at each subscription, or lets the subscriptions deliver again without a span. The
 * subscriptions don't wait for each other. Ctrl-C ends it, see `replay`.
 */
export function run(
  work: Work,
  queue: string,
  targets: readonly Target[],
  { span, replace, wait }: Asked,
  on: DeploymentOptions,
): Promise<Outcome[]> {
  return Promise.all(
    targets.map(async (target): Promise<Outcome> => {
      const { arn, boundary } = target;
      const following = followingOf(work, boundary);
      const inProgress = replace ? 'replace' : 'keep';
      try {
        if (span === undefined) {
          if (wait && !replace && (await awaitBounded(target, following)) === 'given-up') {
            return { arn, boundary, state: 'waiting' };
          }
          const resumed = await resume(target, inProgress);
          return { arn, boundary, state: stateOf(await follow(target, following, resumed)) };
        }
        const { from, to } = span;
        const fromMs = from === 'beginning' ? 0 : from;
        const state = await replay(target, { fromMs, toMs: to }, following, inProgress);
        return { arn, boundary, state: state === undefined ? 'not-begun' : stateOf(state) };
      } catch (error) {
        // The other subscriptions go on.
        return { arn, boundary, state: 'failed', error: reasonOf(error, queue, on) };
      }
    }),
  );
}

function reasonOf(error: unknown, queue: string, on: DeploymentOptions): string {
  if (error instanceof ReplayReplaced)
    return `another replay replaced it. ${typed('status', on)} shows how it delivers`;
  if (error instanceof ReplayInProgress) {
    return `a replay${spanText(error.state)} is in progress. Wait until it has ended, or pass --replace to give up its rest`;
  }
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  // A bounded replay may have been started.
  return `${reason} To let new facts follow: ${typed(`replay ${queue} --resume`, on)}`;
}

function spanText({ fromMs, toMs }: SubscriptionState): string {
  const end = toMs === undefined ? '' : ` to ${new Date(toMs).toISOString()}`;
  return fromMs === undefined ? end : ` from ${new Date(fromMs).toISOString()}${end}`;
}

function followingOf({ io, deployment, signal }: Work, boundary: string): Following {
  const everyMs = deployment.isLocal ? LOOK_MS.local : LOOK_MS.aws;
  let told = '';
  return {
    nowMs: Date.now,
    pause: () => pause(everyMs, signal),
    isAborted: () => signal.aborted,
    onLook(state: SubscriptionState) {
      if (state.delivery !== 'replaying' || state.fromMs === undefined) return;
      const span = spanText(state);
      if (span !== told) io.stderr.write(`replaying the facts of ${boundary}${span}\n`);
      told = span;
    },
  };
}

function stateOf({ delivery }: SubscriptionState): Outcome['state'] {
  return delivery === 'paused' ? 'failed' : delivery;
}
