import { Command } from 'commander';
import { assertNotAdopted, ownedContract } from 'freshet-aws/internal/core/contract/define-boundary';
import { entityName, entityRef } from 'freshet-aws/internal/core/entity';
import { EXIT, UsageError } from '../errors.ts';
import { type FileOptions, readOptions, withFileOptions } from '../files/options.ts';
import type { CommandIo } from '../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../options/deployment-options.ts';
import { commitOptions, FLOW_CONTROL_HELP, type WriteOptions, withWriteOptions } from '../options/write-options.ts';
import { confirmed, yesOption } from '../output/confirm.ts';
import { typed } from '../output/typed.ts';
import { inDeployment, type Work } from '../work.ts';
import { writeOnce } from '../write-once.ts';
import { deleteFrom } from './delete-from.ts';

interface DeleteOptions extends WriteOptions, DeploymentOptions, FileOptions {
  readonly from?: string;
  readonly id: string;
  readonly yes?: boolean;
}

/** `freshet delete TYPE ID`: commits a deletion at the entity's owner; with `--from`, many of them. */
export function deleteCommand(io: CommandIo): Command {
  const command = new Command('delete')
    .summary('delete an entity, or the entities of a file, at their owner')
    .description(
      "Deletes an entity at its owner. The deletion is the entity's next version, and caches receive it like any " +
        'other change. If the entity is created again, its versions continue from there.',
    )
    .argument('<type>', 'entity type, such as Country')
    .argument('[id]', 'entity id, such as FR; if the id begins with a dash, put -- before it')
    .option('--from <file>', 'delete the entities whose ids are in a file; - is standard input')
    .option('--id <field>', 'the field of the file that holds the id', 'id');
  withFileOptions(command);
  withDeploymentOptions(command);
  command.addOption(yesOption('on AWS, '));
  return withWriteOptions(command, 'delete only if the entity is at this version')
    .addHelpText(
      'after',
      `
With --from, the file is NDJSON, a JSON array or CSV with a header, as for freshet import; a file of freshet export has
its ids in the field id. The command prints each record that is rejected, and continues.
${FLOW_CONTROL_HELP}
${deploymentHelp(['dynamodb:GetItem', 'dynamodb:UpdateItem'])}
Examples:
  $ ${typed('delete Country FR')}
  $ ${typed('delete Country --from gone.csv --id code')}

Exit codes:
  0    the entities are deleted, by this command or before
  1    you did not confirm, records were rejected, or something failed
  2    the input is invalid or was refused
  3    an entity never existed
  75   a cache lags, and the write was refused: try again later
  130  interrupted`,
    )
    .action(async (type: string, id: string | undefined, options: DeleteOptions) => {
      const run = deletion(type, id, options);
      io.exitCode = await inDeployment(io, options, run, 'write');
    });
}

/** What the arguments ask for. @throws UsageError if they contradict each other */
function deletion(type: string, id: string | undefined, options: DeleteOptions): (work: Work) => Promise<number> {
  const { from: file, maxWait: maxWaitMs, priority = false, yes = false, json = false } = options;
  if (id !== undefined && file === undefined) return (work) => deleteEntity(work, type, id, options);
  if (file === undefined) throw new UsageError('no entity given. Pass its id, or a file of ids: --from FILE.');
  if (id !== undefined) throw new UsageError('an id and --from are both given. Pass only one of them.');
  if (options.expectedVersion !== undefined) {
    throw new UsageError('--expected-version: --from is given. Allowed: only for one entity.');
  }
  const read = readOptions(file, options);
  return (work) => deleteFrom(work, { type, file, read, idField: options.id, maxWaitMs, priority, yes, json });
}

async function deleteEntity(work: Work, type: string, id: string, options: DeleteOptions): Promise<number> {
  const { io, deployment } = work;
  const { owner, name, boundary } = await deployment.ownerOf(type);
  assertNotAdopted(ownedContract(boundary, type));
  const question = `Delete ${entityName(entityRef(type, id))} at ${name}?`;
  if (!(await confirmed(work, question, deployment.isLocal || (options.yes ?? false)))) {
    io.stderr.write('nothing was deleted\n');
    return EXIT.failed;
  }
  return writeOnce(
    io,
    async (signal) => {
      const result = await owner.delete(type, id, commitOptions(options, signal));
      const entity = `${name}: ${entityName(result.entity)}`;
      const line =
        result.outcome === 'unknown'
          ? `${entity} never existed`
          : `${entity} ${result.outcome === 'deleted' ? 'deleted' : 'was deleted before'}, version ${result.version}`;
      io.stdout.write(`${options.json ? JSON.stringify(result) : line}\n`);
      return result.outcome === 'unknown' ? EXIT.absent : EXIT.ok;
    },
    options,
  );
}
