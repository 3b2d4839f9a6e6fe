import type { LocalCloud } from 'freshet-local/internal/cloud';
import type { Reporter } from 'freshet-local/internal/story';
import type { CacheComparison } from '../../compare/compare-caches.ts';

/** Prints one line for each resource that is left out for a reason, and the number of all others by type. */
export function reportLeftOut(leftOut: LocalCloud['leftOut'], report: Reporter): void {
  if (leftOut.length === 0) return;
  const counts = new Map<string, number>();
  for (const { type, reason } of leftOut) {
    if (reason === undefined) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  const counted = [...counts].map(([type, count]) => `${count} ${type}`).join(', ');
  if (counted !== '') report.step(`left out (functions get a placeholder for the name or ARN): ${counted}`);
  for (const { path, type, reason } of leftOut) {
    if (reason !== undefined) report.print(`  ! left out: ${path} (${type}): ${reason}`);
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
