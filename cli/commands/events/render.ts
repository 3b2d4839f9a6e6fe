import { entityName, printable } from 'freshet-aws/internal/core/entity';
import type { DeploymentOptions } from '../../options/deployment-options.ts';
import { exactDuration } from '../../output/numbers.ts';
import { typed } from '../../output/typed.ts';
import type { CacheOutcome } from './outcome-lines.ts';
import { type Search, startOf } from './search.ts';
import { createTable } from './table.ts';

const DAY_MS = 86_400_000;

/** An outcome as JSON prints it. What is unknown is null. */
export function outcomeJson({ atMs, functionName, ...outcome }: CacheOutcome): object {
  const { type = null, id = null, group = null, version = null } = outcome;
  const { reason = null, leadTimeMs = null, traceId = null } = outcome;
  const time = new Date(atMs).toISOString();
  return {
    time,
    type,
    id,
    group,
    version,
    outcome: outcome.outcome,
    reason,
    leadTimeMs,
    traceId,
    function: functionName,
  };
}

/** A line of JSON without the control characters from U+007F to U+009F, which JSON leaves as they are. */
export function jsonLine(value: object): string {
  return `${printable(JSON.stringify(value))}\n`;
}

/** The document that `--json` prints. */
export function documentOf(cache: string, search: Search, outcomes: readonly CacheOutcome[]): string {
  return jsonLine({ cache, since: new Date(startOf(search)).toISOString(), events: outcomes.map(outcomeJson) });
}

/** The list that is printed without `--follow`. */
export function listOf({ limit, sinceMs }: Search, outcomes: readonly CacheOutcome[], width: number): string {
  const count = outcomes.length < limit ? `${outcomes.length}` : `the newest ${limit}`;
  const more = outcomes.length < limit ? '' : '; --limit shows more';
  return `${[...createTable(width)(outcomes), `${count} in the last ${exactDuration(sinceMs)}${more}`].join('\n')}\n`;
}

/** Says that a search found nothing. */
export function noOutcomes(cache: string, { selection: { type, id, outcomes }, sinceMs }: Search): string {
  const subject = type === undefined ? '' : ` of ${id === undefined ? type : entityName({ type, id })}`;
  const as = outcomes === undefined ? '' : ` as ${outcomes.join(' or ')}`;
  return `${cache}: no event${subject} ended${as} in the last ${exactDuration(sinceMs)}`;
}

/** Says that a search found nothing, and how to look further back. @param on the options that named the deployment */
export function nothingFound(cache: string, search: Search, on: DeploymentOptions): string {
  const { type, id, outcomes } = search.selection;
  const since = `--since ${search.sinceMs < DAY_MS ? '1d' : '14d'}`;
  const only = outcomes === undefined ? '' : ` --outcome ${outcomes.join()}`;
  const args = [cache, type, id].filter((one) => one !== undefined);
  return `${noOutcomes(cache, search)}. To look further back:\n  ${typed(`events ${since}${only}`, on, args)}\n`;
}
