import { Command } from 'commander';
import { entityName } from 'freshet-aws/internal/core/entity';
import { BACKPRESSURE_HELP, writeOnce } from './backpressure.ts';
import { EXIT } from './errors.ts';
import { withSession } from './in-session.ts';
import { ownerOf } from './session.ts';
import { commitOptions, type WriteOptions, withWriteOptions } from './write-options.ts';

/** `freshet delete TYPE ID`: commits a deletion at the entity's owner. */
export function deleteCommand(): Command {
  const command = new Command('delete')
    .summary('delete an entity at its owner')
    .description(
      'Deletes an entity at its owner, as its next version; the caches learn of it as of any change. The version counter stays.',
    )
    .argument('<type>', 'entity type, such as Country')
    .argument('<id>', 'entity id, such as FR; one that begins with a dash goes after --');
  return withWriteOptions(command, 'delete only if the entity is at this version')
    .addHelpText(
      'after',
      `${BACKPRESSURE_HELP}

Exit codes: 0 deleted, or deleted before, 3 unknown, 2 refused and nothing written, 75 a cache lags and nothing was written: try again later,
1 something failed, 130 interrupted while waiting.`,
    )
    .action(async (type: string, id: string, options: WriteOptions) => {
      process.exitCode = await deleteEntity(type, id, options);
    });
}

async function deleteEntity(type: string, id: string, options: WriteOptions): Promise<number> {
  return withSession(async (session) => {
    const { owner, boundary } = ownerOf(session, type);
    return writeOnce(async (signal) => {
      const result = await owner.delete(type, id, commitOptions(options, signal));
      const name = `${boundary.name}: ${entityName(result.entity)}`;
      const line =
        result.outcome === 'unknown'
          ? `${name} never existed`
          : `${name} ${result.outcome === 'deleted' ? 'deleted' : 'was deleted before'}, version ${result.version}`;
      process.stdout.write(`${options.json ? JSON.stringify(result) : line}\n`);
      return result.outcome === 'unknown' ? EXIT.absent : EXIT.ok;
    }, options);
  });
}
