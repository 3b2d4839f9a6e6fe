import { Command, Option } from 'commander';
import { assertNotAdopted, ownedContract } from 'freshet-aws/internal/core/contract/define-boundary';
import { BackpressureError } from 'freshet-aws/internal/core/govern/admit';
import type { Deployment } from '../../deployment/deployment.ts';
import { findDeployment } from '../../deployment/find.ts';
import { EXIT, UsageError } from '../../errors.ts';
import type { CommandIo } from '../../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../../options/deployment-options.ts';
import { FLOW_CONTROL_HELP, maxWaitOption } from '../../options/write-options.ts';
import { type Progress, progressBar } from '../../output/progress.ts';
import { typed } from '../../output/typed.ts';
import { explained } from '../../work.ts';
import { refusalJson } from '../../write-once.ts';
import { type ImportCounts, type ImportResult, importRows } from './import-rows.ts';
import { formatOf, type Input, openInput } from './input.ts';
import { FORMATS, type Format, readRows } from './rows.ts';

interface ImportOptions extends DeploymentOptions {
  readonly id?: string;
  readonly keepId?: boolean;
  readonly format?: Format;
  /** Milliseconds. */
  readonly maxWait: number;
  readonly json?: boolean;
}

/** Concurrent puts: enough to keep the owner's table busy, and not too many for one client process. */
const WRITERS = 32;

/** `freshet import TYPE FILE`: puts many entities at their owner. */
export function importCommand(io: CommandIo): Command {
  return withDeploymentOptions(new Command('import'))
    .summary('put many entities from a file at their owner')
    .description(
      'Puts each entity of a file at its owner. If the owner refuses an entity, the command prints its line and the ' +
        'reason, and continues.',
    )
    .argument('<type>', 'entity type, such as Currency')
    .argument('<file>', 'NDJSON (one object a line), a JSON array, or CSV with a header; - is standard input')
    .option(
      '--id <field>',
      'the field that holds the id; it is left out of the state; default: the file is from freshet export',
    )
    .option('--keep-id', 'keep the id field in the state')
    .addOption(
      new Option('--format <format>', 'format of the file; default: its extension, or ndjson').choices(FORMATS),
    )
    .addOption(maxWaitOption('10m'))
    .option('--json', 'print the counts as JSON, also if the import stops because a cache lags')
    .addHelpText(
      'after',
      `
Without --id, each row is a line of freshet export: its data is put under its id. The owner assigns the versions. Deleted
entities are left out: delete them at the owner if they exist there.
A CSV cell is text. If the schema needs another type, the cell is read as JSON (2, true, ["a","b"]).
A row is rejected if it is not UTF-8, or if a number in it would be rounded: write long numbers and ids in quotes.
After an interruption, run the command again: it leaves the entities that it already put unchanged.
${FLOW_CONTROL_HELP} The import then stops early.
${deploymentHelp(['dynamodb:GetItem', 'dynamodb:UpdateItem'])}
Examples:
  $ ${typed('import Currency currencies.ndjson --id code')}
  $ ${typed('import Currency export.ndjson')}

Exit codes:
  0    all rows are put
  1    rows were rejected, or something failed
  2    the input can't be read
  75   the import stopped early because a cache lags: run the command again later
  130  interrupted`,
    )
    .action(async (type: string, file: string, options: ImportOptions) => {
      io.exitCode = await importFile(io, type, file, options);
    });
}

async function importFile(io: CommandIo, type: string, file: string, options: ImportOptions): Promise<number> {
  const format = options.format ?? formatOf(file);
  if (options.id === undefined && format === 'csv') {
    throw new UsageError('--id: missing. Required for CSV: the column that holds the id.');
  }
  const input = await openInput(io, file);
  const show = progressBar(io, input.totalBytes, 'rows');
  const stop = new AbortController();
  let deployment: Deployment | undefined;
  let off = () => {};
  try {
    deployment = await findDeployment(io, options, {
      access: 'write',
      onWait: io.stderr.isTTY ? show.note : undefined,
    });
    off = io.onSignal(['SIGINT'], () => {
      stop.abort();
      input.close();
    });
    const result = await importInput(deployment, type, options, { input, format, show }, stop.signal);
    show.end();
    return conclude(io, result, stop.signal.aborted, options.json ?? false);
  } catch (error) {
    throw deployment === undefined ? error : explained(deployment, options, error);
  } finally {
    show.end();
    off();
    input.close();
    deployment?.close();
  }
}

async function importInput(
  deployment: Deployment,
  type: string,
  options: ImportOptions,
  { input, format, show }: { readonly input: Input; readonly format: Format; readonly show: Progress },
  signal: AbortSignal,
): Promise<ImportResult> {
  const { owner, boundary } = await deployment.ownerOf(type);
  assertNotAdopted(ownedContract(boundary, type));
  return importRows({
    owner,
    contract: ownedContract(boundary, type),
    rows: readRows(input.chunks, format),
    mapping: options.id === undefined ? 'export' : { idField: options.id, keepId: options.keepId ?? false },
    writers: WRITERS,
    maxWaitMs: options.maxWait,
    signal,
    onReject: (place, problem) => show.note(`${place}: ${problem}`),
    onProgress: ({ created, changed, unchanged, rejected, leftOut }) =>
      show.update(input.bytesRead(), created + changed + unchanged + rejected + leftOut, `${rejected} rejected`),
  });
}

function conclude(
  { stdout, stderr }: CommandIo,
  { failure, ...counts }: ImportResult,
  interrupted: boolean,
  json: boolean,
): number {
  const refusal = failure instanceof BackpressureError ? { refusal: refusalJson(failure) } : {};
  stdout.write(`${json ? JSON.stringify({ ...counts, interrupted, ...refusal }) : summary(counts)}\n`);
  if (failure !== undefined) {
    stderr.write('the import stopped early; run the command again when the cause of this error is gone:\n');
    throw failure;
  }
  if (interrupted) {
    stderr.write('interrupted; run the command again to continue\n');
    return EXIT.interrupted;
  }
  return counts.rejected > 0 ? EXIT.failed : EXIT.ok;
}

function summary({ created, changed, unchanged, rejected, leftOut }: ImportCounts): string {
  const counts = `${created} created, ${changed} changed, ${unchanged} unchanged, ${rejected} rejected`;
  return leftOut === 0 ? counts : `${counts}, ${leftOut} deleted entities left out`;
}
