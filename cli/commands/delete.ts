import { Command } from 'commander';
import { assertNotAdopted, ownedContract } from 'freshet-aws/internal/core/contract/define-boundary';
import { entityName, entityRef } from 'freshet-aws/internal/core/entity';
import { EXIT } from '../errors.ts';
import type { CommandIo } from '../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../options/deployment-options.ts';
import { commitOptions, FLOW_CONTROL_HELP, type WriteOptions, withWriteOptions } from '../options/write-options.ts';
import { confirmed, yesOption } from '../output/confirm.ts';
import { inDeployment, type Work } from '../work.ts';
import { writeOnce } from '../write-once.ts';

interface DeleteOptions extends WriteOptions, DeploymentOptions {
  readonly yes?: boolean;
}

/** `freshet delete TYPE ID`: commits a deletion at the entity's owner. */
export function deleteCommand(io: CommandIo): Command {
  const command = new Command('delete')
    .summary('delete an entity at its owner')
    .description(
      "Deletes an entity at its owner. The deletion is the entity's next version, and caches receive it like any " +
        'other change. If the entity is created again, its versions continue from there.',
    )
    .argument('<type>', 'entity type, such as Country')
    .argument('<id>', 'entity id, such as FR; if the id begins with a dash, put -- before it');
  withDeploymentOptions(command);
  command.addOption(yesOption('on AWS, '));
  return withWriteOptions(command, 'delete only if the entity is at this version')
    .addHelpText(
      'after',
      `${FLOW_CONTROL_HELP}
${deploymentHelp(['dynamodb:GetItem', 'dynamodb:UpdateItem'])}
Exit codes:
  0    the entity is deleted, by this command or before
  1    you did not confirm, or something failed
  2    the input is invalid or was refused; nothing was written
  3    the entity never existed
  75   a cache lags, and nothing was written: try again later
  130  interrupted while waiting; nothing was written`,
    )
    .action(async (type: string, id: string, options: DeleteOptions) => {
      io.exitCode = await inDeployment(io, options, (work) => deleteEntity(work, type, id, options), 'write');
    });
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
