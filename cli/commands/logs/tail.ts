import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { type LoggedLine, type LoggingFunction, readLog } from '../../clients/logs.ts';

/** A line that a function logged. */
export interface FunctionLine {
  readonly functionName: string;
  readonly atMs: number;
  readonly line: string;
}

/** CloudWatch Logs can show a line this much later than a newer line. */
const LATE_MS = 30_000;

/**
 * Creates a function that returns the lines that it hasn't returned before, in the order of their times. Lines that
 * appear late are returned late.
 *
 * @param sinceMs the time from which on lines are returned
 */
export function createLogTail(
  functions: readonly LoggingFunction[],
  client: CloudWatchLogsClient,
  sinceMs: number,
): () => Promise<readonly FunctionLine[]> {
  const groups = [...new Set(functions.map(({ logGroup }) => logGroup))];
  const ofGroups = groups.map((group) => ({
    // Functions that share a group can't be told apart.
    functionName: functions.flatMap(({ name, logGroup }) => (logGroup === group ? [name] : [])).join(', '),
    next: createGroupTail((fromMs) => readLog(client, group, fromMs), sinceMs),
  }));
  return async () => {
    const lines: FunctionLine[] = [];
    for (const { functionName, next } of ofGroups)
      for (const { atMs, line } of await next()) lines.push({ functionName, atMs, line });
    return lines.sort((one, other) => one.atMs - other.atMs);
  };
}

function createGroupTail(read: (fromMs: number) => Promise<LoggedLine[]>, sinceMs: number) {
  const seen = new Map<string, number>();
  let newestMs = sinceMs;
  return async (): Promise<LoggedLine[]> => {
    const fromMs = Math.max(sinceMs, newestMs - LATE_MS);
    const lines = (await read(fromMs)).filter(({ id }) => !seen.has(id));
    for (const { id, atMs } of lines) {
      seen.set(id, atMs);
      newestMs = Math.max(newestMs, atMs);
    }
    for (const [id, atMs] of seen) if (atMs < newestMs - LATE_MS) seen.delete(id);
    return lines;
  };
}
