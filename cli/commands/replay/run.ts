import {
  type Following,
  follow,
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
  /** `not-begun`: it was interrupted before. */
  readonly state: 'live' | 'replaying' | 'failed' | 'not-begun';
  /** Why it failed, if a request failed. */
  readonly error?: string;
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
  span: { readonly from: number | 'beginning'; readonly to?: number | undefined } | undefined,
  on: DeploymentOptions,
): Promise<Outcome[]> {
  return Promise.all(
    targets.map(async (target): Promise<Outcome> => {
      const { arn, boundary } = target;
      const following = followingOf(work, boundary);
      try {
        if (span === undefined) {
          await resume(target);
          return { arn, boundary, state: stateOf(await follow(target, following)) };
        }
        const { from, to } = span;
        const fromMs = from === 'beginning' ? 0 : from;
        const state = await replay(target, { fromMs, toMs: to }, following);
        const isBegun = !work.signal.aborted || state.delivery !== 'live';
        return { arn, boundary, state: isBegun ? stateOf(state) : 'not-begun' };
      } catch (error) {
        // The other subscriptions go on. A bounded replay may have been started.
        const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
        const repair = typed(`replay ${queue} --resume`, on);
        return { arn, boundary, state: 'failed', error: `${reason} To let new facts follow: ${repair}` };
      }
    }),
  );
}

function followingOf({ io, deployment, signal }: Work, boundary: string): Following {
  const everyMs = deployment.isLocal ? LOOK_MS.local : LOOK_MS.aws;
  let told = '';
  return {
    nowMs: Date.now,
    pause: () => pause(everyMs, signal),
    isAborted: () => signal.aborted,
    onLook({ delivery, fromMs, toMs }: SubscriptionState) {
      if (delivery !== 'replaying' || fromMs === undefined) return;
      const span = `from ${new Date(fromMs).toISOString()}${toMs === undefined ? '' : ` to ${new Date(toMs).toISOString()}`}`;
      if (span !== told) io.stderr.write(`replaying the facts of ${boundary} ${span}\n`);
      told = span;
    },
  };
}

function stateOf({ delivery }: SubscriptionState): Outcome['state'] {
  return delivery === 'paused' ? 'failed' : delivery;
}
