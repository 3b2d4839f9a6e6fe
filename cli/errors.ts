import { FreshetError, type FreshetErrorCode } from 'freshet-aws/internal/core/errors';
import type { CommandIo } from './io.ts';

/**
 * The exit codes of all commands. Scripts may rely on them. `backpressure` is EX_TEMPFAIL of sysexits.h: a cache lags,
 * so try again later. `interrupted` is the code that shells use for SIGINT.
 */
export const EXIT = { ok: 0, failed: 1, usage: 2, absent: 3, backpressure: 75, interrupted: 130 } as const;

/** Refusals that end once a cache has caught up. */
const PASSING: readonly FreshetErrorCode[] = ['Backpressure', 'TooStale', 'VersionNotReached'];

/** An error that the person at the terminal can fix. The message says how. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A request that failed while a command worked on a deployment. The message names the deployment and the reason. */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed';
}

/** Whether a request failed because a permission is missing. SNS has an error of its own (sns-api/CommonErrors). */
export function isDenied(error: unknown): boolean {
  return error instanceof Error && /^(AccessDenied|AuthorizationError)/.test(error.name);
}

/** Prints an error as one line, with its stack trace only under `--debug`. @returns the exit code */
export function reportError({ stderr }: Pick<CommandIo, 'stderr'>, error: unknown, debug: boolean): number {
  const expected = error instanceof FreshetError || error instanceof UsageError;
  const message = error instanceof Error ? error.message : String(error);
  stderr.write(`error: ${message}\n`);
  if (debug && error instanceof Error) stderr.write(`${error.stack ?? ''}\n`);
  else if (!expected && !(error instanceof RequestFailed))
    stderr.write('Run the command again with --debug to see where the error came from.\n');
  if (error instanceof FreshetError && PASSING.includes(error.code)) return EXIT.backpressure;
  return expected ? EXIT.usage : EXIT.failed;
}
