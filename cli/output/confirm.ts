import { createInterface } from 'node:readline/promises';
import { Option } from 'commander';
import { UsageError } from '../errors.ts';
import type { CommandIo } from '../io.ts';

/** The option `--yes` of a command that deletes something for good. */
export function yesOption(): Option {
  return new Option('-y, --yes', "don't ask for confirmation; required if standard input is not a terminal");
}

/**
 * Asks for a confirmation, unless `--yes` was given.
 *
 * @param signal ends the question with the answer no
 * @throws UsageError if standard input isn't a terminal
 */
export async function confirmed(
  { io: { stdin, stderr }, signal }: { readonly io: Pick<CommandIo, 'stdin' | 'stderr'>; readonly signal: AbortSignal },
  question: string,
  yes: boolean,
): Promise<boolean> {
  if (yes) return true;
  if (!stdin.isTTY) {
    throw new UsageError(
      `this needs a confirmation: ${question} The command can't ask you, because standard input is not a terminal. ` +
        'Nothing was deleted. Add --yes to confirm.',
    );
  }
  const terminal = createInterface({ input: stdin, output: stderr });
  const stop = new AbortController();
  // While readline has the terminal, Ctrl-C is an event of readline and not a signal to the process.
  terminal.once('SIGINT', () => stop.abort());
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal: AbortSignal.any([signal, stop.signal]) });
    return /^y(es)?$/i.test(answer.trim());
  } catch {
    stderr.write('\n');
    return false;
  } finally {
    terminal.close();
  }
}
