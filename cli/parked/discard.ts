import { Command } from 'commander';
import type { SetAsideKey } from 'freshet-aws/internal/core/repair/redrive';
import { confirmed, yesOption } from '../confirm.ts';
import { EXIT, UsageError } from '../errors.ts';
import { inSession, interrupted } from '../in-session.ts';
import type { Session } from '../session.ts';
import { absentKeys, type FilterOptions, select, withFilters } from './select.ts';

interface DiscardOptions extends FilterOptions {
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Keys that are forgotten between two looks at whether a person has had enough. */
const KEYS_AT_ONCE = 100;

/** `freshet parked discard NAME [KEYS]`: forgets events that were set aside. */
export function discardCommand(): Command {
  return withFilters(
    new Command('discard')
      .summary('forget events for good')
      .description(
        'Forgets events that are set aside, for good. What they say is lost to the cache, and what a fact asks for is never done.',
      )
      .argument('<name>', 'cache, owner or queue of facts, such as ordering')
      .argument('[keys...]', 'GROUP/SEQUENCE as "parked list" prints them; else all that the options choose'),
  )
    .option('--all', 'every event, where neither keys nor options choose')
    .addOption(yesOption())
    .option('--json', 'print the count as JSON')
    .addHelpText(
      'after',
      `
An entity that is stopped stays so: release it.

Exit codes: 0 discarded, 1 not confirmed or something failed, 3 nothing is set aside under a given key, 2 bad input, 130 interrupted.`,
    )
    .action(async (name: string, keys: string[], options: DiscardOptions) => {
      process.exitCode = await inSession((session, signal) => discard(session, name, keys, options, signal));
    });
}

async function discard(
  session: Session,
  name: string,
  keys: readonly string[],
  options: DiscardOptions,
  signal: AbortSignal,
): Promise<number> {
  const { all, yes, json, ...filters } = options;
  if (keys.length === 0 && Object.keys(filters).length === 0 && all !== true) {
    // A key that a script lost would else discard everything.
    throw new UsageError('nothing says which events. Give keys, or options such as --reason, or --all for every one.');
  }
  const selected = await select(session, name, filters, keys, signal);
  const question = `Discard ${events(selected.length)} of ${name} for good?`;
  if (selected.length > 0 && !signal.aborted && !(await confirmed(question, yes ?? false, signal))) {
    process.stderr.write('nothing was discarded\n');
    return EXIT.failed;
  }
  let discarded = 0;
  for (const at of new Set(selected.map((one) => one.at))) {
    const here = selected.filter((one) => one.at === at).map(({ aside }): SetAsideKey => aside.message);
    for (let from = 0; from < here.length && !signal.aborted; from += KEYS_AT_ONCE) {
      const some = here.slice(from, from + KEYS_AT_ONCE);
      await at.aside.remove(some);
      discarded += some.length;
    }
  }
  const absent = absentKeys(keys, selected);
  process.stdout.write(json ? `${JSON.stringify({ discarded, absent })}\n` : `${events(discarded)} discarded\n`);
  if (selected.some(({ aside }) => aside.status === 'held')) {
    process.stderr.write('some were held: their entities stay stopped until you release them\n');
  }
  for (const key of absent) process.stderr.write(`nothing is set aside under ${JSON.stringify(key)}\n`);
  if (signal.aborted) return interrupted();
  return absent.length > 0 ? EXIT.absent : EXIT.ok;
}

function events(count: number): string {
  return `${count} ${count === 1 ? 'event' : 'events'}`;
}
