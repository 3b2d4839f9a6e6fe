import {
  type CloudWatchLogsClient,
  GetQueryResultsCommand,
  ResourceNotFoundException,
  type ResultField,
  StartQueryCommand,
  StopQueryCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { RequestFailed } from '../errors.ts';
import { pause } from '../interrupt.ts';
import type { LoggedLine } from './logs.ts';

/** A query of CloudWatch Logs Insights on one log group. */
export interface LogQuery {
  readonly logGroupName: string;
  /** Names the fields `@timestamp` and `@message`. */
  readonly query: string;
  /** The span in milliseconds since 1970; not negative. It is extended to whole seconds. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Most lines in a result (AmazonCloudWatchLogs/latest/APIReference/API_StartQuery). */
export const MAX_RESULTS = 10_000;

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
const PAUSE_GROWTH = 1.5;

/** The states of a query that may still end well (AmazonCloudWatchLogs/latest/APIReference/API_GetQueryResults). */
const UNENDED: readonly string[] = ['Scheduled', 'Running', 'Unknown'];

/**
 * Runs a query and waits for its result. A group that doesn't exist has no lines: Lambda creates the default group with
 * the first line. When the signal is aborted, or a request fails, the query is stopped, because AWS bills what it
 * scans.
 *
 * @returns the lines in the order of the query; undefined if the signal was aborted
 * @throws RequestFailed if the query fails or takes too long
 */
export async function runLogQuery(
  client: CloudWatchLogsClient,
  { logGroupName, query, fromMs, toMs }: LogQuery,
  signal: AbortSignal,
): Promise<readonly LoggedLine[] | undefined> {
  if (signal.aborted) return undefined;
  const startTime = Math.floor(fromMs / 1000);
  const endTime = Math.ceil(toMs / 1000);
  const start = new StartQueryCommand({ logGroupName, startTime, endTime, queryString: query });
  // An aborted request could leave a query running that can't be stopped, because its id is unknown.
  const queryId = await client.send(start).then((answer) => answer.queryId, missing);
  if (queryId === undefined) return [];
  let isEnded = false;
  try {
    for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(PAUSE_GROWTH * pauseMs, LONGEST_PAUSE_MS)) {
      const asked = client.send(new GetQueryResultsCommand({ queryId }), { abortSignal: signal });
      const { status = 'Unknown', results = [] } = await asked;
      isEnded = !UNENDED.includes(status);
      if (status === 'Complete') return results.map(lineOf);
      if (isEnded) throw new RequestFailed(failure(logGroupName, status));
      await pause(pauseMs, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    // A query that has ended meanwhile can't be stopped.
    if (!isEnded) await client.send(new StopQueryCommand({ queryId })).catch(() => undefined);
  }
  return undefined;
}

function missing(error: unknown): undefined {
  if (!(error instanceof ResourceNotFoundException)) throw error;
}

function failure(logGroupName: string, status: string): string {
  return (
    `CloudWatch Logs: the query of ${logGroupName} ended with the status ${status}. Run the command again, or with a ` +
    'shorter --since.'
  );
}

function lineOf(row: readonly ResultField[]): LoggedLine {
  const fieldOf = (name: string) => row.find(({ field }) => field === name)?.value ?? '';
  // Insights writes the time in UTC: 2026-11-30 12:00:00.000
  const atMs = Date.parse(`${fieldOf('@timestamp').replace(' ', 'T')}Z`);
  return { id: fieldOf('@ptr'), atMs, line: fieldOf('@message').trimEnd() };
}
