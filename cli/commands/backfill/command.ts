import { Command } from 'commander';
import { entityName } from 'freshet-aws/internal/core/entity';
import { compareType, type Differing } from '../../compare/differences.ts';
import { parkedSince, untilSettled } from '../../compare/repair.ts';
import type { OpenCache } from '../../deployment/deployment.ts';
import { keptTypes } from '../../deployment/names.ts';
import { EXIT } from '../../errors.ts';
import { interrupted } from '../../interrupt.ts';
import type { CommandIo } from '../../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../../options/deployment-options.ts';
import { integerOf } from '../../options/parse.ts';
import { progressBar } from '../../output/progress.ts';
import { typed } from '../../output/typed.ts';
import { inDeployment, type Work } from '../../work.ts';
import { beginning, type Filling, sendAll } from './fill.ts';

interface BackfillOptions extends DeploymentOptions {
  readonly rate: number;
  readonly restart?: boolean;
  readonly json?: boolean;
}

/** How long to wait while no further entity arrives. */
const PATIENCE_MS = 60_000;

/** `freshet backfill CACHE [TYPE]`: fills one cache with the entities of the owners. */
export function backfillCommand(io: CommandIo): Command {
  return withDeploymentOptions(new Command('backfill'))
    .summary('fill one cache with the entities of its owners')
    .description(
      "Sends the owners' current entities, deleted ones included, to the queue of one cache, waits until they " +
        'are in the cache, and marks the cache as ready. Use this command for a new cache, or for a cache that ' +
        'begins to keep another field. The owners can change entities while it runs.',
    )
    .argument('<cache>', 'cache, such as ordering')
    .argument('[type]', 'entity type, such as Country; default: all types that the cache keeps')
    .option('--rate <n>', 'the most events per second', integerOf('--rate', 1, 10_000), 200)
    .option('--restart', 'start from the beginning instead of continuing an interrupted backfill')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
If a backfill is interrupted, run the command again: it continues where it stopped. Readers of the cache see the
progress as empty, filling or ready.
${deploymentHelp(['dynamodb:GetItem', 'dynamodb:Query', 'lambda:InvokeFunction', 'sqs:SendMessage'])}
Exit codes:
  0    the cache is ready
  1    some entities cannot be sent, are parked at the cache or did not arrive, or something failed
  2    the cache or the type is unknown, or the cache began to keep the type less than 15 minutes ago
  130  interrupted`,
    )
    .action(async (cache: string, type: string | undefined, options: BackfillOptions) => {
      io.exitCode = await inDeployment(io, options, (work) => backfill(work, cache, type, options), 'write');
    });
}

/** How the backfill of a type ended, as `--json` prints it. */
interface Filled {
  readonly type: string;
  readonly status: 'ready' | 'filling';
  readonly sent: number;
  /** Entities that can't be sent, each with the reason. */
  readonly unsendable: readonly string[];
  /** Entities whose event is parked or held at the cache. */
  readonly setAside: readonly string[];
  /** Entities that didn't arrive. */
  readonly missing: readonly string[];
}

async function backfill(work: Work, name: string, only: string | undefined, options: BackfillOptions): Promise<number> {
  const { io, deployment, signal } = work;
  const cache = await deployment.cacheNamed(name);
  const types = await keptTypes(deployment, cache, only);
  const all: Filled[] = [];
  for (const type of types) {
    if (signal.aborted) break;
    const filled = await backfillType(work, cache, type, options);
    all.push(filled);
    if (!options.json) io.stdout.write(`${name}: ${describe(name, filled, signal.aborted, options)}\n`);
  }
  if (options.json) io.stdout.write(`${JSON.stringify({ cache: name, types: all })}\n`);
  if (signal.aborted) return interrupted(io);
  const hasTrouble = all.some(
    ({ unsendable, setAside, missing }) => unsendable.length + setAside.length + missing.length > 0,
  );
  return hasTrouble ? EXIT.failed : EXIT.ok;
}

async function backfillType(
  work: Work,
  cache: OpenCache,
  type: string,
  { rate, restart = false }: BackfillOptions,
): Promise<Filled> {
  const { io, deployment, signal } = work;
  const source = await deployment.ownerOf(type);
  const state = beginning(await cache.reader.readiness(type), restart, new Date().toISOString());
  if (state.sent > 0)
    io.stderr.write(`${type}: continuing the backfill of ${state.startedAt} after ${state.sent} events\n`);
  await cache.repair.noteReadiness(type, state);
  const unsendable: string[] = [];
  const show = progressBar(io, await source.owner.count(type), `${type} entities sent`);
  const fill = {
    source,
    cache,
    type,
    rate,
    signal,
    onProgress: (count: number) => show.update(count, count),
    onUnsendable(entity: string, why: string) {
      unsendable.push(`${entity}: ${why}`);
      show.note(`${entity} can't be sent: ${why}`);
    },
  };
  try {
    const sent = await sendAll(fill, state);
    show.end();
    if (signal.aborted) return { type, status: 'filling', sent: sent.sent, unsendable, setAside: [], missing: [] };
    return await arrive(work, cache, type, sent, unsendable);
  } finally {
    show.end();
  }
}

/** Waits until the sent entities have arrived, and marks the cache as ready. */
async function arrive(
  { io, deployment, signal }: Work,
  cache: OpenCache,
  type: string,
  { sent, startedAt }: Filling,
  unsendable: readonly string[],
): Promise<Filled> {
  const { differing } = await compareType(deployment, cache, type, { signal, graceMs: 0 });
  const unsent = new Set(unsendable.map((one) => one.slice(0, one.indexOf(': '))));
  const awaited = differing.filter(
    ({ difference, entity }) => !['ahead', 'unowned'].includes(difference) && !unsent.has(entityName(entity)),
  );
  const parked = new Set<Differing>();
  const show = progressBar(io, awaited.length, 'entities arrived');
  const left = await untilSettled(deployment, cache, awaited, {
    signal,
    patienceMs: PATIENCE_MS,
    onLeft: (count) => show.update(awaited.length - count, awaited.length - count),
    hopeless: async (waiting) => {
      const lost = await parkedSince(cache, waiting, Date.parse(startedAt));
      for (const one of lost) parked.add(one);
      return lost;
    },
  }).finally(() => show.end());
  const names = (some: Iterable<Differing>) => [...some].map(({ entity }) => entityName(entity));
  const missing = names(left.filter((one) => !parked.has(one)));
  const ready = !signal.aborted && missing.length === 0;
  if (ready) await cache.repair.noteReadiness(type, { status: 'ready', readyAt: new Date().toISOString(), sent });
  return { type, status: ready ? 'ready' : 'filling', sent, unsendable, setAside: names(parked), missing };
}

function describe(
  cache: string,
  { type, status, sent, setAside, missing, unsendable }: Filled,
  aborted: boolean,
  on: DeploymentOptions,
): string {
  const some = (names: readonly string[]) =>
    `${names.slice(0, 5).join(', ')}${names.length > 5 ? `, and ${names.length - 5} more` : ''}`;
  const parts = [`${type} is ${status === 'ready' ? 'ready' : 'not ready yet'}, ${sent} sent`];
  if (unsendable.length > 0) parts.push(`${unsendable.length} can't be sent`);
  if (setAside.length > 0) {
    parts.push(`${setAside.length} parked (${typed(`parked list ${cache}`, on)}): ${some(setAside)}`);
  }
  if (missing.length > 0 && !aborted) {
    parts.push(
      `${missing.length} didn't arrive: ${some(missing)}; run the command again to wait longer, or ` +
        'with --restart to send all entities again',
    );
  }
  return parts.join('; ');
}
