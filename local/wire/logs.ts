import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import type { LogEvent, LogStore } from '../cloudwatch/log-store.ts';
import type { Denial } from '../iam/denial.ts';
import { logGroupOf } from '../lambda/function-definition.ts';
import type { FunctionHost } from '../lambda/host.ts';
import type { Answer } from './errors.ts';

/** What the operations of CloudWatch Logs read. */
export interface LogGroups {
  readonly logs: Pick<LogStore, 'events'>;
  readonly functions: Pick<FunctionHost, 'functions' | 'definition'>;
}

/** Precedes the operation in the header `X-Amz-Target`. */
export const LOGS_TARGET = 'Logs_20140328';

/** Largest and default number of events on a page (AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents). */
const MAX_EVENTS = 10_000;

const filterLogEvents = z.strictObject({
  logGroupName: z.string(),
  startTime: z.optional(z.int().check(z.nonnegative())),
  endTime: z.optional(z.int().check(z.nonnegative())),
  limit: z._default(z.int().check(z.minimum(1), z.maximum(MAX_EVENTS)), MAX_EVENTS),
  nextToken: z.optional(z.string()),
});

const HEADERS = { 'content-type': 'application/x-amz-json-1.1' };

/** Answers a request to CloudWatch Logs in AWS JSON 1.1. Emulated: FilterLogEvents without a pattern. Never throws. */
export function answerLogs(operation: string, body: string, groups: () => LogGroups): Answer {
  if (operation !== 'FilterLogEvents')
    return refusal(
      'UnknownOperationException',
      `CloudWatch Logs ${operation} is not emulated. Supported: FilterLogEvents.`,
    );
  const given = filterLogEvents.safeParse(parsed(body));
  if (!given.success) {
    const [issue] = given.error.issues;
    return refusal('InvalidParameterException', `${issue?.path.join('.') || 'The request'}: ${issue?.message}`);
  }
  const { logGroupName, startTime = 0, endTime = Number.POSITIVE_INFINITY, limit, nextToken = '0' } = given.data;
  const { logs, functions } = groups();
  const inGroup = functions.functions().filter(({ name }) => logGroupOf(functions.definition(name)) === logGroupName);
  if (inGroup.length === 0) return refusal('ResourceNotFoundException', 'The specified log group does not exist.');
  const after = Number(nextToken);
  const found = inGroup
    .flatMap(({ name }) => logs.events(name).map((event) => ({ name, event })))
    .filter(
      ({ event: { sequence, timestampMs } }) => sequence > after && startTime <= timestampMs && timestampMs <= endTime,
    )
    .sort((one, other) => one.event.sequence - other.event.sequence);
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const events = page.map(({ name, event }) => eventOf(name, event));
  const next = found.length > page.length && last ? { nextToken: String(last.event.sequence) } : {};
  const answer = { events, searchedLogStreams: [], ...next };
  return { status: 200, headers: { ...HEADERS, 'x-amzn-requestid': randomUUID() }, body: JSON.stringify(answer) };
}

/** The log group that a request names; empty if it names none. */
export function logGroupNameOf(body: string): string {
  return z.object({ logGroupName: z.string() }).safeParse(parsed(body)).data?.logGroupName ?? '';
}

function eventOf(functionName: string, { sequence, timestampMs, message }: LogEvent): object {
  return {
    eventId: String(sequence),
    logStreamName: `${new Date(timestampMs).toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]${functionName}`,
    timestamp: timestampMs,
    ingestionTime: timestampMs,
    message: `${message}\n`,
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function refusal(type: string, message: string): Answer {
  const headers = { ...HEADERS, 'x-amzn-requestid': randomUUID() };
  return { status: 400, headers, body: JSON.stringify({ __type: type, message }) };
}

/** AmazonCloudWatchLogs/latest/APIReference/CommonErrors */
export function logsDenial({ message }: Pick<Denial, 'message'>): Answer {
  return refusal('AccessDeniedException', message);
}
