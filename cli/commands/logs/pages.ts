import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { isTransient } from 'freshet-aws/internal/adapters/aws/transient';
import { type LogPage, type PageRequest, readLogPage } from '../../clients/logs.ts';
import { pause } from '../../interrupt.ts';

/** How the pages of log groups are read. */
export interface PageOptions {
  /** Milliseconds between two requests. */
  readonly pauseMs: number;
  /** Ends the reading. */
  readonly signal: AbortSignal;
  /**
   * Called when a request failed for a reason that can pass, such as throttling. The request is then repeated.
   * @default - such a failure is thrown, as others are
   */
  readonly onRetry?: (error: unknown, waitMs: number) => void;
}

const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 30_000;

/** Creates a function that reads one page after another. It returns undefined once the signal is aborted. */
export function createPageReader(
  client: CloudWatchLogsClient,
  { pauseMs, signal, onRetry }: PageOptions,
): (request: PageRequest) => Promise<LogPage | undefined> {
  let isFirst = true;
  return async (request) => {
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, MAX_WAIT_MS)) {
      if (!isFirst) await pause(pauseMs, signal);
      isFirst = false;
      if (signal.aborted) return undefined;
      try {
        return await readLogPage(client, request, signal);
      } catch (error) {
        if (signal.aborted) return undefined;
        if (onRetry === undefined || !isTransient(error)) throw error;
        onRetry(error, waitMs);
        await pause(waitMs, signal);
      }
    }
  };
}
