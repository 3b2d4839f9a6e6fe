import { createHash } from 'node:crypto';
import { SUSPECT_RECEIVES } from '../../core/project/suspects.ts';
import { MAX_BATCH_ENTRIES } from '../../core/relay/batch.ts';
import type { InvokeResult } from '../../local/lambda/invoke-result.ts';
import type { Fate } from './answer-proxy.ts';
import type { Delivery } from './ledger.ts';

/** The plan of a run with kills. */
export interface KillPlan {
  readonly seed: number;
  /** Folder of the assembly. */
  readonly assembly: string;
  /** Number of kills of the relay and of each projector. */
  readonly kills: { readonly relay: number; readonly eachProjector: number };
  /** Share of the kills, 0 to 1, that happen before the write is forwarded. */
  readonly beforeWrite: number;
  /** The result that the event source mapping gets of an invocation. A planted bug changes it. */
  readonly reported?: (functionName: string, result: InvokeResult) => InvokeResult;
}

/** The kill of an invocation. */
export interface Doom {
  readonly fate: Fate;
  /** The index of the request that is withheld, from 0. */
  readonly at: number;
}

export const SPARED: Doom = { fate: 'pass', at: 0 };

/**
 * Shares of the invocations that are killed while kills are due: of invocations with new messages, and of retries. An
 * invocation that tries a message alone is never killed: after several kills, the projector would park the message.
 */
const KILL_SHARE = { first: 0.85, retry: 0.25 };

/**
 * The kill of an invocation. It depends on the seed, the first delivery and the attempt only, not on the machine's
 * load.
 */
export function doomOf(plan: KillPlan, functionName: string, deliveries: readonly Delivery[], attempt: number): Doom {
  const draw = (what: string) => drawn(plan.seed, what, functionName, deliveries[0]?.version, attempt);
  const share = attempt === 0 ? KILL_SHARE.first : attempt < SUSPECT_RECEIVES ? KILL_SHARE.retry : 0;
  if (draw('doomed') >= share) return SPARED;
  const fate = draw('moment') < plan.beforeWrite ? 'withholdRequest' : 'withholdAnswer';
  const groups = new Set(deliveries.map(({ group }) => group)).size;
  // A projector sends one write per group, the relay one per ten messages.
  const requests = deliveries[0]?.receiveCount === undefined ? Math.ceil(groups / MAX_BATCH_ENTRIES) : groups;
  return { fate, at: Math.floor(draw('request') * requests) };
}

/** A number from 0 to 1, the same for the same arguments. */
export function drawn(...from: readonly unknown[]): number {
  return createHash('sha256').update(JSON.stringify(from)).digest().readUInt32BE() / 2 ** 32;
}
