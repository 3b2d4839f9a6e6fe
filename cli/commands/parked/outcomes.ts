import { printable } from 'freshet-aws/internal/core/entity';
import type { ParkedKey } from 'freshet-aws/internal/core/repair/parked-key';
import { parkedKeyText } from 'freshet-aws/internal/core/repair/parked-key';
import type { Redriven } from 'freshet-aws/internal/core/repair/redrive';

/** The result of redriving or releasing one event. */
export interface Ended {
  readonly key: ParkedKey;
  /**
   * An outcome, or at an owner `requested`, `unpublished`, `unknown` or `no-entity`, or at a queue of facts
   * `sent again`.
   */
  readonly outcome: string;
  /** Whether the event is still parked or held. */
  readonly stays: boolean;
  readonly detail?: string | undefined;
}

const DETAILS: Readonly<Record<string, string>> = {
  outdated: 'the cache has a newer state',
  duplicate: 'the cache has this version',
  gap: 'the cache lacks the version before it, so it asked the owner for the whole state',
  discarded: 'by the failure policy of the entity type',
  failed: 'the infrastructure failed; try again',
  held: 'its entity is stopped: release the entity first',
};

/** Describes the result of projecting an event again. */
export function endedOf({ key, outcome, reason }: Redriven): Ended {
  const stays = outcome === 'parked' || outcome === 'held' || outcome === 'failed';
  return { key, outcome, stays, detail: outcome === 'parked' ? reason : DETAILS[outcome] };
}

/** The result for one event as text: `Country/FR/00000000000000000001: applied`. */
export function describeEnded({ key, outcome, detail }: Ended): string {
  const why = detail === undefined ? '' : ` (${printable(detail)})`;
  return `${printable(parkedKeyText(key))}: ${labelOf(outcome)}${why}`;
}

function labelOf(outcome: string): string {
  return outcome === 'parked' ? 'parked again' : outcome;
}

/** The number of events per outcome as text: `3 applied, 1 outdated`. */
export function summaryOf(ended: readonly Ended[]): string {
  return (
    Object.entries(countsOf(ended))
      .map(([outcome, count]) => `${count} ${labelOf(outcome)}`)
      .join(', ') || 'no events to work on'
  );
}

/** The number of events per outcome. */
export function countsOf(ended: readonly Ended[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of ended) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** The results for the events as JSON. */
export function endedJson(ended: readonly Ended[]): object[] {
  return ended.map(({ key, outcome, stays, detail }) => ({
    key: parkedKeyText(key),
    outcome,
    stays,
    ...(detail !== undefined && { detail }),
  }));
}
