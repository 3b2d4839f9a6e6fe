import { createHash } from 'node:crypto';
import { SUSPECT_RECEIVES } from '../../core/project/batch.ts';
import { MAX_BATCH_ENTRIES } from '../../core/relay/batch.ts';
import type { InvokeResult } from '../../local/lambda/invoke-result.ts';
import type { Fate } from './answer-proxy.ts';
import type { Delivery } from './ledger.ts';

/** What to kill. */
export interface KillPlan {
  readonly seed: number;
  /** Folder of the assembly to run. */
  readonly assembly: string;
  /** Kills of the relay and of each projector. */
  readonly kills: { readonly relay: number; readonly eachProjector: number };
  /** Share of the kills, 0 to 1, that fall before the write was forwarded. */
  readonly beforeWrite: number;
  /** What the event source mapping is told of an invocation's result: a planted bug lies here. */
  readonly reported?: (functionName: string, result: InvokeResult) => InvokeResult;
}

/** What befalls an invocation. */
export interface Doom {
  readonly fate: Fate;
  /** Which of its requests is withheld, from 0. */
  readonly at: number;
}

export const SPARED: Doom = { fate: 'pass', at: 0 };

/**
 * Share of the invocations that are killed while kills are due: of those with something new, and of those that try again. A message that
 * the projector tries alone is spared: killed time after time, it would rightly be parked.
 */
const KILL_SHARE = { first: 0.85, retry: 0.25 };

/** The same for the same seed, first delivery and attempt, however the machine is loaded. */
export function doomOf(plan: KillPlan, functionName: string, deliveries: readonly Delivery[], attempt: number): Doom {
  const draw = (what: string) => drawn(plan.seed, what, functionName, deliveries[0]?.version, attempt);
  const share = attempt === 0 ? KILL_SHARE.first : attempt < SUSPECT_RECEIVES ? KILL_SHARE.retry : 0;
  if (draw('doomed') >= share) return SPARED;
  const fate = draw('moment') < plan.beforeWrite ? 'withholdRequest' : 'withholdAnswer';
  const groups = new Set(deliveries.map(({ group }) => group)).size;
  // A projector sends a write for each group, the relay one for ten.
  const requests = deliveries[0]?.receiveCount === undefined ? Math.ceil(groups / MAX_BATCH_ENTRIES) : groups;
  return { fate, at: Math.floor(draw('request') * requests) };
}

/** A number from 0 to 1, the same for the same arguments. */
export function drawn(...from: readonly unknown[]): number {
  return createHash('sha256').update(JSON.stringify(from)).digest().readUInt32BE() / 2 ** 32;
}
