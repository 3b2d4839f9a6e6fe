import { Command } from 'commander';
import type { Readiness } from 'freshet-aws/internal/adapters/read/readiness';
import { entityName } from 'freshet-aws/internal/core/entity';
import type { CachedEntity } from 'freshet-aws/internal/core/read/read';
import type { Deployment } from '../deployment/deployment.ts';
import { EXIT } from '../errors.ts';
import type { CommandIo } from '../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../options/deployment-options.ts';
import { durationOf } from '../options/parse.ts';
import { atLeastVersionOption } from '../options/versions.ts';
import { atMost } from '../output/numbers.ts';
import { typed } from '../output/typed.ts';
import { withDeployment } from '../work.ts';

interface GetOptions extends DeploymentOptions {
  /** Milliseconds. */
  readonly maxStaleness?: number;
  readonly atLeastVersion?: number;
  readonly json?: boolean;
}

/** `freshet get CACHE TYPE ID`: reads an entity from a cache. */
export function getCommand(io: CommandIo): Command {
  return withDeploymentOptions(new Command('get'))
    .summary('read an entity from a cache')
    .description(
      'Reads an entity from a local cache: its value, its version, the time when its owner committed the version, ' +
        'and its staleness. The command only reads the cache and sends nothing to the owner.',
    )
    .argument('<cache>', 'cache, such as ordering')
    .argument('<type>', 'entity type, such as Country')
    .argument('<id>', 'entity id, such as FR; if the id begins with a dash, put -- before it')
    .option(
      '--max-staleness <duration>',
      'fail if the entity may be staler than this, such as 90s',
      durationOf('--max-staleness'),
    )
    .addOption(atLeastVersionOption('fail if the cache has only an older version'))
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Example:
  $ ${typed('get ordering Country FR --json')}

In JSON, a stalenessMs of null means that the staleness is unknown: no heartbeat of the type's owner has arrived yet.
${deploymentHelp(['dynamodb:GetItem'])}
Exit codes:
  0   the entity was found
  1   something failed
  2   the cache or the type is unknown, or the id is invalid
  3   the entity is deleted or unknown
  75  the entity is too stale, or the version has not arrived: try again later`,
    )
    .action(async (cache: string, type: string, id: string, options: GetOptions) => {
      io.exitCode = await withDeployment(io, options, (deployment) => get(io, deployment, [cache, type, id], options));
    });
}

async function get(
  io: CommandIo,
  deployment: Deployment,
  [cache, type, id]: readonly [string, string, string],
  { atLeastVersion, maxStaleness, json }: GetOptions,
): Promise<number> {
  const { reader } = await deployment.cacheNamed(cache);
  const [entity, readiness] = await Promise.all([
    reader.get(type, id, { atLeastVersion, maxStalenessMs: maxStaleness }),
    reader.readiness(type),
  ]);
  const { status } = readiness;
  const result = json ? JSON.stringify({ ...entity, readiness: status }) : describe(cache, type, entity, status);
  io.stdout.write(`${result}\n`);
  return entity.status === 'found' ? EXIT.ok : EXIT.absent;
}

/** The progress of the backfill. Until it has ended, an entity that the cache doesn't know may exist at the owner. */
const FILLED: Readonly<Record<Readiness['status'], string>> = {
  empty: 'not filled yet',
  filling: 'being filled',
  ready: 'filled',
};

function describe(cache: string, type: string, entity: CachedEntity, status: Readiness['status']): string {
  const name = `${cache}: ${entityName({ type, id: entity.id })}`;
  const { stalenessMs } = entity;
  const stale = Number.isFinite(stalenessMs) ? atMost(stalenessMs) : 'unknown';
  const filled = `(${type} in this cache: ${FILLED[status]}, staleness ${stale})`;
  switch (entity.status) {
    case 'unknown':
      return `${name} is unknown: no version of it has arrived ${filled}`;
    case 'deleted':
      return `${name} was deleted, version ${entity.version}, changed at ${entity.changedAt} ${filled}`;
    case 'found':
      return [
        `${name}, version ${entity.version}, changed at ${entity.changedAt} ${filled}`,
        JSON.stringify(entity.value, undefined, 2),
      ].join('\n');
  }
}
