import { liftedVersion } from '../entity.ts';
import { type Copy, type Decision, nextGeneration } from './decide.ts';

/** What an existing table holds of an entity when a survey reads it consistently. */
export interface Surveyed {
  /** The item's version. */
  readonly version: number;
  readonly digest: string;
}

/**
 * Decides what a survey does to a copy that differs from the existing table. The table is right, whatever the versions
 * say: if the item's version isn't above the copy's, such as after an outage in which the item was deleted and created
 * again, or after a change of the mapping, the state becomes the copy's next version.
 *
 * @param item undefined if the table has no item of the entity
 */
export function mend(copy: Copy | undefined, item: Surveyed | undefined, epoch: number): Decision {
  const version = liftedVersion(copy?.version ?? 0, epoch);
  const base = liftedVersion(copy?.base ?? 0, epoch);
  if (item === undefined) {
    if (copy === undefined || copy.isDeleted || copy.isExpired) return { kind: 'known' };
    return { kind: 'commit', version: version + 1, base: version + 1 };
  }
  const isLive = copy !== undefined && !copy.isDeleted && !copy.isExpired;
  if (isLive && copy.digest === item.digest && isCounted(copy, item)) return { kind: 'known' };
  const effective = base + item.version;
  if (copy === undefined || effective > version) return { kind: 'commit', version: effective, base };
  return nextGeneration(item.version, { version, epoch });
}

/** Whether the copy's version counts from the item's. If it doesn't, the item's next change would be refused. */
function isCounted({ version, base }: Copy, item: Surveyed): boolean {
  return version - base === item.version;
}
