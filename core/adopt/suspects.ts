import { entityName } from '../entity.ts';
import type { Mending } from './mend.ts';
import { AGAIN, type SurveyNote, type Suspect } from './survey-note.ts';

/**
 * Number of entities from which a survey looks again before it reads on. A page adds at most 100 to them, so that they
 * fit into the note's item: 200 entities with ids of 1 KB are half of it.
 */
const MAX_SUSPECTS = 100;

/** Most items that one survey sets aside. The note counts all of them. */
export const MAX_SET_ASIDE = 100;

/**
 * Returns whether a difference is left for a second look, because the adopter may not have copied its change yet. A
 * survey that has found a loss mends the rest at once. A first survey copies what was there before.
 */
export function mayBeOnItsWay({
  isFirst,
  mended,
  deleted,
  refused,
}: Pick<SurveyNote, 'isFirst' | 'mended' | 'deleted' | 'refused'>): (decision: Mending) => boolean {
  const isCertain = isFirst || mended + deleted > 0;
  return (decision) => {
    if (decision.kind === 'commit') return !isCertain;
    return decision.kind === 'refused' && decision.reason === 'maybe-expired' && refused < MAX_SET_ASIDE;
  };
}

/** Whether the next work of a survey is the second look. */
export function mustLookAgain({ reads, suspects }: Pick<SurveyNote, 'reads' | 'suspects'>): boolean {
  return reads === AGAIN || (suspects?.entities.length ?? 0) >= MAX_SUSPECTS;
}

/**
 * Whether a survey can't look again yet, because the adopter may not have passed the first look.
 *
 * @param lagMs see `lagOf`
 */
export function isWaiting(note: SurveyNote, lagMs: number | undefined, nowMs: number): boolean {
  if (!mustLookAgain(note) || note.suspects === undefined) return false;
  return lagMs === undefined || nowMs - lagMs <= note.suspects.seenAtMs;
}

/** The suspects after a page. An entity that differed before has its newest version. */
export function withSuspects(
  { suspects }: Pick<SurveyNote, 'suspects'>,
  doubted: readonly Suspect[],
  nowMs: number,
): SurveyNote['suspects'] {
  if (doubted.length === 0) return suspects;
  const all = [...(suspects?.entities ?? []), ...doubted];
  return { seenAtMs: nowMs, entities: [...new Map(all.map((one) => [entityName(one), one])).values()] };
}
