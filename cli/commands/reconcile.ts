import { Command } from 'commander';
import { DIFFERENCES, type Difference } from 'freshet-aws/internal/core/repair/compare';
import { compareWithBar } from '../compare/compare-with-bar.ts';
import { type Differing, describeDiffering } from '../compare/differences.ts';
import { burialConfirmed, isRepairable, repairDifferences, untilSettled } from '../compare/repair.ts';
import type { OpenCache } from '../deployment/deployment.ts';
import { keptTypes } from '../deployment/names.ts';
import { EXIT } from '../errors.ts';
import { interrupted } from '../interrupt.ts';
import type { CommandIo } from '../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../options/deployment-options.ts';
import { yesOption } from '../output/confirm.ts';
import { typed } from '../output/typed.ts';
import { inDeployment, type Work } from '../work.ts';

interface ReconcileOptions extends DeploymentOptions {
  readonly repair?: boolean;
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** How long to wait while no further difference is repaired. */
const PATIENCE_MS = 30_000;

/** `freshet reconcile CACHE [TYPE]`: compares a cache with its owners. */
export function reconcileCommand(io: CommandIo): Command {
  return withDeploymentOptions(new Command('reconcile'))
    .summary('compare a cache with its owners, and repair the differences')
    .description(
      'Compares every entity of a cache and of its owners: version, digest and the fields that the cache keeps. ' +
        "Reports each entity that is missing (in the cache), behind or ahead (of the owner's version), different (at " +
        'the same version) or unowned (in the cache, but not at the owner).',
    )
    .argument('<cache>', 'cache, such as ordering')
    .argument('[type]', 'entity type, such as Country; default: all types that the cache keeps')
    .option(
      '--repair',
      'make the owners publish again the entities that are missing or behind, and delete unowned entities; then ' +
        'wait until the cache equals its owners',
    )
    .addOption(yesOption())
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
If an entity is deleted at the owner and the cache no longer stores it, the two count as equal. --repair can't repair
an entity that is ahead, or that has another state at the same version: see docs/restore.md. It asks before it deletes
unowned entities.
${deploymentHelp(['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem (with --repair)'])}
Exit codes:
  0    the cache equals its owners; with --repair: after the repair
  1    something differs or failed
  2    the cache or the type is unknown
  130  interrupted`,
    )
    .action(async (cache: string, type: string | undefined, options: ReconcileOptions) => {
      const access = options.repair ? 'write' : 'read';
      io.exitCode = await inDeployment(io, options, (work) => reconcile(work, cache, type, options), access);
    });
}

async function reconcile(
  work: Work,
  name: string,
  only: string | undefined,
  options: ReconcileOptions,
): Promise<number> {
  const { io, deployment, signal } = work;
  const cache = await deployment.cacheNamed(name);
  const types = await keptTypes(deployment, cache, only);
  const counts: Record<string, Counts> = {};
  const differing: Differing[] = [];
  for (const type of types) {
    if (signal.aborted) break;
    const result = await compareWithBar(work, cache, type);
    counts[type] = countsOf(result.equal, result.differing);
    differing.push(...result.differing);
    if (!options.json) tell(io, name, type, counts[type], result.differing);
  }
  if (signal.aborted) return interrupted(io);
  const left = options.repair ? await repair(work, cache, differing, options) : differing;
  if (options.json) {
    const report = { cache: name, types: counts, differences: differing.map(asJson) };
    io.stdout.write(`${JSON.stringify({ ...report, ...(options.repair && { left: left.map(asJson) }) })}\n`);
  }
  if (signal.aborted) return interrupted(io);
  for (const line of advice(left, name, options)) io.stderr.write(`${line}\n`);
  return left.length > 0 ? EXIT.failed : EXIT.ok;
}

/** Repairs the differences that can be repaired, waits until they are gone, and returns those that are left. */
async function repair(
  work: Work,
  cache: OpenCache,
  differing: readonly Differing[],
  { json: quiet = false, yes = false }: ReconcileOptions,
): Promise<Differing[]> {
  const { io, deployment, signal } = work;
  const unowned = differing.filter((one) => one.difference === 'unowned' && isRepairable(one)).length;
  const buries = await burialConfirmed(work, unowned, yes);
  const isRepaired = (one: Differing) => isRepairable(one) && (buries || one.difference !== 'unowned');
  const repairable = differing.filter(isRepaired);
  await repairDifferences(work, repairable);
  const left = await untilSettled(deployment, cache, repairable, { signal, patienceMs: PATIENCE_MS });
  if (!quiet && !signal.aborted) {
    io.stdout.write(`${repairable.length - left.length} of ${differing.length} differences repaired\n`);
    for (const one of left) io.stdout.write(`  still differs: ${describeDiffering(one)}\n`);
    if (repairable.length === differing.length && left.length === 0) {
      io.stdout.write(`${cache.name} equals its owners\n`);
    }
  }
  return [...differing.filter((one) => !isRepaired(one)), ...left];
}

type Counts = Readonly<Record<'equal' | Difference, number>>;

function countsOf(equal: number, differing: readonly Differing[]): Counts {
  const counts = { equal, missing: 0, behind: 0, ahead: 0, different: 0, unowned: 0 };
  for (const { difference } of differing) counts[difference] += 1;
  return counts;
}

function tell(
  { stdout }: CommandIo,
  cache: string,
  type: string,
  counts: Counts,
  differing: readonly Differing[],
): void {
  const found = DIFFERENCES.filter((one) => counts[one] > 0).map((one) => `${counts[one]} ${one}`);
  stdout.write(`${cache} ${type}: ${[`${counts.equal} equal`, ...found].join(', ')}\n`);
  for (const one of differing) stdout.write(`  ${describeDiffering(one)}\n`);
}

function asJson({ entity, difference, ownerVersion, cacheVersion, stopped }: Differing): object {
  return { ...entity, difference, ownerVersion: ownerVersion ?? null, cacheVersion: cacheVersion ?? null, stopped };
}

/** What to do about the differences that are left. */
function advice(left: readonly Differing[], cache: string, options: ReconcileOptions): string[] {
  const { repair } = options;
  const lines: string[] = [];
  if (left.some(({ stopped }) => stopped)) {
    lines.push(`to release a stopped entity: ${typed(`release ${cache} TYPE ID`, options)}`);
  }
  if (left.some((one) => !one.stopped && !isRepairable(one))) {
    lines.push(
      '--repair cannot repair entities that are ahead or different. The owner was probably restored from a backup ' +
        '(see docs/restore.md), or its table was written directly.',
    );
  }
  const repairable = left.filter(isRepairable);
  if (repairable.length > 0 && !repair)
    lines.push(`to repair the differences: ${typed(`reconcile ${cache} --repair`, options)}`);
  if (repairable.length > 0 && repair) {
    lines.push(
      `the missing events may be parked (see: ${typed(`parked list ${cache}`, options)}) or still on their way: run the ` +
        'command again.',
    );
  }
  return lines;
}
