import { ownerOf, type Session } from '../../cli/session.ts';
import { deduplicationId } from '../../core/entity.ts';
import { countries } from '../../examples/shop/geography/releases.ts';
import { drawn } from './plan.ts';

/** Entities whose changes are under way; many, so that what a kill locks leaves others to go on with. */
export const ENTITIES = 120;

/** Share of the changes that are deletions. */
const DELETION_SHARE = 0.1;

/** Commits one more version of each entity; returns those that were committed, `Country/CH@3`. */
export async function changeAll(session: Session, seed: number, round: number): Promise<string[]> {
  const { owner } = ownerOf(session, 'Country');
  const results = await Promise.all(
    countries()
      .slice(0, ENTITIES)
      .map(({ id, state }) =>
        drawn(seed, 'deletion', id, round) < DELETION_SHARE
          ? owner.delete('Country', id)
          : owner.put('Country', id, { ...state, capital: [`round ${round}`] }),
      ),
  );
  return results.flatMap((result) =>
    result.outcome === 'unchanged' || result.outcome === 'unknown'
      ? []
      : deduplicationId(result.entity, result.version),
  );
}
