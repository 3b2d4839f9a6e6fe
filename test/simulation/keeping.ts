import { type Completeness, completeness, receivesAllFromMs } from '../../core/read/staleness.ts';
import type { Account } from './account.ts';
import { TYPES } from './contracts.ts';
import { LATE_TYPE } from './filter.ts';
import type { Operator } from './operator.ts';
import { random } from './random.ts';

const MINUTE_MS = 60_000;

/** Commits of the owner in each minute while the filter changes. */
const COMMITS = 3;

/**
 * Deploys the depot so that it keeps one type more. Its report looks at the heartbeats each minute, as
 * lambdas/report.ts does, and an operator fills the type as soon as the cache lets a backfill begin.
 *
 * @param commit commits a version of an entity of the type
 */
export async function beginToKeep(account: Account, operator: Operator, commit: () => void): Promise<void> {
  const { scheduler, filters, wrong, seed } = account.world;
  const depot = account.caches.find(({ name }) => name === 'depot');
  if (depot === undefined) return;
  const draws = random(seed, 'keeping');
  let known: Completeness | undefined;
  let beat: number | undefined;
  const report = (types: readonly string[]): void => {
    const atMs = scheduler.nowMs();
    if (filters.passes('depot', LATE_TYPE)) beat = atMs;
    const beats = Object.fromEntries(types.map((type) => [type, type === LATE_TYPE ? beat : atMs]));
    known = completeness(known, {
      beats,
      atMs,
      pendingSinceMs: () => undefined,
      queuedSinceMs: undefined,
      intervalMs: MINUTE_MS,
    });
  };
  report(TYPES.filter((type) => type !== LATE_TYPE));
  depot.types = TYPES;
  const committed = commitFor(draws.between(2, 12) * COMMITS);
  // One deployment changes the functions and the filter, at different times.
  await scheduler.sleep(draws.between(0, 3) * MINUTE_MS);
  filters.change();
  do {
    await scheduler.sleep(MINUTE_MS);
    report(TYPES);
  } while (scheduler.nowMs() < (wrong.receivesAllFromMs ?? receivesAllFromMs)(known, LATE_TYPE));
  await operator.backfill(depot);
  await committed;

  async function commitFor(count: number): Promise<void> {
    for (let left = count; left > 0; left -= 1) {
      await scheduler.sleep(MINUTE_MS / COMMITS);
      commit();
    }
  }
}
