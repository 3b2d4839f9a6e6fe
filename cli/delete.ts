import { Command } from 'commander';
import { entityName } from '../core/entity.ts';
import { EXIT } from './errors.ts';
import { expectedVersionOption } from './expected-version.ts';
import { connect, ownerOf } from './session.ts';

/** `freshet delete TYPE ID`: commits a deletion at the entity's owner. */
export function deleteCommand(): Command {
  return new Command('delete')
    .summary('delete an entity at its owner')
    .description(
      'Deletes an entity at its owner, as its next version; the caches learn of it as of any change. The version counter stays.',
    )
    .argument('<type>', 'entity type, such as Country')
    .argument('<id>', 'entity id, such as FR; one that begins with a dash goes after --')
    .addOption(expectedVersionOption('delete only if the entity is at this version'))
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExit codes: 0 deleted, or deleted before, 3 unknown, 2 refused and nothing written, 1 something failed.',
    )
    .action(async (type: string, id: string, options: { expectedVersion?: number; json?: boolean }) => {
      const session = await connect();
      try {
        const { owner, boundary } = ownerOf(session, type);
        const result = await owner.delete(type, id, { expectedVersion: options.expectedVersion });
        const name = `${boundary.name}: ${entityName(result.entity)}`;
        const line =
          result.outcome === 'unknown'
            ? `${name} never existed`
            : `${name} ${result.outcome === 'deleted' ? 'deleted' : 'was deleted before'}, version ${result.version}`;
        process.stdout.write(`${options.json ? JSON.stringify(result) : line}\n`);
        process.exitCode = result.outcome === 'unknown' ? EXIT.absent : EXIT.ok;
      } finally {
        session.close();
      }
    });
}
