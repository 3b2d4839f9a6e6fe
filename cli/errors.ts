import { FreshetError, type FreshetErrorCode } from 'freshet-aws/internal/core/errors';

/**
 * Exit codes of every command; scripts may rely on them. `backpressure` is EX_TEMPFAIL of sysexits.h: try again later, as a cache lags. `interrupted` is what
 * shells have for SIGINT.
 */
export const EXIT = { ok: 0, failed: 1, usage: 2, absent: 3, backpressure: 75, interrupted: 130 } as const;

/** Refusals that pass once a cache has caught up. */
const PASSING: readonly FreshetErrorCode[] = ['Backpressure', 'TooStale', 'VersionNotReached'];

/** Something the person at the terminal can mend: the message says how. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Prints what went wrong, in one line for people, with the stack only under `--debug`; returns the exit code. */
export function reportError(error: unknown, debug: boolean): number {
  const expected = error instanceof FreshetError || error instanceof UsageError;
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`error: ${message}\n`);
  if (debug && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  else if (!expected) process.stderr.write('Run it again with --debug to see where this came from.\n');
  if (error instanceof FreshetError && PASSING.includes(error.code)) return EXIT.backpressure;
  return expected ? EXIT.usage : EXIT.failed;
}
