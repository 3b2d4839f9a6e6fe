import { readDecision } from 'freshet-aws/internal/adapters/govern/flow-table';
import { FLOW_STATES, type FlowDecision } from 'freshet-aws/internal/core/govern/decide';
import * as z from 'zod/mini';
import type { Deployment, FoundOwner } from '../deployment/deployment.ts';
import { grouped, perSecond, shortDuration } from '../output/numbers.ts';

/** The current flow state of an owner. */
export const flowStatus = z.object({
  state: z.enum(FLOW_STATES),
  /** Writes per second of all writers together; null unless paced. */
  pacePerSecond: z.nullable(z.number()),
  /** Time until a refused writer may try again; 0 unless refusing. */
  retryAfterSeconds: z.number(),
  /** The cache that lags most; null while normal. `drainSeconds` is null if the backlog doesn't drain. */
  cause: z.nullable(z.object({ cache: z.string(), backlog: z.int(), drainSeconds: z.nullable(z.number()) })),
  /** Caches that may slow the owner and whose report is missing or too old. */
  reportsMissing: z.array(z.string()),
  /** When the state was decided, ISO 8601; null before the first decision. */
  decidedAt: z.nullable(z.string()),
});

/** See `flowStatus`. */
export type FlowStatus = z.infer<typeof flowStatus>;

/** The flow state at a time; normal if there is no decision or the decision has expired. */
export function flowStatusOf(decision: FlowDecision | undefined, nowMs: number): FlowStatus {
  const decidedAt = decision === undefined ? null : new Date(decision.decidedAtMs).toISOString();
  if (decision === undefined || nowMs >= decision.validUntilMs) {
    return { state: 'normal', pacePerSecond: null, retryAfterSeconds: 0, cause: null, reportsMissing: [], decidedAt };
  }
  const { state, pacePerSecond = null, retryAfterSeconds, cause = null, missing } = decision;
  return { state, pacePerSecond, retryAfterSeconds, cause, reportsMissing: missing, decidedAt };
}

/** Reads the flow state of an owner. */
export async function readFlowStatus(
  { clients }: Deployment,
  { deployed }: FoundOwner,
  nowMs: number,
): Promise<FlowStatus> {
  return flowStatusOf(await readDecision({ client: clients.tables, tableName: deployed.flowTable }), nowMs);
}

/** The flow state as text: `paced to 40/s, because cache ordering lags by 31,000 events (drained in 4m)`. */
export function describeFlow(status: FlowStatus | null): string {
  if (status === null) return 'unknown';
  const { state, pacePerSecond, retryAfterSeconds, cause, reportsMissing } = status;
  const pace = state === 'paced' && pacePerSecond !== null ? ` to ${perSecond(pacePerSecond)}` : '';
  const retry = state === 'refusing' ? `, retry after ${shortDuration(retryAfterSeconds * 1000)}` : '';
  const missing = reportsMissing.length > 0 ? `, no report from ${reportsMissing.join(', ')}` : '';
  return `${state}${pace}${cause === null ? '' : because(cause)}${retry}${missing}`;
}

function because({ cache, backlog, drainSeconds }: NonNullable<FlowStatus['cause']>): string {
  const drain = drainSeconds === null ? 'no end in sight' : `drained in ${shortDuration(drainSeconds * 1000)}`;
  return `, because cache ${cache} lags by ${grouped(backlog)} events (${drain})`;
}
