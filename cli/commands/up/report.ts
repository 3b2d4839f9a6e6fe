import type { LocalCloud } from 'freshet-local/internal/cloud';
import type { Reporter } from 'freshet-local/internal/story';
import type { CacheComparison } from '../../compare/compare-caches.ts';

/** How many resources a line names. */
const NAMED = 3;

/**
 * Prints the number of the resources of unknown types, and one line for each reason why other resources, or parts of
 * them, are left out.
 */
export function reportLeftOut(leftOut: LocalCloud['leftOut'], report: Reporter): void {
  const counts = new Map<string, number>();
  const paths = new Map<string, string[]>();
  for (const { path, type, reason } of leftOut) {
    if (reason === undefined) counts.set(type, (counts.get(type) ?? 0) + 1);
    else paths.set(`(${type}): ${reason}`, [...(paths.get(`(${type}): ${reason}`) ?? []), path]);
  }
  const counted = [...counts].map(([type, count]) => `${count} ${type}`).join(', ');
  if (counted !== '') report.step(`left out (functions get a placeholder for the name or ARN): ${counted}`);
  for (const [why, all] of paths) {
    const more = all.length > NAMED ? ` and ${all.length - NAMED} more` : '';
    report.print(`  ! left out: ${all.slice(0, NAMED).join(', ')}${more} ${why}`);
  }
}

/** Prints the result for each cache, and returns whether every cache equals its owners. */
export function reportComparisons(comparisons: readonly CacheComparison[], report: Reporter): boolean {
  report.heading('Every cached entity compared with its owner');
  for (const { cache, equal, differing } of comparisons) {
    if (differing.length === 0) report.step(`${cache}: all ${equal} entities equal their owner's`);
    else report.print(`  ✗ ${cache}: ${equal} equal, ${differing.length} differ: ${differing.slice(0, 10).join('; ')}`);
  }
  return comparisons.every(({ differing }) => differing.length === 0);
}
