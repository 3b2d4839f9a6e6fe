import { Command } from 'commander';
import { EXIT } from '../../errors.ts';
import { interruptible } from '../../interrupt.ts';
import type { CommandIo } from '../../io.ts';
import { typed } from '../../output/typed.ts';
import { type AppOptions, withAppOptions } from '../up/app-options.ts';
import { checkContracts } from './check.ts';
import { diffContracts } from './diff.ts';
import { SNAPSHOT_FILE } from './file.ts';
import { type AsyncApiOptions, writeAsyncApi } from './write-asyncapi.ts';

interface CheckOptions extends AppOptions {
  readonly update?: boolean;
  readonly json?: boolean;
}

/** `freshet contracts`: the group of the commands on contracts. */
export function contractsCommand(io: CommandIo): Command {
  return new Command('contracts')
    .summary('check, compare and describe the contracts of the app')
    .description('Works on the contracts of the app: entity types, kept fields and facts. Needs no deployment.')
    .addCommand(checkCommand(io))
    .addCommand(diffCommand(io))
    .addCommand(asyncApiCommand(io));
}

function diffCommand(io: CommandIo): Command {
  return new Command('diff')
    .summary('show which consumers the changes between two snapshots break')
    .description(
      `Compares two files that ${typed('contracts check --update')} wrote, such as ${SNAPSHOT_FILE} of two commits. ` +
        'A change breaks a consumer if code that reads its cache may fail: a kept field is removed, made optional, ' +
        'or changes its type, range or values.',
    )
    .argument('<old>', 'the earlier snapshot')
    .argument('<new>', 'the later snapshot')
    .option('--json', 'print the changes as JSON')
    .addHelpText(
      'after',
      `
A consumer is a boundary of the later snapshot with a cache. No contract says who handles a fact.

Example:
  $ git show main:${SNAPSHOT_FILE} > old.json
  $ ${typed(`contracts diff old.json ${SNAPSHOT_FILE}`)}

Exit codes:
  0    no change breaks a consumer
  1    a change breaks a consumer
  2    a file is missing, or isn't a snapshot`,
    )
    .action(async (before: string, now: string, options: { readonly json?: boolean }) => {
      io.exitCode = await diffContracts(io, { before, now }, options);
    });
}

function asyncApiCommand(io: CommandIo): Command {
  return withAppOptions(new Command('asyncapi'))
    .summary('describe the events of a boundary as an AsyncAPI document')
    .description(
      'Prints an AsyncAPI 3.0 document of a boundary: the changes and facts that it sends, the changes that its ' +
        'cache receives, and the JSON Schemas of their payloads.',
    )
    .argument('[paths...]', 'contracts modules; default: those of the CDK app of the current folder, synthesised')
    .option('--boundary <name>', 'the boundary to describe; default: the only one')
    .option('--out <folder>', 'write BOUNDARY.asyncapi.json for each boundary into this folder')
    .option('--info-version <text>', 'the version of the document', '1.0.0')
    .addHelpText(
      'after',
      `
Examples:
  $ ${typed('contracts asyncapi --boundary geography')}
  $ ${typed('contracts asyncapi --out asyncapi')}

Exit codes:
  0    the document was printed or written
  2    the app or a contracts module can't be loaded, or the boundary is unknown
  130  interrupted`,
    )
    .action(async (paths: readonly string[], options: AsyncApiOptions) => {
      io.exitCode = await untilInterrupted(io, (signal) => writeAsyncApi(io, paths, options, signal));
    });
}

function checkCommand(io: CommandIo): Command {
  return withAppOptions(new Command('check'))
    .summary('find changes of contracts that need a new schema version')
    .description(
      `Compares the contracts with ${SNAPSHOT_FILE} in the current folder. Fails if a change needs a new schema ` +
        'version, a higher fieldsRevision or an upcast that is missing, if the snapshot is out of date, and if a schema ' +
        "can't be read.",
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
  1    a change needs something, a schema can't be read, or the snapshot is out of date or missing
  2    the app or a contracts module can't be loaded, or the snapshot can't be read
  130  interrupted`,
    )
    .action(async (paths: readonly string[], options: CheckOptions) => {
      io.exitCode = await untilInterrupted(io, (signal) => checkContracts(io, paths, options, signal));
    });
}

/** Runs work that Ctrl-C ends at once. @returns the exit code */
function untilInterrupted(io: CommandIo, work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  return interruptible(io, async (signal) => {
    try {
      return await work(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      return EXIT.interrupted;
    }
  });
}
