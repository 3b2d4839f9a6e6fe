import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { type LogQueries, parseLogQuery, QUERY_FORM, runLogQuery } from '../cloudwatch/log-queries.ts';
import type { LogEvent, LogStore } from '../cloudwatch/log-store.ts';
import type { Denial } from '../iam/denial.ts';
import { type FunctionDefinition, logGroupOf } from '../lambda/function-definition.ts';
import type { Answer } from './errors.ts';

/** What the operations of CloudWatch Logs read. */
export interface LogGroups {
  readonly logs: Pick<LogStore, 'events'>;
  readonly functions: {
    functions(): readonly { readonly name: string }[];
    definition(name: string): Pick<FunctionDefinition, 'name' | 'logGroup'>;
  };
  readonly queries: LogQueries;
}

/** Precedes the operation in the header `X-Amz-Target`. */
export const LOGS_TARGET = 'Logs_20140328';

/** Largest and default number of events on a page (AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents). */
const MAX_EVENTS = 10_000;

/** Longest text of a query (AmazonCloudWatchLogs/latest/APIReference/API_StartQuery). */
const MAX_QUERY_LENGTH = 10_000;

const time = z.int().check(z.nonnegative());
const filterLogEvents = z.strictObject({
  logGroupName: z.string(),
  startTime: z._default(time, 0),
  endTime: z._default(time, Number.MAX_SAFE_INTEGER),
  limit: z._default(z.int().check(z.minimum(1), z.maximum(MAX_EVENTS)), MAX_EVENTS),
  nextToken: z._default(z.string(), '0'),
});
const startQuery = z.strictObject({
  logGroupName: z.string(),
  /** Seconds, as `endTime`. Both are inclusive. */
  startTime: time,
  endTime: time,
  queryString: z.string().check(z.maxLength(MAX_QUERY_LENGTH)),
});
const ofQuery = z.strictObject({ queryId: z.string() });

const HEADERS = { 'content-type': 'application/x-amz-json-1.1' };

/** A refusal by CloudWatch Logs. */
class LogsError extends Error {
  override readonly name = 'LogsError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

type Operation = (groups: LogGroups, input: unknown) => object;

/** The emulated operations (AmazonCloudWatchLogs/latest/APIReference). */
const OPERATIONS: Readonly<Record<string, Operation>> = { FilterLogEvents, StartQuery, GetQueryResults, StopQuery };

/** Answers a request to CloudWatch Logs in AWS JSON 1.1. Never throws. */
export function answerLogs(operation: string, body: string, groups: () => LogGroups): Answer {
  try {
    const run = Object.hasOwn(OPERATIONS, operation) ? OPERATIONS[operation] : undefined;
    if (run === undefined) {
      const supported = Object.keys(OPERATIONS).join(', ');
      const message = `CloudWatch Logs ${operation} is not emulated. Supported: ${supported}.`;
      throw new LogsError('UnknownOperationException', message);
    }
    const answer = JSON.stringify(run(groups(), parsed(body)));
    return { status: 200, headers: { ...HEADERS, 'x-amzn-requestid': randomUUID() }, body: answer };
  } catch (error) {
    if (error instanceof LogsError) return refusal(error.code, error.message);
    return refusal('ServiceUnavailableException', `Bug in the emulator: ${String(error)}`, 500);
  }
}

/** Emulated without a pattern. */
function FilterLogEvents(groups: LogGroups, input: unknown): object {
  const { logGroupName, startTime, endTime, limit, nextToken } = read(filterLogEvents, input);
  const after = Number(nextToken);
  const found = eventsOf(groups, logGroupName).filter(
    ({ sequence, timestampMs }) => sequence > after && startTime <= timestampMs && timestampMs <= endTime,
  );
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const next = found.length > page.length && last ? { nextToken: String(last.sequence) } : {};
  const events = page.map(({ functionName, sequence, timestampMs, message }) => ({
    eventId: String(sequence),
    logStreamName: `${new Date(timestampMs).toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]${functionName}`,
    timestamp: timestampMs,
    ingestionTime: timestampMs,
    message: `${message}\n`,
  }));
  return { events, searchedLogStreams: [], ...next };
}

/** Emulated for one log group and one form of query. The query ends at once. */
function StartQuery(groups: LogGroups, input: unknown): object {
  const { logGroupName, startTime, endTime, queryString } = read(startQuery, input);
  const query = parseLogQuery(queryString);
  if (query === undefined) {
    throw new LogsError('MalformedQueryException', `The local cloud doesn't run this query. Supported: ${QUERY_FORM}`);
  }
  if (startTime > endTime) throw invalid('startTime: after endTime');
  const lines = eventsOf(groups, logGroupName).filter(({ timestampMs }) => {
    const second = Math.floor(timestampMs / 1000);
    return startTime <= second && second <= endTime;
  });
  return { queryId: groups.queries.add(runLogQuery(query, lines)) };
}

function GetQueryResults({ queries }: LogGroups, input: unknown): object {
  const found = resultOf(queries, input);
  const results = found.map(({ sequence, timestampMs, message }) => [
    { field: '@timestamp', value: new Date(timestampMs).toISOString().replace('T', ' ').replace('Z', '') },
    { field: '@message', value: `${message}\n` },
    { field: '@ptr', value: String(sequence) },
  ]);
  return { queryLanguage: 'CWLI', results, statistics: { recordsMatched: found.length }, status: 'Complete' };
}

/** Queries end at once, so there is never one to stop. */
function StopQuery({ queries }: LogGroups, input: unknown): object {
  resultOf(queries, input);
  throw invalid('queryId: the specified query is not running');
}

function resultOf(queries: LogQueries, input: unknown): readonly LogEvent[] {
  const found = queries.result(read(ofQuery, input).queryId);
  if (found === undefined) throw new LogsError('ResourceNotFoundException', 'The specified query does not exist.');
  return found;
}

/** The lines of a log group, the oldest first. Several functions may share a group. */
function eventsOf({ logs, functions }: LogGroups, logGroupName: string) {
  const inGroup = functions.functions().filter(({ name }) => logGroupOf(functions.definition(name)) === logGroupName);
  if (inGroup.length === 0) throw new LogsError('ResourceNotFoundException', 'The specified log group does not exist.');
  return inGroup
    .flatMap(({ name }) => logs.events(name).map((event) => ({ ...event, functionName: name })))
    .sort((one, other) => one.sequence - other.sequence);
}

/** The log group that a request names; empty if it names none. */
export function logGroupNameOf(body: string): string {
  return z.object({ logGroupName: z.string() }).safeParse(parsed(body)).data?.logGroupName ?? '';
}

function read<T>(schema: z.ZodMiniType<T>, input: unknown): T {
  const given = schema.safeParse(input);
  if (given.success) return given.data;
  const [issue] = given.error.issues;
  throw invalid(`${issue?.path.join('.') || 'The request'}: ${issue?.message}`);
}

function invalid(message: string): LogsError {
  return new LogsError('InvalidParameterException', message);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusal(type: string, message: string, status = 400): Answer {
  const headers = { ...HEADERS, 'x-amzn-requestid': randomUUID() };
  return { status, headers, body: JSON.stringify({ __type: type, message }) };
}

/** AmazonCloudWatchLogs/latest/APIReference/CommonErrors */
export function logsDenial({ message }: Pick<Denial, 'message'>): Answer {
  return refusal('AccessDeniedException', message);
}
