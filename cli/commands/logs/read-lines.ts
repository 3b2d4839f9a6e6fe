import { printable } from 'freshet-aws/internal/core/entity';
import type { LoggingFunction } from '../../clients/logs.ts';
import { pause } from '../../interrupt.ts';
import type { CommandIo } from '../../io.ts';
import type { Work } from '../../work.ts';
import { createLogTail, type FunctionLine, type TailOptions } from './tail.ts';

/** How often the local cloud is asked for new lines. */
const LOCAL_INTERVAL_MS = 500;

/** How often CloudWatch Logs is asked for new lines. */
const AWS_INTERVAL_MS = 2_000;

/** CloudWatch Logs answers five requests for lines a second in an account and region (FilterLogEvents). */
const REQUEST_MS = 225;

/** Which lines are read. */
export interface ReadOptions {
  /** The time from which on lines are read, in milliseconds since 1970; not negative. */
  readonly sinceMs: number;
  /** Whether new lines are read until the signal is aborted. */
  readonly follow: boolean;
}

/**
 * Reads the logs of functions. A log that may not be read is named on standard error and left out. With `follow`, a
 * request to AWS that is throttled or gets no answer is repeated.
 *
 * @param print receives the lines, in the order of their times
 */
export async function readLines(
  { io, deployment, signal }: Work,
  functions: readonly LoggingFunction[],
  { sinceMs, follow }: ReadOptions,
  print: (lines: readonly FunctionLine[]) => void,
): Promise<void> {
  const { isLocal } = deployment;
  const tail = createLogTail(functions, await deployment.clients.logs(), {
    sinceMs,
    pauseMs: isLocal ? 0 : REQUEST_MS,
    signal,
    onDenied: (functionName, error) => void io.stderr.write(leftOut([functionName], error)),
    // A local cloud that was stopped has other addresses when it is started again.
    ...(follow && !isLocal && { onRetry: retryNote(io) }),
  });
  do {
    for await (const lines of tail()) print(lines);
    if (follow) await pause(isLocal ? LOCAL_INTERVAL_MS : AWS_INTERVAL_MS, signal);
  } while (follow && !signal.aborted);
}

function retryNote({ stderr }: Pick<CommandIo, 'stderr'>): NonNullable<TailOptions['onRetry']> {
  return (error, waitMs) =>
    void stderr.write(`note: a request failed. It is repeated in ${waitMs / 1_000} s. ${textOf(error)}\n`);
}

/** The note on functions whose logs are left out. */
export function leftOut(names: readonly string[], error: unknown): string {
  return `note: left out, because the log can't be read: ${names.join(', ')}. ${textOf(error)}\n`;
}

function textOf(error: unknown): string {
  return printable(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
}
