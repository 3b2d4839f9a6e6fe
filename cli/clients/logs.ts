import {
  CloudWatchLogsClient,
  FilterLogEventsCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-cloudwatch-logs';
import { GetFunctionConfigurationCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { type ClientOptions, requestHandler } from 'freshet-aws/internal/adapters/aws/clients';

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

/** How long CloudWatch Logs may take for one page. */
const PAGE_TIMEOUT_MS = 10_000;

/** A client of CloudWatch Logs. It isn't defined with the other clients, because no function's bundle needs it. */
export function logsClient(options: ClientOptions): CloudWatchLogsClient {
  return new CloudWatchLogsClient({
    ...options,
    requestHandler: { ...requestHandler, requestTimeout: PAGE_TIMEOUT_MS },
  });
}

/** Finds the log group of a function. */
export async function loggingFunction(client: LambdaClient, name: string): Promise<LoggingFunction> {
  const { LoggingConfig } = await client.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
  return { name, logGroup: LoggingConfig?.LogGroup ?? `/aws/lambda/${name}` };
}

/**
 * The lines that a log group received from a time on. A group that doesn't exist has no lines: Lambda creates the
 * default group with the first line.
 */
export async function readLog(
  client: CloudWatchLogsClient,
  logGroupName: string,
  startTime: number,
): Promise<LoggedLine[]> {
  const lines: LoggedLine[] = [];
  let nextToken: string | undefined;
  do {
    const input = { logGroupName, startTime, ...(nextToken !== undefined && { nextToken }) };
    const page = await client.send(new FilterLogEventsCommand(input)).catch((error: unknown) => {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    });
    for (const { eventId: id = '', timestamp: atMs = 0, message = '' } of page?.events ?? [])
      lines.push({ id, atMs, line: message.trimEnd() });
    nextToken = page?.nextToken;
  } while (nextToken !== undefined);
  return lines;
}
