import { createFlow, type Flow } from 'freshet-aws/internal/adapters/govern/flow';
import { type FlowTable, readDecision } from 'freshet-aws/internal/adapters/govern/flow-table';
import type { FlowDecision } from 'freshet-aws/internal/core/govern/decide';
import { grouped, perSecond, shortDuration } from '../output/numbers.ts';

/** Called with a line for people that says what a write waits for. */
export type OnWait = (line: string) => void;

/** How long a write waits before it is reported. A paced write often waits only for a moment. */
const TOLD_AFTER_MS = 1_000;

/** How often a long wait is reported again. */
const TOLD_EVERY_MS = 15_000;

/**
 * Creates an owner's flow control that reports what its writers wait for. If many writers wait at the same time, it
 * reports their wait once.
 *
 * @param onWait undefined: waits aren't reported
 */
export function createToldFlow(table: FlowTable, onWait: OnWait | undefined): Flow {
  const flow = createFlow(table);
  if (onWait === undefined) return flow;
  let waiting = 0;
  let timer: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    const decision = await readDecision(table).catch(() => undefined);
    if (waiting === 0) return;
    if (decision !== undefined && decision.state !== 'normal') onWait(waitingLine(decision));
    timer = setTimeout(look, TOLD_EVERY_MS).unref();
  };
  return {
    ...flow,
    async enter(entity, options) {
      waiting += 1;
      if (waiting === 1) timer = setTimeout(look, TOLD_AFTER_MS);
      try {
        await flow.enter(entity, options);
      } finally {
        waiting -= 1;
        if (waiting === 0) clearTimeout(timer);
      }
    },
  };
}

/**
 * Why a writer waits: `waiting: cache ordering lags by 61,000 events, drained in 4m; writes are refused, the next try
 * is in about 1m`.
 */
export function waitingLine({ state, cause, pacePerSecond, retryAfterSeconds }: FlowDecision): string {
  const how =
    state === 'paced' && pacePerSecond !== undefined
      ? `writes are slowed to ${perSecond(pacePerSecond)}`
      : `writes are refused, the next try is in about ${shortDuration(retryAfterSeconds * 1000)}`;
  return `waiting: ${cause === undefined ? 'a cache lags' : lagOf(cause)}; ${how}`;
}

function lagOf({ cache, backlog, drainSeconds }: NonNullable<FlowDecision['cause']>): string {
  const drain = drainSeconds === null ? 'no end in sight' : `drained in ${shortDuration(drainSeconds * 1000)}`;
  return `cache ${cache} lags by ${grouped(backlog)} events, ${drain}`;
}
