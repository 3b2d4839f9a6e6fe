import { Command } from 'commander';
import type { Readiness } from '../adapters/readiness.ts';
import { entityName } from '../core/entity.ts';
import type { CachedEntity } from '../core/read.ts';
import { EXIT } from './errors.ts';
import { cacheNamed, connect } from './session.ts';

/** `freshet get CACHE TYPE ID`: reads an entity from a cache, without its owner. */
export function getCommand(): Command {
  return new Command('get')
    .summary('read an entity from a cache')
    .description(
      'Reads an entity from a local cache: its value, its version and when its owner committed that. The owner is not asked.',
    )
    .argument('<cache>', 'cache, such as ordering')
    .argument('<type>', 'entity type, such as Country')
    .argument('<id>', 'entity id, such as FR; one that begins with a dash goes after --')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Example:
  $ npm run -s freshet -- get ordering Country FR --json

Exit codes: 0 found, 3 deleted or unknown, 2 no such cache, type or id, 1 something failed.`,
    )
    .action(async (cache: string, type: string, id: string, options: { json?: boolean }) => {
      process.exitCode = await get(cache, type, id, options.json ?? false);
    });
}

async function get(cache: string, type: string, id: string, json: boolean): Promise<number> {
  const session = await connect();
  try {
    const { reader } = cacheNamed(session, cache);
    const [entity, readiness] = await Promise.all([reader.get(type, id), reader.readiness(type)]);
    const { status } = readiness;
    process.stdout.write(
      `${json ? JSON.stringify({ ...entity, readiness: status }) : describe(cache, type, entity, status)}\n`,
    );
    return entity.status === 'found' ? EXIT.ok : EXIT.absent;
  } finally {
    session.close();
  }
}

/** What "unknown" means depends on it: until a type is filled, it may only mean not yet. */
const FILLED: Readonly<Record<Readiness['status'], string>> = {
  empty: 'not backfilled',
  filling: 'being backfilled',
  ready: 'backfilled',
};

function describe(cache: string, type: string, entity: CachedEntity, status: Readiness['status']): string {
  const name = `${cache}: ${entityName({ type, id: entity.id })}`;
  const filled = `(${type} here: ${FILLED[status]})`;
  switch (entity.status) {
    case 'unknown':
      return `${name} is unknown: no version of it has arrived here ${filled}`;
    case 'deleted':
      return `${name} was deleted, version ${entity.version}, changed at ${entity.changedAt} ${filled}`;
    case 'found':
      return `${name}, version ${entity.version}, changed at ${entity.changedAt} ${filled}\n${JSON.stringify(entity.value, undefined, 2)}`;
  }
}
