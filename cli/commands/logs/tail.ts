import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { LoggedLine, LoggingFunction } from '../../clients/logs.ts';
import { isDenied } from '../../errors.ts';
import { createPageReader, type PageOptions } from './pages.ts';

/** A line that a function logged. */
export interface FunctionLine {
  readonly functionName: string;
  readonly atMs: number;
  readonly line: string;
}

/** What is returned of log groups, and how they are read. */
export interface TailOptions extends PageOptions {
  /** The time from which on lines are returned, in milliseconds since 1970. */
  readonly sinceMs: number;
  /** Called when a log group can't be read because a permission is missing. The group is then left out. */
  readonly onDenied: (functionName: string, error: unknown) => void;
}

/** CloudWatch Logs can show a line this much later than a newer line. */
const LATE_MS = 30_000;

/**
 * Creates a function that reads all log groups once and returns the lines that it hasn't returned before, in parts:
 * after each page, the lines that no line of another group can precede. Lines therefore come in the order of their
 * times; only lines that CloudWatch Logs shows late come late.
 *
 * The returned generator throws the last error if no group may be read.
 */
export function createLogTail(
  functions: readonly LoggingFunction[],
  client: CloudWatchLogsClient,
  options: TailOptions,
): () => AsyncGenerator<readonly FunctionLine[]> {
  const read = createPageReader(client, options);
  const names = [...new Set(functions.map(({ logGroup }) => logGroup))];
  const groups = names.map((name) => createGroup(name, functions, read, options.sinceMs));
  const denied = new Set<Group>();
  return async function* () {
    const reading = groups
      .filter((group) => !denied.has(group))
      .map((group) => ({ group, pages: group.unseen(), readToMs: Number.NEGATIVE_INFINITY }));
    let waiting: FunctionLine[] = [];
    while (reading.length > 0) {
      // The group that is read least far holds the lines of the others back.
      const one = reading.reduce((least, other) => (other.readToMs < least.readToMs ? other : least));
      const page = await one.pages.next().catch((error: unknown) => {
        if (!isDenied(error)) throw error;
        denied.add(one.group);
        if (denied.size === groups.length) throw error;
        options.onDenied(one.group.functionName, error);
        return { done: true } as const;
      });
      if (options.signal.aborted) return;
      if (page.done) reading.splice(reading.indexOf(one), 1);
      else {
        waiting.push(...page.value.lines);
        one.readToMs = page.value.readToMs;
      }
      const toMs = Math.min(...reading.map(({ readToMs }) => readToMs));
      const isDue = ({ atMs }: FunctionLine) => atMs <= toMs;
      yield waiting.filter(isDue).sort((earlier, later) => earlier.atMs - later.atMs);
      waiting = waiting.filter((line) => !isDue(line));
    }
  };
}

type Group = ReturnType<typeof createGroup>;

function createGroup(
  logGroupName: string,
  functions: readonly LoggingFunction[],
  read: ReturnType<typeof createPageReader>,
  sinceMs: number,
) {
  // Functions that share a group can't be told apart.
  const functionName = functions.flatMap(({ name, logGroup }) => (logGroup === logGroupName ? [name] : [])).join(', ');
  const seen = new Map<string, number>();
  let newestMs = sinceMs;
  const isNew = ({ id, atMs }: LoggedLine) => {
    if (seen.has(id)) return false;
    seen.set(id, atMs);
    newestMs = Math.max(newestMs, atMs);
    return true;
  };
  /** Reads the group once, page by page. Returns the lines that it hasn't returned before. */
  async function* unseen() {
    const startTime = Math.max(0, sinceMs, newestMs - LATE_MS);
    let readToMs = startTime;
    let nextToken: string | undefined;
    do {
      const page = await read({ logGroupName, startTime, ...(nextToken !== undefined && { nextToken }) });
      if (page === undefined) return;
      readToMs = page.lines.at(-1)?.atMs ?? readToMs;
      const lines = page.lines.filter(isNew).map(({ atMs, line }) => ({ functionName, atMs, line }));
      for (const [id, atMs] of seen) if (atMs < newestMs - LATE_MS) seen.delete(id);
      yield { lines, readToMs };
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
  }
  return { functionName, unseen };
}
