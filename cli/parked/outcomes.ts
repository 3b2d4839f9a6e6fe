import { printable } from 'freshet-aws/internal/core/entity';
import { asideKey } from 'freshet-aws/internal/core/repair/parked-filter';
import type { Redriven, SetAsideKey } from 'freshet-aws/internal/core/repair/redrive';

/** What became of one event that an operator took up. */
export interface Ended {
  readonly key: SetAsideKey;
  /** An outcome, or for an owner's: `requested`, `unknown`, `no-entity`. */
  readonly outcome: string;
  /** It is still set aside. */
  readonly stays: boolean;
  readonly detail?: string | undefined;
}

const DETAILS: Readonly<Record<string, string>> = {
  outdated: 'the cache holds a newer state',
  duplicate: 'the cache holds this version',
  gap: 'its predecessor is missing, so the owner was asked for the whole state',
  discarded: 'as the policy of its type says',
  failed: 'the infrastructure failed on it; try again',
  held: 'its entity is stopped: release it first',
};

/** What became of an event that was projected again. */
export function endedOf({ key, outcome, reason }: Redriven): Ended {
  const stays = outcome === 'parked' || outcome === 'held' || outcome === 'failed';
  return { key, outcome, stays, detail: outcome === 'parked' ? reason : DETAILS[outcome] };
}

/** `Country/FR/00000000000000000001: applied`. */
export function describeEnded({ key, outcome, detail }: Ended): string {
  return `${printable(asideKey(key))}: ${labelOf(outcome)}${detail === undefined ? '' : ` (${printable(detail)})`}`;
}

function labelOf(outcome: string): string {
  return outcome === 'parked' ? 'parked again' : outcome;
}

/** How often each outcome came: `3 applied, 1 outdated`. */
export function summaryOf(ended: readonly Ended[]): string {
  return (
    Object.entries(countsOf(ended))
      .map(([outcome, count]) => `${count} ${labelOf(outcome)}`)
      .join(', ') || 'nothing to do'
  );
}

/** How often each outcome came. */
export function countsOf(ended: readonly Ended[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of ended) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** What became of events, as JSON. */
export function endedJson(ended: readonly Ended[]): object[] {
  return ended.map(({ key, outcome, stays, detail }) => ({
    key: asideKey(key),
    outcome,
    stays,
    ...(detail !== undefined && { detail }),
  }));
}
