import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { MAX_RESULTS, runLogQuery } from '../../clients/log-query.ts';
import type { LoggingFunction } from '../../clients/logs.ts';
import type { FunctionLine } from '../logs/tail.ts';
import { type CacheOutcome, outcomesOf } from './outcome-lines.ts';
import { queryOf, type Selection } from './selection.ts';

/** Which outcomes are searched. */
export interface Search {
  readonly selection: Selection;
  /** Now, in milliseconds since 1970, and how far back to search from it. */
  readonly nowMs: number;
  readonly sinceMs: number;
  /** Most outcomes, 1 to MAX_RESULTS. */
  readonly limit: number;
}

/** The result of a search. */
export interface Found {
  /** The newest first. */
  readonly outcomes: readonly CacheOutcome[];
  /** All lines that were read. */
  readonly lines: readonly FunctionLine[];
}

/** How far the clock of AWS may be ahead of this machine's clock. */
const CLOCK_SKEW_MS = 60_000;

/** The earliest time of a search, in milliseconds since 1970. */
export function startOf({ nowMs, sinceMs }: Search): number {
  return Math.max(0, nowMs - sinceMs);
}

/** By how much a search is widened that found too many lines without a selected outcome. */
const WIDER = 10;

/**
 * Searches the logs of functions for the newest selected outcomes.
 *
 * @returns undefined if the signal was aborted
 */
export async function searchOutcomes(
  client: CloudWatchLogsClient,
  functions: readonly LoggingFunction[],
  search: Search,
  signal: AbortSignal,
): Promise<Found | undefined> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const searchAndStop = (one: LoggingFunction) =>
    searchOne(client, one, search, either).catch((error: unknown) => {
      // Stops the queries of the other logs too.
      failed.abort();
      throw error;
    });
  const all = await Promise.allSettled(functions.map(searchAndStop));
  const failure = all.find((one) => one.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  if (signal.aborted) return undefined;
  const found = all.flatMap((one) => (one.status === 'fulfilled' && one.value !== undefined ? [one.value] : []));
  const outcomes = found.flatMap((one) => one.outcomes).sort((one, other) => other.atMs - one.atMs);
  return { outcomes: outcomes.slice(0, search.limit), lines: found.flatMap(({ lines }) => lines) };
}

async function searchOne(
  client: CloudWatchLogsClient,
  { name, logGroup }: LoggingFunction,
  search: Search,
  signal: AbortSignal,
): Promise<Found | undefined> {
  const { selection, limit } = search;
  const span = { fromMs: startOf(search), toMs: search.nowMs + CLOCK_SKEW_MS };
  for (let most = limit; ; most = Math.min(most * WIDER, MAX_RESULTS)) {
    const query = queryOf(selection, most);
    const result = await runLogQuery(client, { logGroupName: logGroup, query, ...span }, signal);
    if (result === undefined) return undefined;
    // A query has whole seconds.
    const inSpan = result.filter(({ atMs }) => atMs >= span.fromMs);
    const lines = inSpan.map(({ atMs, line }) => ({ functionName: name, atMs, line }));
    const outcomes = lines.flatMap((line) => outcomesOf(line, selection).reverse());
    const isEnough = outcomes.length >= limit || lines.length < most;
    if (isEnough || most === MAX_RESULTS) return { outcomes, lines };
  }
}
