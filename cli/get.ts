import { Command } from 'commander';
import type { Readiness } from 'freshet-aws/internal/adapters/read/readiness';
import { entityName } from 'freshet-aws/internal/core/entity';
import type { CachedEntity } from 'freshet-aws/internal/core/read/read';
import { EXIT } from './errors.ts';
import { atLeastVersionOption } from './expected-version.ts';
import { withSession } from './in-session.ts';
import { durationOf, shortMilliseconds } from './numbers.ts';
import { cacheNamed } from './session.ts';

/** `freshet get CACHE TYPE ID`: reads an entity from a cache, without its owner. */
export function getCommand(): Command {
  return new Command('get')
    .summary('read an entity from a cache')
    .description(
      'Reads an entity from a local cache: its value, its version, when its owner committed that, and how stale it may be. The owner is not asked.',
    )
    .argument('<cache>', 'cache, such as ordering')
    .argument('<type>', 'entity type, such as Country')
    .argument('<id>', 'entity id, such as FR; one that begins with a dash goes after --')
    .option('--max-staleness <time>', 'refuse an answer that may be staler, such as 90s', durationOf('--max-staleness'))
    .addOption(atLeastVersionOption('refuse an answer of an older version'))
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Example:
  $ npm run -s freshet -- get ordering Country FR --json

In JSON a stalenessMs of null means that nothing is known of it: no heartbeat of the type's owner has come through yet.

Exit codes: 0 found, 3 deleted or unknown, 2 no such cache, type or id, 75 the cache can't give it that fresh: try again later, 1 something
failed.`,
    )
    .action(async (cache: string, type: string, id: string, options: AskedFor) => {
      process.exitCode = await get(cache, type, id, options);
    });
}

interface AskedFor {
  /** Milliseconds. */
  readonly maxStaleness?: number;
  readonly atLeastVersion?: number;
  readonly json?: boolean;
}

async function get(cache: string, type: string, id: string, asked: AskedFor): Promise<number> {
  return withSession(async (session) => {
    const { reader } = cacheNamed(session, cache);
    const { atLeastVersion, json } = asked;
    const [entity, readiness] = await Promise.all([
      reader.get(type, id, { atLeastVersion, maxStalenessMs: asked.maxStaleness }),
      reader.readiness(type),
    ]);
    const { status } = readiness;
    process.stdout.write(
      `${json ? JSON.stringify({ ...entity, readiness: status }) : describe(cache, type, entity, status)}\n`,
    );
    return entity.status === 'found' ? EXIT.ok : EXIT.absent;
  });
}

/** What "unknown" means depends on it: until a type is filled, it may only mean not yet. */
const FILLED: Readonly<Record<Readiness['status'], string>> = {
  empty: 'not backfilled',
  filling: 'being backfilled',
  ready: 'backfilled',
};

function describe(cache: string, type: string, entity: CachedEntity, status: Readiness['status']): string {
  const name = `${cache}: ${entityName({ type, id: entity.id })}`;
  const { stalenessMs } = entity;
  const stale = Number.isFinite(stalenessMs) ? `at most ${shortMilliseconds(stalenessMs)}` : 'unknown';
  const filled = `(${type} here: ${FILLED[status]}, staleness ${stale})`;
  switch (entity.status) {
    case 'unknown':
      return `${name} is unknown: no version of it has arrived here ${filled}`;
    case 'deleted':
      return `${name} was deleted, version ${entity.version}, changed at ${entity.changedAt} ${filled}`;
    case 'found':
      return `${name}, version ${entity.version}, changed at ${entity.changedAt} ${filled}\n${JSON.stringify(entity.value, undefined, 2)}`;
  }
}
