import { Command } from 'commander';
import { EPOCH_SIZE } from 'freshet-aws/internal/core/entity';
import { compareWithBar } from './compare-with-bar.ts';
import { yesOption } from './confirm.ts';
import { type Differing, describeDiffering, eachOf, stillDiffering } from './differences.ts';
import { EXIT, UsageError } from './errors.ts';
import { inSession, interrupted } from './in-session.ts';
import { burialConfirmed, mend, untilSettled } from './mend.ts';
import { progressBar } from './progress.ts';
import { type CacheSession, type OwnerSession, ownerNamed, type Session } from './session.ts';

interface RestoreOptions {
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** Entities that are lifted at once. */
const LIFTS_AT_ONCE = 16;

/** The wait for the caches is given up when for so long none of them got closer. */
const PATIENCE_MS = 60_000;

/** `freshet restore OWNER`: after the owner's table was restored from a backup. */
export function restoreCommand(): Command {
  return new Command('restore')
    .summary("after a restore of an owner's table from backup: let the caches take it")
    .description(
      'Raises the version of every entity into the new epoch, so that the caches take the restored states, and has the owner delete what caches got ' +
        'after the backup was made. docs/restore.md tells the whole way, of which this is the last step but one.',
    )
    .argument('<owner>', 'owner, such as geography')
    .addOption(yesOption())
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Safe to interrupt and to repeat: what is in the epoch already is left alone. Before the owner deletes what only caches have, it asks.

Exit codes: 0 every cache equals the owner, 1 some don't yet, or something failed, 2 no such owner, or its epoch was not raised since,
130 interrupted.`,
    )
    .action(async (name: string, options: RestoreOptions) => {
      process.exitCode = await inSession((session, signal) => restore(session, name, options, signal));
    });
}

async function restore(session: Session, name: string, options: RestoreOptions, signal: AbortSignal): Promise<number> {
  const { json = false, yes = false } = options;
  const source = ownerNamed(session, name);
  if (source.boundary.epoch === 0) {
    throw new UsageError(
      `epoch: that of ${name} is 0, as if its table had never been restored. Add "epoch: 1" to its contracts (one more after each restore), ` +
        'deploy, then run this again: see docs/restore.md.',
    );
  }
  const types = Object.keys(source.boundary.owns);
  const counts = { lifted: 0, unchanged: 0, buried: 0 };
  for (const type of types) await liftType(source, type, counts, signal);
  const left: string[] = [];
  for (const { cache, type } of keepers(session, types)) {
    if (signal.aborted) break;
    const { buried, differing } = await settle(session, cache, type, yes, signal);
    counts.buried += buried;
    left.push(...differing.map((one) => `${cache.boundary.name}: ${describeDiffering(one)}`));
  }
  if (json) process.stdout.write(`${JSON.stringify({ owner: name, ...counts, left })}\n`);
  else {
    const { lifted, unchanged, buried } = counts;
    process.stdout.write(
      `${name}: ${lifted} lifted into epoch ${source.boundary.epoch}, ${unchanged} there already, ${buried} deleted that it doesn't have\n`,
    );
  }
  if (signal.aborted) return interrupted();
  if (!json) for (const line of left) process.stdout.write(`  ${line}\n`);
  if (left.length > 0) process.stderr.write('run it again, or see: freshet reconcile CACHE\n');
  else if (!json) process.stdout.write('every cache equals it\n');
  return left.length > 0 ? EXIT.failed : EXIT.ok;
}

function keepers(session: Session, types: readonly string[]): { cache: CacheSession; type: string }[] {
  return session.caches.flatMap((cache) =>
    types.filter((type) => Object.hasOwn(cache.boundary.caches, type)).map((type) => ({ cache, type })),
  );
}

async function liftType(
  { owner, boundary }: OwnerSession,
  type: string,
  counts: { lifted: number; unchanged: number },
  signal: AbortSignal,
): Promise<void> {
  const total = await owner.count(type);
  const show = progressBar(total, `of ${type}`);
  const underWay = new Set<Promise<void>>();
  let done = 0;
  try {
    for await (const owned of eachOf((page) => owner.list(type, page))) {
      if (signal.aborted) break;
      const work = (
        owned.version >= boundary.epoch * EPOCH_SIZE ? Promise.resolve('unchanged' as const) : owner.lift(owned)
      )
        .then((outcome) => {
          counts[outcome] += 1;
          done += 1;
          show.update(done, done);
        })
        .finally(() => underWay.delete(work));
      underWay.add(work);
      if (underWay.size >= LIFTS_AT_ONCE) await Promise.race(underWay);
    }
    await Promise.all(underWay);
  } finally {
    show.end();
  }
}

/** What a cache holds above its owner after all is lifted was published in this very epoch, so the table was restored since it was raised. */
async function refuseAhead(
  session: Session,
  cache: CacheSession,
  differing: readonly Differing[],
  signal: AbortSignal,
): Promise<void> {
  const suspected = differing.filter(({ difference }) => difference === 'ahead');
  // What was committed while the lists were read only looks so.
  const ahead = (await stillDiffering(session, cache, suspected, signal)).filter(
    ({ difference }) => difference === 'ahead',
  );
  const [first] = ahead;
  if (first === undefined) return;
  throw new UsageError(
    `epoch: ${ahead.length} entities of ${cache.boundary.name} are ahead of their owner though it is lifted, such as ${describeDiffering(first)}. ` +
      "Raise the epoch in the owner's contracts by one for this restore, deploy, then run this again: see docs/restore.md.",
  );
}

/** Has the owner delete what only the cache has, and waits until the cache equals it. */
async function settle(
  session: Session,
  cache: CacheSession,
  type: string,
  yes: boolean,
  signal: AbortSignal,
): Promise<{ buried: number; differing: readonly Differing[] }> {
  const { differing } = await compareWithBar(session, cache, type, signal);
  await refuseAhead(session, cache, differing, signal);
  const found = differing.filter(({ difference }) => difference === 'unowned');
  const unowned = (await burialConfirmed(found.length, yes, signal)) ? found : [];
  await mend(session, unowned, signal);
  const left = await untilSettled(session, cache, differing, { signal, patienceMs: PATIENCE_MS });
  return { buried: unowned.length, differing: left };
}
