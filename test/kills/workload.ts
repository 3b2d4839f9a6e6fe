import type { Deployment } from '../../cli/deployment/deployment.ts';
import { deduplicationId } from '../../core/entity.ts';
import { countries } from '../../examples/shop/geography/releases.ts';
import { drawn } from './plan.ts';

/** Number of entities with changes in flight. There are many, so that others go on while a kill blocks some. */
export const ENTITIES = 120;

/** Share of the changes that are deletions. */
const DELETION_SHARE = 0.1;

/** Commits one more version of each entity. Returns the committed versions, `Country/CH@3`. */
export async function changeAll(deployment: Deployment, seed: number, round: number): Promise<string[]> {
  const { owner } = await deployment.ownerOf('Country');
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
