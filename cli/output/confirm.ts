import { createInterface } from 'node:readline/promises';
import { Option } from 'commander';
import { UsageError } from '../errors.ts';
import type { Work } from '../work.ts';

/** The option `--yes` of a command that deletes something for good. @param when where it asks; default everywhere */
export function yesOption(when = ''): Option {
  return new Option('-y, --yes', `${when}don't ask for confirmation; required if standard input is not a terminal`);
}

/** What a confirmation needs of the work. */
type Confirming = Pick<Work, 'signal'> & {
  readonly io: Pick<Work['io'], 'stdin' | 'stderr'>;
  readonly deployment: Pick<Work['deployment'], 'place' | 'stacks' | 'isLocal'>;
};

/**
 * Asks for a confirmation, unless `--yes` was given. On AWS, the question names the account, the region and the stacks.
 *
 * @param signal ends the question with the answer no
 * @throws UsageError if standard input isn't a terminal
 */
export async function confirmed(
  { io: { stdin, stderr }, deployment, signal }: Confirming,
  asked: string,
  yes: boolean,
): Promise<boolean> {
  if (yes) return true;
  const { place, stacks, isLocal } = deployment;
  const question = isLocal ? asked : `On ${place}, ${stacks.join(', ')}: ${asked}`;
  if (!stdin.isTTY) {
    throw new UsageError(
      `this needs a confirmation: ${question} The command can't ask you, because standard input is not a terminal. ` +
        'Nothing was changed. Add --yes to confirm.',
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
