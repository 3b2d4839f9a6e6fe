import type { LoggingFunction } from '../../clients/logs.ts';
import type { Work } from '../../work.ts';
import { readLines } from '../logs/read-lines.ts';
import type { FunctionLine } from '../logs/tail.ts';
import { type CacheOutcome, outcomesOf } from './outcome-lines.ts';
import { type Found, type Search, startOf } from './search.ts';

/** CloudWatch Logs can show a line this much later than a newer line. */
const LATE_MS = 60_000;

/**
 * Prints the outcomes that a search didn't find because they came later, until the signal is aborted.
 *
 * @param print receives the outcomes, the oldest first
 */
export async function followOutcomes(
  work: Work,
  functions: readonly LoggingFunction[],
  search: Search,
  found: Found,
  print: (outcomes: readonly CacheOutcome[]) => void,
): Promise<void> {
  const known = new Set(found.lines.map(keyOf));
  await readLines(work, functions, { sinceMs: firstNew(search, found), follow: true }, (lines) => {
    const unknown = lines.filter((line) => !known.has(keyOf(line)));
    print(unknown.flatMap((line) => outcomesOf(line, search.selection)));
  });
}

/** From when on lines may be new. Lines that only the limit left out of the search aren't. */
function firstNew(search: Search, { outcomes }: Found): number {
  const { limit, nowMs } = search;
  const newestMs = Math.min(outcomes[0]?.atMs ?? nowMs, nowMs);
  const oldestMs = outcomes.length < limit ? startOf(search) : (outcomes.at(-1)?.atMs ?? 0);
  return Math.max(oldestMs, newestMs - LATE_MS);
}

function keyOf({ atMs, line }: FunctionLine): string {
  return `${atMs} ${line}`;
}
