import {
  CloudWatchLogsClient,
  FilterLogEventsCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-cloudwatch-logs';
import { GetFunctionConfigurationCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type { ClientOptions } from 'freshet-aws/internal/adapters/aws/clients';
import { PATIENCE } from './patient.ts';

/** A function and the log group that it writes to. */
export interface LoggingFunction {
  readonly name: string;
  readonly logGroup: string;
}

/** A line of a log group. */
export interface LoggedLine {
  /** Unique in its log group. */
  readonly id: string;
  readonly atMs: number;
  readonly line: string;
}

/** A client of CloudWatch Logs. It isn't defined with the other clients, because no function's bundle needs it. */
export function logsClient(options: ClientOptions): CloudWatchLogsClient {
  return new CloudWatchLogsClient({ ...options, ...PATIENCE });
}

/** Finds the log group of a function. */
export async function loggingFunction(client: LambdaClient, name: string): Promise<LoggingFunction> {
  const { LoggingConfig } = await client.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
  return { name, logGroup: LoggingConfig?.LogGroup ?? `/aws/lambda/${name}` };
}

/** A request for lines of a log group. */
export interface PageRequest {
  readonly logGroupName: string;
  /** Milliseconds since 1970; not negative. */
  readonly startTime: number;
  /** Continues after a page. */
  readonly nextToken?: string;
}

/** Lines of a log group, in the order of their times. */
export interface LogPage {
  readonly lines: readonly LoggedLine[];
  /** Asks for the next page. @default - there is none */
  readonly nextToken?: string;
}

/**
 * Reads one page of the lines that a log group received from a time on. A group that doesn't exist has no lines: Lambda
 * creates the default group with the first line.
 */
export async function readLogPage(
  client: CloudWatchLogsClient,
  request: PageRequest,
  abortSignal: AbortSignal,
): Promise<LogPage> {
  try {
    const { events = [], nextToken } = await client.send(new FilterLogEventsCommand(request), { abortSignal });
    const lines = events.map(({ eventId: id = '', timestamp: atMs = 0, message = '' }) => ({
      id,
      atMs,
      line: message.trimEnd(),
    }));
    return { lines, ...(nextToken !== undefined && { nextToken }) };
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return { lines: [] };
    throw error;
  }
}
