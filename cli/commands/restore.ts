import { Command } from 'commander';
import { EPOCH_SIZE } from 'freshet-aws/internal/core/entity';
import { MAX_PAGE_SIZE } from 'freshet-aws/internal/core/read/read';
import { compareWithBar } from '../compare/compare-with-bar.ts';
import { type Differing, describeDiffering, stillDiffering } from '../compare/differences.ts';
import { adoptedAdvice, burialConfirmed, repairDifferences, unownedOf, untilSettled } from '../compare/repair.ts';
import type { Deployment, OpenCache, OpenOwner } from '../deployment/deployment.ts';
import { EXIT, UsageError } from '../errors.ts';
import { interrupted } from '../interrupt.ts';
import type { CommandIo } from '../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../options/deployment-options.ts';
import { confirmed, yesOption } from '../output/confirm.ts';
import { progressBar } from '../output/progress.ts';
import { typed } from '../output/typed.ts';
import { inDeployment, type Work } from '../work.ts';

interface RestoreOptions extends DeploymentOptions {
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** Number of entities to lift at the same time. */
const LIFTS_AT_ONCE = 16;

/** How long to wait while no further difference disappears. */
const PATIENCE_MS = 60_000;

/** `freshet restore OWNER`: brings the caches in line with an owner whose table was restored from a backup. */
export function restoreCommand(io: CommandIo): Command {
  return withDeploymentOptions(new Command('restore'))
    .summary("bring the caches in line after an owner's table was restored from a backup")
    .description(
      "Run this command as step 5 of a restore, after you restored the owner's table and raised its epoch: see " +
        'docs/restore.md. It raises (lifts) the version of every entity into the new epoch, so that the caches ' +
        'accept the restored states. It also deletes the entities that caches received after the backup and that ' +
        'the owner no longer has.',
    )
    .argument('<owner>', 'owner, such as geography')
    .addOption(yesOption())
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
You can interrupt and repeat the command: it leaves an entity that is already in the new epoch unchanged. It asks
before the first write, and before it deletes entities that only caches have. It compares only the caches of this
deployment: name the stacks of all caches with --stack.
${deploymentHelp(['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'])}
Exit codes:
  0    every cache of the deployment equals the owner
  1    some caches do not equal the owner yet, the deployment has no cache of the owner, you did not confirm, or
       something failed
  2    the owner is unknown, or its epoch was not raised since the restore
  130  interrupted`,
    )
    .action(async (name: string, options: RestoreOptions) => {
      io.exitCode = await inDeployment(io, options, (work) => restore(work, name, options), 'write');
    });
}

/** What a restore has done. */
interface Counts {
  lifted: number;
  unchanged: number;
  buried: number;
}

async function restore(work: Work, name: string, options: RestoreOptions): Promise<number> {
  const { deployment, signal } = work;
  const source = await deployment.ownerNamed(name);
  if (source.boundary.epoch === 0) {
    throw new UsageError(
      `epoch: the epoch of ${name} is 0, which means that its table was never restored. Add "epoch: 1" to its ` +
        'contracts (raise it by one after each restore), deploy, then run the command again: see docs/restore.md.',
    );
  }
  const types = Object.keys(source.boundary.owns);
  // Found before the long work, because this needs the contracts of every cache.
  const kept = await keepers(deployment, types);
  if (!(await restoreConfirmed(work, source, kept, options.yes ?? false))) return EXIT.failed;
  const counts: Counts = { lifted: 0, unchanged: 0, buried: 0 };
  for (const type of types) await liftType(work, source, type, counts);
  const left: string[] = [];
  const adopted: Differing[] = [];
  for (const { cache, type } of kept) {
    if (signal.aborted) break;
    const { buried, differing } = await settle(work, cache, type, options.yes ?? false);
    counts.buried += buried;
    left.push(...differing.map((one) => `${cache.name}: ${describeDiffering(one)}`));
    adopted.push(...(await unownedOf(work, differing)).adopted);
  }
  return conclude(work, source, counts, { left, adopted, compared: namesOf(kept) }, options);
}

/** Asks before the first write. The deletions are asked for again, when their number is known. */
async function restoreConfirmed(work: Work, { name, boundary }: OpenOwner, kept: readonly Keeper[], yes: boolean) {
  const caches = namesOf(kept).join(', ') || 'no cache of this deployment';
  const question =
    `Raise every entity of ${name} into epoch ${boundary.epoch}, and delete what the owner no longer has from ` +
    `${caches}? Export first what you still need.`;
  const isConfirmed = await confirmed(work, question, yes);
  if (!isConfirmed) work.io.stderr.write('nothing was changed\n');
  return isConfirmed;
}

function conclude(
  { io, signal }: Work,
  { name, boundary }: OpenOwner,
  counts: Counts,
  {
    left,
    adopted,
    compared,
  }: { readonly left: readonly string[]; readonly adopted: readonly Differing[]; readonly compared: readonly string[] },
  options: RestoreOptions,
): number {
  const { json } = options;
  if (json) io.stdout.write(`${JSON.stringify({ owner: name, ...counts, compared, left })}\n`);
  else {
    const { lifted, unchanged, buried } = counts;
    io.stdout.write(
      `${name}: ${lifted} entities lifted into epoch ${boundary.epoch}, ${unchanged} already in it, ${buried} ` +
        'deleted because only caches had them\n',
    );
  }
  if (signal.aborted) return interrupted(io);
  if (!json) for (const line of left) io.stdout.write(`  ${line}\n`);
  if (compared.length === 0) {
    io.stderr.write(
      `no cache in this deployment keeps a type of ${name}, so none was compared. Run the command again with the ` +
        'stacks of the caches in --stack.\n',
    );
    return EXIT.failed;
  }
  if (left.length > 0) {
    for (const line of adoptedAdvice(adopted, name, options)) io.stderr.write(`${line}\n`);
    const compare = typed('reconcile --dry-run CACHE', options);
    io.stderr.write(`some entities still differ. Run the command again, or compare a cache: ${compare}\n`);
    return EXIT.failed;
  }
  if (!json) io.stdout.write(`compared: ${compared.join(', ')}. Every one of these caches equals its owner\n`);
  return EXIT.ok;
}

/** A cache with a type of the owner that it keeps. */
interface Keeper {
  readonly cache: OpenCache;
  readonly type: string;
}

function namesOf(kept: readonly Keeper[]): string[] {
  return [...new Set(kept.map(({ cache }) => cache.name))];
}

/** Returns a pair for each cache and each of the types that the cache keeps. */
async function keepers(deployment: Deployment, types: readonly string[]): Promise<readonly Keeper[]> {
  const caches = await Promise.all(deployment.caches.map((cache) => cache.open()));
  return caches.flatMap((cache) =>
    types.filter((type) => Object.hasOwn(cache.boundary.caches, type)).map((type) => ({ cache, type })),
  );
}

async function liftType(
  { io, signal }: Work,
  { owner, boundary }: OpenOwner,
  type: string,
  counts: Counts,
): Promise<void> {
  const total = await owner.count(type);
  const show = progressBar(io, total, `${type} entities`);
  const running = new Set<Promise<void>>();
  let done = 0;
  try {
    for await (const owned of owner.listAll(type, { pageSize: MAX_PAGE_SIZE })) {
      if (signal.aborted) break;
      const isLifted = owned.version >= boundary.epoch * EPOCH_SIZE;
      const work = (isLifted ? Promise.resolve('unchanged' as const) : owner.lift(owned))
        .then((outcome) => {
          counts[outcome] += 1;
          done += 1;
          show.update(done, done);
        })
        .finally(() => running.delete(work));
      running.add(work);
      if (running.size >= LIFTS_AT_ONCE) await Promise.race(running);
    }
    await Promise.all(running);
  } finally {
    show.end();
  }
}

/**
 * Throws if an entity is still ahead of its owner after every entity was lifted. The entity was then published in this
 * epoch, so the table was restored after the epoch was raised.
 */
async function refuseAhead(
  { deployment, signal }: Work,
  cache: OpenCache,
  differing: readonly Differing[],
): Promise<void> {
  const suspected = differing.filter(({ difference }) => difference === 'ahead');
  // A commit during the comparison looks the same, but a second comparison finds the entity equal.
  const ahead = (await stillDiffering(deployment, cache, suspected, signal)).filter(
    ({ difference }) => difference === 'ahead',
  );
  const [first] = ahead;
  if (first === undefined) return;
  throw new UsageError(
    `epoch: ${ahead.length} entities in ${cache.name} are still ahead of their owner after the lift, for example: ` +
      `${describeDiffering(first)}. Raise the epoch in the owner's contracts by one for this restore, deploy, then ` +
      'run the command again: see docs/restore.md.',
  );
}

/** Makes the owner delete the entities that only the cache has, and waits until the cache equals the owner. */
async function settle(
  work: Work,
  cache: OpenCache,
  type: string,
  yes: boolean,
): Promise<{ readonly buried: number; readonly differing: readonly Differing[] }> {
  const { differing } = await compareWithBar(work, cache, type);
  await refuseAhead(work, cache, differing);
  const { buriable, adopted } = await unownedOf(work, differing);
  const buried = (await burialConfirmed(work, buriable.length, yes)) ? buriable : [];
  await repairDifferences(work, buried);
  const { deployment, signal } = work;
  // Nothing here makes the caches delete the adopted ones, so they aren't waited for.
  const awaited = differing.filter((one) => !adopted.includes(one));
  const left = await untilSettled(deployment, cache, awaited, { signal, patienceMs: PATIENCE_MS });
  const still = await stillDiffering(deployment, cache, adopted, signal);
  return { buried: buried.length, differing: [...left, ...still] };
}
