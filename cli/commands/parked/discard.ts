import { Command } from 'commander';
import { parkedKey } from 'freshet-aws/internal/core/repair/parked-key';
import { EXIT, UsageError } from '../../errors.ts';
import { interrupted } from '../../interrupt.ts';
import type { CommandIo } from '../../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../../options/deployment-options.ts';
import { confirmed, yesOption } from '../../output/confirm.ts';
import { inDeployment, type Work } from '../../work.ts';
import { ROLES, roleOf } from './parking-places.ts';
import { absentKeys, type FilterOptions, type Selected, select, withFilters } from './select.ts';

interface DiscardOptions extends FilterOptions, DeploymentOptions {
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Events to remove between two checks of the signal. */
const KEYS_AT_ONCE = 100;

/** `freshet parked discard NAME [KEYS]`: removes parked events. */
export function discardCommand(io: CommandIo): Command {
  return withFilters(
    withDeploymentOptions(new Command('discard'))
      .summary('delete parked events for good')
      .description(
        'Deletes parked events for good. The cache never stores the data of a discarded event, and no handler ever ' +
          'processes a discarded fact.',
      )
      .argument('<name>', 'cache, owner or queue of facts, such as ordering')
      .argument(
        '[keys...]',
        'GROUP/SEQUENCE as "parked list" prints them; default: all events that the options select',
      ),
  )
    .option('--all', 'discard every event; required if neither keys nor other options select events')
    .addOption(yesOption())
    .option('--json', 'print the count as JSON')
    .addHelpText(
      'after',
      `
If an entity is stopped, discarding its events does not start it again: release the entity.
${deploymentHelp(['dynamodb:BatchWriteItem', 'dynamodb:Query', 'dynamodb:Scan'])}
Exit codes:
  0    the events are discarded
  1    you did not confirm, or something failed
  2    the input is invalid
  3    at least one of the given keys matches no event
  130  interrupted`,
    )
    .action(async (name: string, keys: string[], options: DiscardOptions) => {
      io.exitCode = await inDeployment(io, options, (work) => discard(work, name, keys, options), 'write');
    });
}

async function discard(work: Work, name: string, keys: readonly string[], options: DiscardOptions): Promise<number> {
  const { io, deployment, signal } = work;
  const { all, yes, json, stack: _, region: __, profile: ___, ...filters } = options;
  if (keys.length === 0 && Object.keys(filters).length === 0 && all !== true) {
    // Without this check, a script that loses its key would discard everything.
    throw new UsageError('no events are selected. Pass keys, or options such as --reason, or --all for every event.');
  }
  const selected = await select(deployment, name, filters, keys, signal);
  const question = discardQuestion(name, selected);
  if (selected.length > 0 && !signal.aborted && !(await confirmed(work, question, yes ?? false))) {
    io.stderr.write('nothing was discarded\n');
    return EXIT.failed;
  }
  const discarded = await remove(selected, signal);
  const absent = absentKeys(keys, selected);
  io.stdout.write(json ? `${JSON.stringify({ discarded, absent })}\n` : `${events(discarded)} discarded\n`);
  if (selected.some(({ event }) => event.status === 'held')) {
    io.stderr.write('some of the events were held: their entities stay stopped until you release them\n');
  }
  for (const key of absent) io.stderr.write(`no parked event has the key ${JSON.stringify(key)}\n`);
  if (signal.aborted) return interrupted(io);
  return absent.length > 0 ? EXIT.absent : EXIT.ok;
}

/** Names the role of each parking place, because an owner, a cache and a queue of facts may share a name. */
export function discardQuestion(name: string, selected: readonly Selected[]): string {
  const ofRoles = Object.entries(ROLES).flatMap(([role, text]) => {
    const count = selected.filter(({ at }) => roleOf(at) === role).length;
    return count === 0 ? [] : [`${events(count)} of the ${text} ${name}`];
  });
  return `Discard ${ofRoles.join(' and ')} for good?`;
}

async function remove(selected: readonly Selected[], signal: AbortSignal): Promise<number> {
  let removed = 0;
  for (const at of new Set(selected.map((one) => one.at))) {
    const keys = selected.filter((one) => one.at === at).map(({ event }) => parkedKey(event.message));
    for (let from = 0; from < keys.length && !signal.aborted; from += KEYS_AT_ONCE) {
      const some = keys.slice(from, from + KEYS_AT_ONCE);
      await at.parked.remove(some);
      removed += some.length;
    }
  }
  return removed;
}

function events(count: number): string {
  return `${count} ${count === 1 ? 'event' : 'events'}`;
}
