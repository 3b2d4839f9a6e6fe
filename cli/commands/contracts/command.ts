import { Command } from 'commander';
import { EXIT } from '../../errors.ts';
import { interruptible } from '../../interrupt.ts';
import type { CommandIo } from '../../io.ts';
import { typed } from '../../output/typed.ts';
import { type AppOptions, withAppOptions } from '../up/app-options.ts';
import { checkContracts } from './check.ts';
import { SNAPSHOT_FILE } from './file.ts';

interface CheckOptions extends AppOptions {
  readonly update?: boolean;
  readonly json?: boolean;
}

/** `freshet contracts`: the group of the commands on contracts. */
export function contractsCommand(io: CommandIo): Command {
  return new Command('contracts')
    .summary('check the contracts of the app against a committed snapshot')
    .description('Works on the contracts of the app: entity types, kept fields and facts. Needs no deployment.')
    .addCommand(checkCommand(io));
}

function checkCommand(io: CommandIo): Command {
  return withAppOptions(new Command('check'))
    .summary('find changes of contracts that need a new schema version')
    .description(
      `Compares the contracts with ${SNAPSHOT_FILE} in the current folder. Fails if a change needs a new schema ` +
        'version, a higher fieldsRevision or an upcast that is missing, and if the snapshot is out of date.',
    )
    .argument('[paths...]', 'contracts modules; default: those of the CDK app of the current folder, synthesised')
    .option('--update', 'write the snapshot; changes that need a new schema version are still refused')
    .option('--json', 'print the changes as JSON')
    .addHelpText(
      'after',
      `
Commit ${SNAPSHOT_FILE} beside cdk.json. Run the command in CI.

A new schema version is needed if a field is removed, added as required, made optional or required, or changes its type
or its allowed values, because caches of the old and of the new contract read the same events. An optional field may be
added: update the snapshot. To take back a type that was never deployed, remove its entry from the file.

Examples:
  $ ${typed('contracts check')}
  $ ${typed('contracts check --update')}
  $ ${typed('contracts check geography/contracts.ts')}

Exit codes:
  0    the contracts equal the snapshot, or the snapshot was updated
  1    a change needs something, or the snapshot is out of date or missing
  2    the app or a contracts module can't be loaded, or the snapshot can't be read
  130  interrupted`,
    )
    .action(async (paths: readonly string[], options: CheckOptions) => {
      io.exitCode = await interruptible(io, async (signal) => {
        try {
          return await checkContracts(io, paths, options, signal);
        } catch (error) {
          if (!signal.aborted) throw error;
          return EXIT.interrupted;
        }
      });
    });
}
