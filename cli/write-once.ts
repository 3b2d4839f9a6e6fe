import { BackpressureError } from 'freshet-aws/internal/core/govern/admit';
import { EXIT } from './errors.ts';
import { interruptible } from './interrupt.ts';
import type { CommandIo } from './io.ts';

/** A refusal by flow control, as `--json` prints it. */
export function refusalJson({ code, message, entity, ...why }: BackpressureError) {
  const { cache = null, backlog = null, drainSeconds = null, retryAfterSeconds } = why;
  return { outcome: 'refused', code, entity, cache, backlog, drainSeconds, retryAfterSeconds, message };
}

/**
 * Makes one write. If Ctrl-C ends the wait for admission, nothing is written. A refusal is thrown; with `--json`, it is
 * first printed as JSON.
 *
 * @returns the exit code
 */
export async function writeOnce(
  io: CommandIo,
  write: (signal: AbortSignal) => Promise<number>,
  options: { readonly json?: boolean | undefined },
): Promise<number> {
  return interruptible(io, async (signal) => {
    try {
      return await write(signal);
    } catch (error) {
      if (!(error instanceof BackpressureError)) throw error;
      if (signal.aborted) {
        io.stderr.write('interrupted while waiting; nothing was written\n');
        return EXIT.interrupted;
      }
      if (options.json) io.stdout.write(`${JSON.stringify(refusalJson(error))}\n`);
      throw error;
    }
  });
}
