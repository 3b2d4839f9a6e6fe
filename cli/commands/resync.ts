import { Command } from 'commander';
import { type EntityRef, entityName, entityRef } from 'freshet-aws/internal/core/entity';
import { resyncToken } from '../clients/resync-token.ts';
import type { Deployment, FoundCache } from '../deployment/deployment.ts';
import { EXIT, UsageError } from '../errors.ts';
import { interrupted, pause } from '../interrupt.ts';
import type { CommandIo } from '../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../options/deployment-options.ts';
import { integerOf } from '../options/parse.ts';
import { typed } from '../output/typed.ts';
import { inDeployment, type Work } from '../work.ts';

interface ResyncOptions extends DeploymentOptions {
  /** Seconds; `true` stands for the default. */
  readonly wait?: number | true;
  readonly json?: boolean;
}

const DEFAULT_WAIT_SECONDS = 30;

/** Time between two checks of whether a cache has the version. */
const LOOK_MS = 100;

/** `freshet resync TYPE ID`: has the owner publish an entity again. */
export function resyncCommand(io: CommandIo): Command {
  return withDeploymentOptions(new Command('resync'))
    .summary("publish an entity's whole state again")
    .description(
      'Makes the owner publish the current state of an entity again. All caches receive it, in order with the other ' +
        "changes of the entity. The entity's version stays the same.",
    )
    .argument('<type>', 'entity type, such as Country')
    .argument('<id>', 'entity id, such as FR; if the id begins with a dash, put -- before it')
    .option(
      '--wait [seconds]',
      `wait until every cache that keeps the type has the version, at most this long; default ${DEFAULT_WAIT_SECONDS}`,
      integerOf('--wait', 1, 3_600),
    )
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `${deploymentHelp(['dynamodb:GetItem', 'dynamodb:UpdateItem'])}
Exit codes:
  0    the publication is requested; with --wait: every cache has the version
  1    something failed; or with --wait: some cache does not have the version yet
  2    the type or the entity is unknown, or the id is invalid
  130  interrupted`,
    )
    .action(async (type: string, id: string, options: ResyncOptions) => {
      io.exitCode = await inDeployment(io, options, (work) => resync(work, type, id, options), 'write');
    });
}

async function resync(
  { io, deployment, signal }: Work,
  type: string,
  id: string,
  options: ResyncOptions,
): Promise<number> {
  const entity = entityRef(type, id);
  const owner = await deployment.holderOf(entity);
  const owned = await owner?.records.get(entity);
  if (owner === undefined || owned === undefined) return unknownEntity(deployment, entity, options);
  const { name } = owner;
  const { version } = owned;
  await owner.records.resync(entity, resyncToken());
  const wait = options.wait === true ? DEFAULT_WAIT_SECONDS : (options.wait ?? 0);
  const keepers = wait === 0 ? [] : await keepersOf(deployment, entity);
  const without = wait === 0 ? [] : await cachesWithout(keepers, type, id, version, wait, signal);
  if (options.json) io.stdout.write(`${JSON.stringify({ entity, version, without })}\n`);
  else io.stdout.write(`${name}: the publication of ${entityName(entity)} version ${version} is requested\n`);
  if (signal.aborted) return interrupted(io);
  for (const cache of without) {
    io.stderr.write(
      `${cache} does not have version ${version} after ${wait} s. To find out why: ` +
        `${typed('why', options, [cache, type, id])}\n`,
    );
  }
  if (wait > 0 && without.length === 0 && !options.json) {
    const names = keepers.map((cache) => cache.name).join(', ');
    io.stdout.write(names === '' ? `no cache keeps ${type}\n` : `arrived in ${names}\n`);
  }
  return without.length > 0 ? EXIT.failed : EXIT.ok;
}

/** Says why no owner has an entity: its type is unknown, or the entity is. */
async function unknownEntity({ ownerOf }: Deployment, entity: EntityRef, on: DeploymentOptions): Promise<never> {
  const owner = await ownerOf(entity.type).catch((error: unknown) => {
    // Without the contracts, nothing says which owner has the type.
    if (error instanceof UsageError) return undefined;
    throw error;
  });
  throw new UsageError(
    `id: ${owner?.name ?? 'no owner in this deployment'} has ${owner ? 'never' : 'ever'} had ${entityName(entity)}. To ` +
      `delete it from a cache that has it: ${typed('reconcile --delete-unknown CACHE', on, [entity.type])}`,
  );
}

/** The caches that keep the type. Where their contracts can't be loaded, those that have the entity already. */
async function keepersOf({ caches }: Deployment, entity: EntityRef): Promise<readonly FoundCache[]> {
  const keep = await Promise.all(
    caches.map(async ({ types, records }) => {
      const known = await types();
      return known?.includes(entity.type) ?? (await records.get(entity)) !== undefined;
    }),
  );
  return caches.filter((_, index) => keep[index]);
}

/** Waits for the version or a later one, and returns the caches that have neither when the time is up. */
async function cachesWithout(
  caches: readonly FoundCache[],
  type: string,
  id: string,
  version: number,
  seconds: number,
  signal: AbortSignal,
): Promise<string[]> {
  const deadline = Date.now() + seconds * 1000;
  let left = caches;
  for (;;) {
    const held = await Promise.all(left.map(({ records }) => records.get({ type, id })));
    left = left.filter((_, index) => (held[index]?.version ?? 0) < version);
    if (left.length === 0 || signal.aborted || Date.now() >= deadline) return left.map((cache) => cache.name);
    await pause(LOOK_MS, signal);
  }
}
