import { Command, Option } from 'commander';
import { assertNotAdopted, ownedContract } from 'freshet-aws/internal/core/contract/define-boundary';
import { UsageError } from '../../errors.ts';
import { type FileOptions, readOptions, withFileOptions } from '../../files/options.ts';
import type { CommandIo } from '../../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../../options/deployment-options.ts';
import { integerOf } from '../../options/parse.ts';
import { FLOW_CONTROL_HELP, maxWaitOption } from '../../options/write-options.ts';
import { yesOption } from '../../output/confirm.ts';
import { typed } from '../../output/typed.ts';
import { inDeployment, type Work } from '../../work.ts';
import { conclude } from './conclude.ts';
import { type FileWork, throughFile } from './file-work.ts';
import { importRows } from './import-rows.ts';
import { planAndSync, type SyncOptions } from './sync.ts';

interface ImportOptions extends DeploymentOptions, FileOptions, SyncOptions {
  readonly id?: string;
  readonly keepId?: boolean;
  /** Milliseconds. */
  readonly maxWait: number;
}

/** Concurrent puts: enough to keep the owner's table busy, and not too many for one client process. */
const WRITERS = 32;

/** `freshet import TYPE FILE`: puts many entities at their owner. */
export function importCommand(io: CommandIo): Command {
  const command = new Command('import')
    .summary('put many entities from a file at their owner')
    .description(
      'Puts each entity of a file at its owner. If a record is rejected, the command prints its line, its first byte ' +
        'and the reason, and continues.',
    )
    .argument('<type>', 'entity type, such as Currency')
    .argument('<file>', 'NDJSON (one object a line), a JSON array, or CSV with a header; - is standard input')
    .option(
      '--id <field>',
      'the field that holds the id; it is left out of the state; default: the file is from freshet export',
    )
    .option('--keep-id', 'keep the id field in the state');
  withFileOptions(command)
    .option('--sync', 'make the type equal to the file: also delete the entities that the file lacks')
    .option('--dry-run', 'print what would be done, and change nothing')
    .addOption(
      new Option(
        '--max-deletes <n>',
        'how many entities --sync may delete; default: a tenth of those that the owner has',
      ).argParser(integerOf('--max-deletes', 0, 1_000_000_000)),
    )
    .addOption(yesOption('with --sync, '))
    .addOption(maxWaitOption('10m'))
    .option('--json', 'print the counts as JSON, also if the import stops because a cache lags');
  return withDeploymentOptions(command)
    .addHelpText(
      'after',
      `
Without --id, each record is one of freshet export: its data is put under its id. The owner assigns the versions. Deleted
entities are left out: delete them at the owner if they exist there.
A CSV cell is text. If the schema needs another type, the cell is read as JSON (2, true, ["a","b"]).
A record is rejected if it is not in the encoding of the file, if it gives a key twice, if a number in it would be
rounded (write long numbers and ids in quotes), or if its id was in the file before. A file may be compressed with gzip.
After an interruption, run the command again: it leaves the entities that it already put unchanged.
With --sync, the command first reads the whole file and prints how many entities would be created, changed and deleted.
It asks before it deletes, and deletes an entity only if nobody changed it since. If a record is rejected or the file
ends early, it deletes nothing.
${FLOW_CONTROL_HELP} The import then stops early.
${deploymentHelp(['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'])}
Examples:
  $ ${typed('import Currency currencies.ndjson --id code')}
  $ ${typed('import Currency export.ndjson')}
  $ ${typed('import City cities.csv.gz --id geonameid --delimiter tab --sync --dry-run')}

Exit codes:
  0    all records are put
  1    records were rejected, entities were not deleted, you did not confirm, or something failed
  2    the input can't be read, or --sync would delete too many entities
  75   the import stopped early because a cache lags: run the command again later
  130  interrupted`,
    )
    .action(async (type: string, file: string, options: ImportOptions) => {
      const read = readOptions(file, options);
      if (options.maxDeletes !== undefined && !options.sync) {
        throw new UsageError('--max-deletes: --sync is not given. Allowed: only with --sync.');
      }
      const access = options.dryRun ? 'read' : 'write';
      io.exitCode = await inDeployment(io, options, (work) => importFile(work, type, file, options, read), access);
    });
}

async function importFile(
  work: Work,
  type: string,
  file: string,
  options: ImportOptions,
  read: FileWork['read'],
): Promise<number> {
  const source = await work.deployment.ownerOf(type);
  const contract = ownedContract(source.boundary, type);
  assertNotAdopted(contract);
  const { id, keepId = false, maxWait: maxWaitMs } = options;
  const mapping = id === undefined ? ('export' as const) : { idField: id, keepId };
  const job: FileWork = { ...work, file, read, contract, mapping, writers: WRITERS, maxWaitMs };
  if (options.sync || options.dryRun) return planAndSync(job, source, options);
  const { owner } = source;
  const { signal } = work;
  const result = await throughFile(job, 'records', (from) =>
    importRows({ ...from, owner, writers: WRITERS, maxWaitMs, signal }),
  );
  return conclude(work, { ...result, deleted: 0, kept: 0 }, options);
}
