import { createInterface } from 'node:readline/promises';
import { Option } from 'commander';
import { UsageError } from './errors.ts';

/** The option `--yes` of a command that destroys something. */
export function yesOption(): Option {
  return new Option('-y, --yes', "don't ask; needed where there is no terminal to ask on");
}

/** Asks a person whether to go on, unless `--yes` says so. Throws a `UsageError` where nobody can be asked. */
export async function confirmed(question: string, yes: boolean, signal: AbortSignal): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) {
    throw new UsageError(
      `${question} There is no terminal to ask on, and nothing was changed. Add --yes if that is meant.`,
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const stop = new AbortController();
  // On a terminal that readline holds, Ctrl-C comes as its event and not as a signal to the process.
  terminal.once('SIGINT', () => stop.abort());
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal: AbortSignal.any([signal, stop.signal]) });
    return /^y(es)?$/i.test(answer.trim());
  } catch {
    process.stderr.write('\n');
    return false;
  } finally {
    terminal.close();
  }
}
