import type { Account } from './account.ts';
import { TYPES } from './contracts.ts';
import { random } from './random.ts';

const MINUTE_MS = 60_000;

/** A first report that comes later than this doesn't count as one of the deployment; see core/read/staleness.ts. */
const FIRST_REPORT_MINUTES = 15;

/** Commits of the owner in each minute while the filter changes. */
const COMMITS = 3;

/**
 * Deploys the depot so that it keeps one type more. It fills itself with the type as soon as it receives all of the
 * type's events.
 *
 * @param commit commits a version of an entity of the type
 */
export async function beginToKeep({ world, deployed, schedule }: Account, commit: () => void): Promise<void> {
  const { scheduler, faults, filters, seed } = world;
  const depot = deployed.find(({ name }) => name === 'depot');
  if (depot === undefined) return;
  const draws = random(seed, 'keeping');
  // A cache learns from its first report which types came with its subscription, or from the age of its queue.
  const oldFromMs = scheduler.nowMs() + FIRST_REPORT_MINUTES * MINUTE_MS;
  while (depot.notes.completeness === undefined && !(faults.isCeased && scheduler.nowMs() > oldFromMs))
    await scheduler.sleep(MINUTE_MS);
  depot.types = TYPES;
  schedule.wake();
  const committed = commitFor(draws.between(2, 20) * COMMITS);
  // One deployment changes the functions and the filter, at different times.
  await scheduler.sleep(draws.between(0, 3) * MINUTE_MS);
  filters.change();
  await committed;

  async function commitFor(count: number): Promise<void> {
    for (let left = count; left > 0; left -= 1) {
      await scheduler.sleep(MINUTE_MS / COMMITS);
      commit();
    }
  }
}
