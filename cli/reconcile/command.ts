import { Command } from 'commander';
import { DIFFERENCES, type Difference } from 'freshet-aws/internal/core/repair/compare';
import { compareWithBar } from '../compare-with-bar.ts';
import { yesOption } from '../confirm.ts';
import { type Differing, describeDiffering } from '../differences.ts';
import { EXIT } from '../errors.ts';
import { inSession, interrupted } from '../in-session.ts';
import { burialConfirmed, isMendable, mend, untilSettled } from '../mend.ts';
import { type CacheSession, cacheNamed, keptTypes, type Session } from '../session.ts';

interface ReconcileOptions {
  readonly repair?: boolean;
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** A repair is given up when for so long nothing got better. */
const PATIENCE_MS = 30_000;

/** `freshet reconcile CACHE [TYPE]`: compares a cache with its owners. */
export function reconcileCommand(): Command {
  return new Command('reconcile')
    .summary('compare a cache with its owners, and repair what differs')
    .description(
      'Compares every entity of a cache with its owner, both ways: version, digest and the fields that the cache keeps. Reports what is missing, ' +
        'behind, ahead, different, and unowned (in the cache, but unknown to the owner).',
    )
    .argument('<cache>', 'cache, such as ordering')
    .argument('[type]', 'entity type, such as Country; default all that the cache keeps')
    .option(
      '--repair',
      "publish just those once more, have the owner delete what it doesn't know, and wait until they are equal",
    )
    .addOption(yesOption())
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
A deletion that the cache has forgotten in the meantime is equal. What is ahead, or at the same version with another state, is not repaired: see
docs/restore.md. Before owners are made to delete what they don't know, --repair asks.

Exit codes: 0 all equal, with --repair in the end, 1 something differs or failed, 2 no such cache or type, 130 interrupted.`,
    )
    .action(async (cache: string, type: string | undefined, options: ReconcileOptions) => {
      process.exitCode = await inSession((session, signal) => reconcile(session, cache, type, options, signal));
    });
}

async function reconcile(
  session: Session,
  name: string,
  only: string | undefined,
  options: ReconcileOptions,
  signal: AbortSignal,
): Promise<number> {
  const cache = cacheNamed(session, name);
  const types = keptTypes(session, cache, only);
  const counts: Record<string, Counts> = {};
  const differing: Differing[] = [];
  for (const type of types) {
    if (signal.aborted) break;
    const result = await compareWithBar(session, cache, type, signal);
    counts[type] = countsOf(result.equal, result.differing);
    differing.push(...result.differing);
    if (!options.json) tell(name, type, counts[type], result.differing);
  }
  if (signal.aborted) return interrupted();
  const left = options.repair ? await repair(session, cache, differing, signal, options) : differing;
  if (options.json) {
    const report = { cache: name, types: counts, differences: differing.map(asJson) };
    process.stdout.write(`${JSON.stringify({ ...report, ...(options.repair && { left: left.map(asJson) }) })}\n`);
  }
  if (signal.aborted) return interrupted();
  for (const line of advice(left, name, options)) process.stderr.write(`${line}\n`);
  return left.length > 0 ? EXIT.failed : EXIT.ok;
}

/** Mends what can be, waits until it is, and returns what still differs. */
async function repair(
  session: Session,
  cache: CacheSession,
  differing: readonly Differing[],
  signal: AbortSignal,
  { json: quiet = false, yes = false }: ReconcileOptions,
): Promise<Differing[]> {
  const unowned = differing.filter((one) => one.difference === 'unowned' && isMendable(one)).length;
  const buries = await burialConfirmed(unowned, yes, signal);
  const isMended = (one: Differing) => isMendable(one) && (buries || one.difference !== 'unowned');
  const mendable = differing.filter(isMended);
  await mend(session, mendable, signal);
  const left = await untilSettled(session, cache, mendable, { signal, patienceMs: PATIENCE_MS });
  if (!quiet && !signal.aborted) {
    process.stdout.write(`${mendable.length - left.length} of ${differing.length} differences repaired\n`);
    for (const one of left) process.stdout.write(`  still: ${describeDiffering(one)}\n`);
    if (mendable.length === differing.length && left.length === 0) {
      process.stdout.write(`${cache.boundary.name} equals its owners\n`);
    }
  }
  return [...differing.filter((one) => !isMended(one)), ...left];
}

type Counts = Readonly<Record<'equal' | Difference, number>>;

function countsOf(equal: number, differing: readonly Differing[]): Counts {
  const counts = { equal, missing: 0, behind: 0, ahead: 0, different: 0, unowned: 0 };
  for (const { difference } of differing) counts[difference] += 1;
  return counts;
}

function tell(cache: string, type: string, counts: Counts, differing: readonly Differing[]): void {
  const found = DIFFERENCES.filter((one) => counts[one] > 0).map((one) => `${counts[one]} ${one}`);
  process.stdout.write(`${cache} ${type}: ${[`${counts.equal} equal`, ...found].join(', ')}\n`);
  for (const one of differing) process.stdout.write(`  ${describeDiffering(one)}\n`);
}

function asJson({ entity, difference, ownerVersion, cacheVersion, stopped }: Differing): object {
  return { ...entity, difference, ownerVersion: ownerVersion ?? null, cacheVersion: cacheVersion ?? null, stopped };
}

/** What a person can do about what is left. */
function advice(left: readonly Differing[], cache: string, { repair }: ReconcileOptions): string[] {
  const lines: string[] = [];
  if (left.some(({ stopped }) => stopped)) lines.push(`what is stopped goes on with: freshet release ${cache} TYPE ID`);
  if (left.some((one) => !one.stopped && !isMendable(one))) {
    lines.push(
      'ahead and different: the owner was probably restored from a backup (docs/restore.md), or was written past its interface.',
    );
  }
  const mendable = left.filter(isMendable);
  if (mendable.length > 0 && !repair) lines.push(`to repair them: freshet reconcile ${cache} --repair`);
  if (mendable.length > 0 && repair) {
    lines.push(
      `what did not become equal may be set aside (freshet parked list ${cache}) or still on its way: run it again.`,
    );
  }
  return lines;
}
